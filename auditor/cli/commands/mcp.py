"""``sentinel-ops mcp``: serve assistants."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from auditor.cli.context import App, common_options, pass_app
from auditor.errors import BadInput
from auditor.installing import install_extra

if TYPE_CHECKING:
    from auditor.adapters.mcp.door import Door
    from auditor.adapters.mcp.server import Server

_NEEDED = frozenset({"anyio", "mcp", "mcp_types", "starlette", "uvicorn"})


@click.command(
    epilog="""\b
Examples:
  sentinel-ops mcp --config                  what to put into a client's settings
  sentinel-ops mcp                           over a pipe; clients start it themselves
  sentinel-ops mcp --http --port 8765        over HTTP, for this machine only
  SENTINEL_MCP_TOKEN=... sentinel-ops mcp --http --host 0.0.0.0

\b
Assistants may look, plan and simulate. They may carry out a plan, by its hash,
only with SENTINEL_MCP_ALLOW_APPLY=1; who has to approve is up to Odoo.
"""
)
@click.option("--http", "over_http", is_flag=True, help="Serve over HTTP instead of a pipe.")
@click.option("--host", default="127.0.0.1", show_default=True, help="With --http: where.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="With --http: where; 0 takes a free one.",
)
@click.option("--config", "show_config", is_flag=True, help="Print a client's settings and end.")
@common_options
@pass_app
def command(app: App, over_http: bool, host: str, port: int, show_config: bool) -> None:
    """Serve assistants over the Model Context Protocol."""
    if show_config:
        app.print_json(_client_settings(app))
        return
    door, server = _build(app)
    from auditor.adapters.mcp import serving

    if over_http:
        serving.serve_http(
            server,
            door,
            host=host,
            port=port,
            ready=lambda address: click.echo(f"Assistants are served at {address}", err=True),
        )
        return
    if sys.stdin.isatty():
        click.echo(
            "Waiting for an assistant's program on standard input; `sentinel-ops mcp --config` "
            "prints what such a program wants to know. Ctrl-D ends.",
            err=True,
        )
    serving.serve_pipe(server)


def _build(app: App) -> tuple[Door, Server]:
    try:
        from auditor.adapters.mcp.door import Door
        from auditor.adapters.mcp.server import build
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in _NEEDED:
            raise
        raise BadInput(
            "Serving assistants needs the library mcp, release 2 or newer, which is not installed.",
            install_extra("mcp"),
        ) from error
    door = Door(app.settings)
    return door, build(door)


def _client_settings(app: App) -> dict[str, object]:
    """Return the block that most clients take; secrets are for the reader to fill in."""
    from auditor.origins import shown

    settings = app.settings
    url = shown(settings, "odoo_url")
    if url != (settings.odoo_url or ""):
        click.echo("This is ODOO_URL without its login; put it back where you need it.", err=True)
    env = {
        "ODOO_URL": url or "https://odoo.example.com",
        "ODOO_DB": settings.odoo_db or "my-database",
        "ODOO_USERNAME": settings.odoo_username or "assistant",
        "ODOO_PASSWORD": "an API key of that user",
    }
    if "sentinel_store" in settings.model_fields_set:
        env["SENTINEL_STORE"] = settings.store_name
    # Clients start it from elsewhere, with another PATH.
    python = os.path.abspath(sys.executable)  # noqa: PTH100  resolving would leave the environment
    server = {"command": python, "args": ["-m", "auditor", "mcp"], "env": env}
    return {"mcpServers": {"sentinel-ops": server}}
