"""``sentinel-ops resume``."""

from __future__ import annotations

import click

from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.cli.exits import Exit


@click.command(
    epilog="""\b
Examples:
  sentinel-ops resume clean_old_orders --reason "prices are done"

\b
Needs a Sentinel manager. Runs that were stopped meanwhile stay stopped: start new ones.
"""
)
@click.argument("job", metavar="JOB")
@click.option("--reason", required=True, help="Why; kept in the history.")
@json_option
@common_options
@pass_app
def command(app: App, job: str, reason: str) -> Exit:
    """Let the paused JOB act again."""
    from auditor.cli.order import order

    client = app.client()

    def call() -> dict[str, object]:
        client.resume(job, reason=reason)
        return {"job": job, "paused": False, "reason": reason}

    return order(app, call, lambda _done: f"The job {job} may act again.")
