"""Serve: over a pipe to one client, or over HTTP without sessions.

Over a pipe the standard output belongs to the protocol. Logs go to stderr, always.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio
from mcp.server.transport_security import TransportSecuritySettings
from starlette.responses import JSONResponse

from auditor.errors import BadInput

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from auditor.adapters.mcp.door import Door
    from auditor.adapters.mcp.server import Server

PATH = "/mcp"
LARGEST_REQUEST = 256 * 1024
"""Bytes; the longest call is some thousand."""
MOST_AT_ONCE = 64
SHORTEST_TOKEN = 16
HOW_TO_MAKE_ONE = "python -c 'import secrets; print(secrets.token_urlsafe(32))'"


def serve_pipe(server: Server) -> None:
    """Serve one client over standard input and output until it hangs up."""
    log_to_stderr()
    anyio.run(server.run_stdio_async)


def serve_http(
    server: Server, door: Door, *, host: str, port: int, ready: Callable[[str], None]
) -> None:
    """Serve over HTTP until told to stop.

    :param port: 0 takes a free one.
    :param ready: is told the address as soon as it can be connected to.
    :raises BadInput: without a token where one is needed, or the port can't be had.
    """
    check_token(door, host)
    log_to_stderr()
    import uvicorn

    with _listening(host, port) as listening:
        config = uvicorn.Config(
            http_app(server, door, host=host),
            log_config=None,
            access_log=False,
            limit_concurrency=MOST_AT_ONCE,
            timeout_graceful_shutdown=5,
            server_header=False,
        )
        bound_host, bound_port = listening.getsockname()[:2]
        shown = f"[{bound_host}]" if ":" in bound_host else bound_host
        ready(f"http://{shown}:{bound_port}{PATH}")
        uvicorn.Server(config).run(sockets=[listening])


def check_token(door: Door, host: str) -> None:
    """Refuse to serve whom nobody asked who they are.

    :raises BadInput: beyond this machine, or where plans may be carried out, without a token.
    """
    token = door.settings.sentinel_mcp_token
    remedy = f"Set SENTINEL_MCP_TOKEN, for example to what this prints: {HOW_TO_MAKE_ONE}"
    if token is not None:
        if len(token.get_secret_value()) < SHORTEST_TOKEN:
            raise BadInput(
                f"SENTINEL_MCP_TOKEN is shorter than {SHORTEST_TOKEN} characters.", remedy
            )
        return
    if not is_loopback(host):
        raise BadInput(f"Without a token everybody who reaches {host} could use Odoo.", remedy)
    if door.may_apply:
        raise BadInput(
            "SENTINEL_MCP_ALLOW_APPLY is on and SENTINEL_MCP_TOKEN is not set: every program on "
            "this machine could change records.",
            remedy,
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def http_app(server: Server, door: Door, *, host: str) -> ASGIApp:
    """Return the ASGI application: ``POST /mcp``, and ``GET /health``, which says it is up."""

    async def health(_request: Request) -> JSONResponse:
        return JSONResponse({"serving": True})

    route: Callable[[object], object] = server.custom_route("/health", methods=["GET"])
    route(health)
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        json_response=True,
        max_request_body_size=LARGEST_REQUEST,
        # On loopback the library's own: only local names, so that no web page gets through by a
        # name that it turned to 127.0.0.1. Elsewhere the names are not known here, and a page has
        # no token to send.
        transport_security=None
        if is_loopback(host)
        else TransportSecuritySettings(enable_dns_rebinding_protection=False),
        host="127.0.0.1" if is_loopback(host) else host,
    )
    token = door.settings.sentinel_mcp_token
    return app if token is None else Guarded(app, token.get_secret_value())


class Guarded:
    """An application behind a bearer token, but for ``/health``."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on if it knows the token; see the ASGI specification."""
        if scope["type"] == "http" and scope["path"] != "/health":
            given = [value for name, value in scope["headers"] if name == b"authorization"]
            if len(given) != 1 or not hmac.compare_digest(given[0], self._expected):
                answer = JSONResponse(
                    {
                        "error": {
                            "kind": "Refused",
                            "message": "The bearer token is missing or wrong.",
                            "remedy": "Send 'Authorization: Bearer ...' with SENTINEL_MCP_TOKEN.",
                        }
                    },
                    status_code=401,
                    headers={"WWW-Authenticate": 'Bearer realm="sentinel-ops"'},
                )
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
    except (OSError, OverflowError) as error:
        raise BadInput(
            f"Cannot listen at {host}, port {port}: {getattr(error, 'strerror', None) or error}.",
            "Is another program there? --port names another one, 0 takes a free one.",
        ) from None


def log_to_stderr() -> None:
    """Send what the libraries have to warn of where the auditor's own log goes, masked as it is."""
    own = logging.getLogger("auditor")
    for name in ("mcp", "uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers[:] = own.handlers
        logger.setLevel(logging.WARNING)
        logger.propagate = False
