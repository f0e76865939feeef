"""``sentinel-ops pause``."""

from __future__ import annotations

import click

from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.cli.exits import Exit


@click.command(
    epilog="""\b
Examples:
  sentinel-ops pause clean_old_orders --reason "prices are being changed"

\b
Needs a Sentinel manager. Dry runs go on. sentinel-ops resume lets it act again.
"""
)
@click.argument("job", metavar="JOB")
@click.option("--reason", required=True, help="Why; kept in the history.")
@json_option
@common_options
@pass_app
def command(app: App, job: str, reason: str) -> Exit:
    """Pause JOB: its live runs stop before their next batch, and new ones do not act."""
    from auditor.cli.order import order

    client = app.client()

    def call() -> dict[str, object]:
        client.pause(job, reason=reason)
        return {"job": job, "paused": True, "reason": reason}

    return order(
        app,
        call,
        lambda _done: f"The job {job} is paused: no live run of it acts until sentinel-ops resume.",
    )
