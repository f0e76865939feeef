"""Do the clocks here and in Odoo agree?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

from auditor.doctor.finding import CannotTell, Finding, fail, ok, warn
from auditor.doctor.subject import Subject

CLOSE, FAR = 30.0, 300.0
"""Seconds: up to the first they agree, from the second on missed schedules and ends are wrong."""
REMEDY = "Let both machines take their time from the network (NTP)."


def check(subject: Subject) -> Iterator[Finding]:
    """Compare what Odoo says with the time between question and answer."""
    told = subject.known_health.now
    try:
        there = datetime.strptime(told, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError:
        raise CannotTell("Odoo does not say how late it is.", "Upgrade the addon.") from None
    before, after = subject.asked_at
    # Odoo tells whole seconds, and its moment lies anywhere between the two of ours.
    first, last = there.timestamp(), there.timestamp() + 1
    away = max(first - after, before - last, 0.0)
    ahead = first > after
    seconds = round(away, 1)
    if away < CLOSE:
        yield ok("The clocks here and in Odoo agree.", seconds=seconds)
        return
    said = f"Odoo's clock is {away:.0f} seconds {'ahead of' if ahead else 'behind'} ours."
    yield (warn if away < FAR else fail)(said, REMEDY, seconds=seconds)
