"""``sentinel-ops reconcile``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.cli.exits import Exit, NotYet

if TYPE_CHECKING:
    from auditor.trail.reconcile import Reconciled


@click.command(
    epilog="""\b
Examples:
  sentinel-ops reconcile                                  everything, compare only
  sentinel-ops reconcile --since 2026-11-01
  sentinel-ops reconcile --since 2026-11-01 --until 2026-11-30 --repair

\b
Days are UTC, those on which the entries were sealed. Only what fits the seals
up to the head of the store is taken from Odoo. Exit code 0 when all is equal,
or was repaired; 6 when something differs.
"""
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), default=None, metavar="DAY")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), default=None, metavar="DAY")
@click.option("--repair", is_flag=True, help="Refill from Odoo what differs.")
@json_option
@common_options
@pass_app
def command(app: App, since: object, until: object, repair: bool) -> Exit:
    """Compare the store with Odoo, day by day, and refill what differs (--repair)."""
    return compare(app, since, until, repair=repair)


def compare(app: App, since: object, until: object, *, repair: bool) -> Exit:
    """Reconcile a period and print what was found."""
    from auditor.stores.opening import open_store
    from auditor.trail.reconcile import EVER, reconcile

    client = app.client()
    chain = client.health().chain
    with open_store(app.settings, create=False) as store:
        if not store.head(chain).position:
            raise NotYet(
                f"The store has nothing of the chain {chain}, which Odoo has now: there was "
                "nothing to compare.",
                "sentinel-ops pull copies it.",
            )
        result = reconcile(
            client,
            store,
            chain,
            since=str(since)[:10] if since else EVER[0],
            until=str(until)[:10] if until else EVER[1],
            repair=repair,
        )
    left = result.differing - result.repaired
    if app.as_json:
        app.print_json(
            {
                "chain": chain,
                "position": str(result.head.position),
                "beyond": result.beyond,
                "differing": result.differing,
                "repaired": result.repaired,
                "days": [
                    {
                        "day": day.day,
                        "entries": day.entries,
                        "lines": day.lines,
                        "differing": [str(place) for place in day.places],
                    }
                    for day in result.days
                ],
            }
        )
    else:
        _say(app, result, left)
    return Exit.BROKEN_TRAIL if left else Exit.DONE


def _say(app: App, result: Reconciled, left: int) -> None:
    from auditor.cli.render import sentence, table
    from auditor.cli.text import plural

    made = table("Day", "Entries", "Lines", "", right=["Entries", "Lines"])
    for day in result.days:
        places = ", ".join(str(place) for place in day.places[:10])
        more = f" and {len(day.places) - 10:,} more" if len(day.places) > 10 else ""
        made.add_row(
            day.day,
            f"{day.entries:,}",
            f"{day.lines:,}",
            sentence(f"✗ differs at position {places}{more}", "red")
            if places
            else sentence("✓ as in Odoo", "green"),
        )
    app.out.print(made)
    if result.repaired:
        app.out.print(sentence(f"✓ {plural(result.repaired, 'place')} refilled.", "green"))
    if left:
        app.out.print(sentence(f"✗ {plural(left, 'place')} not as sealed.", "red"))
        app.out.print(sentence("  --repair refills them from Odoo, as far as Odoo still has them."))
    if result.beyond:
        app.out.print(
            sentence(
                f"Odoo has {plural(result.beyond, 'entry', 'entries')} more; sentinel-ops pull "
                "brings them."
            )
        )
