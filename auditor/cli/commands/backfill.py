"""``sentinel-ops backfill``: ``reconcile --repair`` for a period that must be named."""

from __future__ import annotations

import click

from auditor.cli.commands.reconcile import compare
from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.cli.exits import Exit


@click.command(
    epilog="""\b
Examples:
  sentinel-ops backfill --since 2026-11-01 --until 2026-11-30

\b
The same as reconcile --repair for these days, both included.
"""
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), required=True, metavar="DAY")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, metavar="DAY")
@json_option
@common_options
@pass_app
def command(app: App, since: object, until: object) -> Exit:
    """Refill the days of a period in the store from Odoo."""
    return compare(app, since, until, repair=True)
