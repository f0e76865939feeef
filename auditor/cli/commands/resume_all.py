"""``sentinel-ops resume-all``."""

from __future__ import annotations

import click

from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.cli.exits import Exit


@click.command(
    "resume-all",
    epilog="""\b
Examples:
  sentinel-ops resume-all --reason "mails are right again"

\b
Needs the right Emergency stop. Runs that were stopped stay stopped: start new ones.
""",
)
@click.option("--reason", required=True, help="Why; kept in the history.")
@json_option
@common_options
@pass_app
def command(app: App, reason: str) -> Exit:
    """Lift the stop of everything."""
    from auditor.cli.order import order

    client = app.client()

    def call() -> dict[str, object]:
        client.resume_all(reason=reason)
        return {"stopped": False, "reason": reason}

    return order(app, call, lambda _done: "Live runs may act again.")
