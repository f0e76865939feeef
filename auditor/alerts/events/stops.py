"""The kill switch: who stopped everything, or one job, and why; and that it was lifted.

Odoo says what is stopped right now. Of an Odoo that does not, the trail tells when stops were set
and lifted; it knows a job by its name alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from auditor.alerts.events.facts import Facts, clean, key, moment
from auditor.alerts.judging import Observation
from auditor.alerts.kinds import KILL_SWITCH
from auditor.alerts.notification import Severity

if TYPE_CHECKING:
    from auditor.alerts.notification import Alert
    from auditor.odoo.watching import Stop, Watched

EVERYTHING = "all"
MODEL = "sentinel.stop"
_TRAIL = key(KILL_SWITCH, "stop", "")


def observe(watch: Watched, known: Mapping[str, Alert], facts: Facts) -> list[Observation]:
    """Return what is stopped now; what is known to be and is not any more is over."""
    now = facts.now
    seen = {}
    for stop in watch.stops:
        everything = stop.scope == EVERYTHING
        job = facts.jobs.get(stop.scope)
        what = "Everything" if everything else (job.name if job else stop.scope)
        for place in _places(stop, "" if everything else clean(what), known):
            seen[place] = facts.alert(
                KILL_SWITCH,
                f"{what} was stopped by {stop.by}: {stop.reason}",
                key=place,
                since=moment(stop.at) or now,
                job="" if everything else stop.scope,
                severity=Severity.CRITICAL if everything else None,
            )
    return [
        *(Observation(place, now, alert) for place, alert in seen.items()),
        *(
            Observation(place, now, None, "The stop was lifted.")
            for place in known
            if place not in seen
        ),
    ]


def _places(stop: Stop, job: str, known: Mapping[str, Alert]) -> Iterator[str]:
    """Give the keys that the stop is known by: that which the trail told of stands as long."""
    place = key(KILL_SWITCH, stop.scope)
    told = [each for each in known if each.startswith(_TRAIL) and known[each].job_name == job]
    yield from told
    if place in known or not told:
        yield place


def from_event(event: Mapping[str, Any], facts: Facts) -> list[Observation]:
    """Return what one event of the trail says about stops of everything or of one job."""
    if event.get("model") != MODEL:
        return []
    at = moment(str(event.get("at", ""))) or facts.now
    who = str(event.get("user", ""))
    after = event.get("after") or {}
    place = key(KILL_SWITCH, "stop", str(event.get("record", "")))
    if event.get("kind") == "created" and after.get("scope") in (EVERYTHING, "job"):
        everything = after["scope"] == EVERYTHING
        what = "Everything" if everything else str(after.get("name") or "A job")
        alert = facts.alert(
            KILL_SWITCH,
            f"{what} was stopped by {who}: {after.get('reason', '')}",
            key=place,
            since=at,
            job_name="" if everything else what,
            severity=Severity.CRITICAL if everything else None,
        )
        return [Observation(place, at, alert)]
    if event.get("kind") == "changed" and "lifted_reason" in after:
        return [Observation(place, at, None, f"Lifted by {who}: {after['lifted_reason']}")]
    return []
