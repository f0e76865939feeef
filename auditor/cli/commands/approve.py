"""``sentinel-ops approve``."""

from __future__ import annotations

import click

from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.cli.exits import Exit


@click.command(
    epilog="""\b
Examples:
  sentinel-ops approve 3f1c9a52-0d5e-4b8f-9f55-0a4c8a3d2b11
  sentinel-ops approve 3f1c9a52-0d5e-4b8f-9f55-0a4c8a3d2b11 --comment "seen with sales"

\b
RUN is the uid of a plan, or of a live run that waits. The decision is bound to the
plan's hash. Odoo refuses who asked for it, the user it runs as, and who last changed
the job or its policy; and everybody but people in the browser, unless the job's
approval policy allows keys.
"""
)
@click.argument("run", metavar="RUN")
@click.option("--comment", default="", help="For the trail.")
@json_option
@common_options
@pass_app
def command(app: App, run: str, comment: str) -> Exit:
    """Approve the plan RUN, or the plan of the live run RUN that waits for approval."""
    from auditor.cli.decide import decide

    return decide(app, run, lambda client: client.approve(run, comment=comment), "Approved")
