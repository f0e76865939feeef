"""``sentinel-ops alerts``: what people are told of, and whether they are."""

from __future__ import annotations

import click

from auditor.cli.alerting.checking import check
from auditor.cli.alerting.closing import close
from auditor.cli.alerting.listing import list_
from auditor.cli.alerting.silences import silence, silences, unsilence
from auditor.cli.alerting.trying import preview, test
from auditor.cli.context import common_options


@click.group(
    epilog="""\b
Examples:
  sentinel-ops alerts list
  sentinel-ops alerts check          judge now, send nothing
  sentinel-ops alerts silence --for 4h --matcher job=clean_old_orders \\
      --comment "The warehouse moves today"
  sentinel-ops alerts silences
  sentinel-ops alerts test slack     send a test message
  sentinel-ops alerts preview        see what messages look like

\b
People are told after each sentinel-ops pull, and by pull --follow. Which
channels there are is set in the environment, who gets what in the file that
SENTINEL_ALERTS names; see docs/alerts.md and alerts.toml.example.
"""
)
@common_options
def command() -> None:
    """See, silence and try out what people are told of."""


for each in (list_, check, silence, silences, unsilence, close, test, preview):
    command.add_command(each)
