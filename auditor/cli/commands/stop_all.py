"""``sentinel-ops stop-all``."""

from __future__ import annotations

import click

from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.cli.exits import Exit


@click.command(
    "stop-all",
    epilog="""\b
Examples:
  sentinel-ops stop-all --reason "customers get wrong mails"

\b
Needs the right Emergency stop. Dry runs go on. It stands until sentinel-ops resume-all.
""",
)
@click.option("--reason", required=True, help="Why; kept in the history.")
@json_option
@common_options
@pass_app
def command(app: App, reason: str) -> Exit:
    """Stop every live run and simulation in Odoo before its next batch; no new one acts."""
    from auditor.cli.order import order

    client = app.client()

    def call() -> dict[str, object]:
        client.stop_all(reason=reason)
        return {"stopped": True, "reason": reason}

    return order(
        app,
        call,
        lambda _done: "Everything is stopped: nothing live acts until sentinel-ops resume-all.",
    )
