"""``sentinel-ops cancel``."""

from __future__ import annotations

import click

from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.cli.exits import Exit


@click.command(
    epilog="""\b
Examples:
  sentinel-ops cancel 3f1c9a52-0d5e-4b8f-9f55-0a4c8a3d2b11 --reason "wrong filter"

\b
What was changed stays changed and has its lines; the rest is not attempted. Needs
an operator. A run in a mode that only reads may be cancelled, too.
"""
)
@click.argument("run", metavar="RUN")
@click.option("--reason", required=True, help="Why; kept in the trail.")
@json_option
@common_options
@pass_app
def command(app: App, run: str, reason: str) -> Exit:
    """Stop the run RUN, by its uid: before it starts, or before its next batch."""
    from auditor.cli.order import order
    from auditor.cli.waiting import look_again

    client = app.client()
    return order(
        app,
        lambda: client.cancel(run, reason=reason).model_dump(mode="json"),
        lambda cancelled: f"The run {cancelled['uid']} stops before its next batch.",
        hint=f"How it ended: {look_again(run)}",
    )
