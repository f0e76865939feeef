"""The password or key by which the auditor gets in, when its end is near."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.alerts.events.facts import Facts, key, moment
from auditor.alerts.judging import Observation
from auditor.alerts.kinds import KEY_EXPIRING
from auditor.alerts.notification import Severity
from auditor.alerts.spans import NEVER, say_span

if TYPE_CHECKING:
    from auditor.odoo.watching import Watched

URGENT = timedelta(days=2)


def observe(watch: Watched, known: Collection[str], facts: Facts) -> list[Observation]:
    """Return whether the key is about to expire."""
    place = key(KEY_EXPIRING)
    now = moment(watch.now) or facts.now
    ends = moment(watch.key.expires_at)
    within = facts.rules.key_expires_within
    if ends is None or within == NEVER or ends - now > within:
        over = Observation(place, facts.now, None, "Another key is in use.")
        return [over] if place in known else []
    left = f"expires in {say_span(ends - now)}" if ends > now else "has expired"
    alert = facts.alert(
        KEY_EXPIRING,
        f"The key by which the auditor gets into Odoo {left}. Make a new one in Odoo (My "
        "Preferences > Security > Add API Key) and put it where the old one is.",
        key=place,
        since=ends - within,
        details=(("Expires", f"{watch.key.expires_at} UTC"),),
        severity=Severity.CRITICAL if ends - now <= URGENT else None,
    )
    return [Observation(place, facts.now, alert)]
