"""``sentinel-ops deny``."""

from __future__ import annotations

import click

from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.cli.exits import Exit


@click.command(
    epilog="""\b
Examples:
  sentinel-ops deny 3f1c9a52-0d5e-4b8f-9f55-0a4c8a3d2b11 --comment "wrong customers"

\b
RUN is the uid of a plan, or of a live run that waits; such a run ends without having
changed anything. Who may decide is as for approve.
"""
)
@click.argument("run", metavar="RUN")
@click.option("--comment", required=True, help="Why; kept in the trail.")
@json_option
@common_options
@pass_app
def command(app: App, run: str, comment: str) -> Exit:
    """Deny the plan RUN, or the plan of the live run RUN that waits for approval."""
    from auditor.cli.decide import decide

    return decide(app, run, lambda client: client.deny(run, comment=comment), "Denied")
