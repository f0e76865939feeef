"""``sentinel-ops health``."""

from __future__ import annotations

import click

from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.cli.exits import Exit


@click.command(
    epilog="""\b
Examples:
  sentinel-ops health
  sentinel-ops health --json

\b
Exit code 0 when all is well, 1 when Odoo reports a problem.
"""
)
@json_option
@common_options
@pass_app
def command(app: App) -> Exit:
    """Ask Odoo whether Sentinel-Ops is able to work, and what is in its way."""
    connection = app.settings.connection()
    health = app.client().health()
    code = Exit.DONE if health.ok else Exit.ENDED_BADLY
    if app.as_json:
        app.print_json(health.model_dump(mode="json"))
        return code
    from auditor.cli.render import sentence

    mark, style = ("✓ All is well", "green") if health.ok else ("✗ Something is wrong", "red")
    app.out.print(sentence(f"{mark} with Sentinel-Ops in {health.database}.", style))
    app.out.print(
        sentence(
            f"{connection.shown_url}, Odoo {health.odoo_version}, addon {health.addon_version}, "
            f"chain {health.chain}",
            "dim",
        )
    )
    if health.head not in ("", "0"):
        app.out.print(
            sentence(f"The chain ends at position {health.head}, seal {health.head_seal}", "dim"),
            soft_wrap=True,
        )
    waiting = f" (the oldest for {health.oldest_queued_seconds} s)" if health.queued else ""
    app.out.print(sentence(f"Runs queued: {health.queued}{waiting}, running: {health.running}."))
    for problem in health.problems:
        app.out.print(sentence(f"✗ {problem.message}", "red"))
        if problem.remedy:
            app.out.print(sentence(f"  {problem.remedy}"))
    return code
