"""From what was seen to what counts: N times before, M times after, coming and going damped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from auditor.alerts.kinds import RANK
from auditor.alerts.notification import Alert, Status
from auditor.alerts.state import Known

if TYPE_CHECKING:
    from auditor.alerts.rules import Flapping, Rules

_KEPT_FLIPS = 20


@dataclass(frozen=True)
class Observation:
    """One look at one trouble.

    :param alert: as it is now, None when it is over or was not there.
    :param ending: what is said of it when it is over, ``""`` for nothing in particular.
    :param least: how often in a row it must be seen at least, whatever the rules say of its kind.
    """

    key: str
    at: datetime
    alert: Alert | None
    ending: str = ""
    least: int = 1


def judge(known: Known | None, seen: Observation, rules: Rules) -> Known | None:
    """Return what is known after one more look, None when there is nothing to remember."""
    if seen.alert is not None:
        return _bad(known, seen.alert, seen.at, max(seen.least, rules.failures(seen.alert.kind)))
    if known is None:
        return None
    known = replace(known, bad=0, good=known.good + 1, ending=seen.ending or known.ending)
    return settle(known, seen.at, rules)


def _bad(known: Known | None, alert: Alert, at: datetime, least: int) -> Known:
    bad = known.bad + 1 if known else 1
    flips = known.flips if known else ()
    active = known is not None and known.active
    since = alert.since
    if known is not None and bad > 1:
        since = min(since, known.alert.since)
    if known is not None and active:
        since = known.alert.since
        alert = replace(alert, changed=alert.changed or _changed(known.alert, alert))
    elif bad >= least:
        active = True
        flips = (*flips, at)[-_KEPT_FLIPS:]
    # Who was not yet told how the last one ended may hear of it while the next one begins.
    ending = known.ending if known is not None and not active else ""
    alert = replace(alert, since=since, status=Status.FIRING)
    return Known(alert, active, bad, 0, at, None, flips, ending)


def settle(known: Known, now: datetime, rules: Rules) -> Known:
    """Return ``known``, ended if it was seen to be over often enough, and long enough."""
    if not known.active or known.bad or known.good < rules.successes(known.alert.kind):
        return known
    if flapping(known, now, rules.flapping) and now - known.seen_at < rules.flapping.quiet:
        return known
    return replace(
        known,
        alert=replace(known.alert, status=Status.RESOLVED, changed=known.ending),
        active=False,
        ended_at=now,
        flips=(*known.flips, now)[-_KEPT_FLIPS:],
    )


def flapping(known: Known, now: datetime, rules: Flapping) -> bool:
    """Whether it came and went too often lately to be believed over at once."""
    return sum(now - flip < rules.within for flip in known.flips) >= rules.changes


def forgotten(known: Known, now: datetime, rules: Rules) -> bool:
    """Whether nothing of it is needed any more; that everybody was told is for others to say."""
    return not known.active and known.bad == 0 and now - known.seen_at >= rules.flapping.within * 2


def _changed(before: Alert, after: Alert) -> str:
    if RANK[after.severity] < RANK[before.severity]:
        return f"now {after.severity.value}, was {before.severity.value}"
    if before.total != after.total:
        return f"{after.total:,} records, {before.total:,} before"
    return ""
