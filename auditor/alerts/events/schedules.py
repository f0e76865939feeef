"""A scheduled run that did not come, and a run that does not end: two different things.

Times are compared on Odoo's own clock, which the schedules go by.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from auditor.alerts.events.facts import Facts, key, moment
from auditor.alerts.judging import Observation
from auditor.alerts.kinds import MISSED_SCHEDULE, RUN_TOO_LONG
from auditor.alerts.spans import say_span

LISTED = 1000
"""Odoo tells of no more runs and approvals; what a full list lacks may be there all the same."""

if TYPE_CHECKING:
    from auditor.alerts.notification import Alert
    from auditor.odoo.watching import UnfinishedRun, Watched


def missed(watch: Watched, known: Collection[str], facts: Facts) -> list[Observation]:
    """Return which due moments passed, grace included, without a run.

    A paused job is not expected to run, and not known to be well either: nothing is said of it.
    """
    now = moment(watch.now) or facts.now
    seen: list[Observation] = []
    spoken_of: set[str] = set()
    for job in watch.jobs:
        place = key(MISSED_SCHEDULE, job.company, job.code)
        spoken_of.add(place)
        if job.paused and job.scheduled:
            continue
        due = moment(job.expected_at)
        late = now - due if due and job.scheduled else timedelta(0)
        if due is None or late <= timedelta(seconds=max(job.grace_seconds, 0)):
            seen += _over(place, known, facts, "A run came, or none is expected any more.")
            continue
        alert = facts.alert(
            MISSED_SCHEDULE,
            f"{job.name} should have run {say_span(late)} ago and did not.",
            key=place,
            since=due,
            job=job.code,
            job_name=job.name,
            company=job.company,
            details=(
                ("Due", f"{job.expected_at} UTC"),
                ("Grace", say_span(timedelta(seconds=job.grace_seconds))),
            ),
        )
        seen.append(Observation(place, facts.now, alert))
    for place in known:
        if place not in spoken_of:
            seen += _over(place, known, facts, "The job is gone.")
    return seen


def too_long(watch: Watched, known: Collection[str], facts: Facts) -> list[Observation]:
    """Return which runs were begun longer ago than their job's maximum and have not ended.

    One that waits for its turn between two slices goes on, or should. One that waits for consent
    has not begun.
    """
    now = moment(watch.now) or facts.now
    longest = {job.code: job.max_runtime_seconds for job in watch.jobs}
    slow: dict[str, list[tuple[datetime, UnfinishedRun]]] = {}
    for run in watch.runs:
        began = moment(run.started_at)
        most = longest.get(run.job, -1)
        if began is None or most < 0 or run.waits_for == "approval":
            continue
        if now - began > timedelta(seconds=most):
            slow.setdefault(run.job, []).append((began, run))
    seen = []
    places = set()
    for code, runs in slow.items():
        alert = _slow(code, runs, longest[code], now, facts)
        places.add(alert.key)
        seen.append(Observation(alert.key, facts.now, alert))
    if len(watch.runs) < LISTED:
        seen += [
            Observation(place, facts.now, None, "No run of it is over its maximum any more.")
            for place in known
            if place not in places
        ]
    return seen


def _slow(
    code: str,
    runs: list[tuple[datetime, UnfinishedRun]],
    most: int,
    now: datetime,
    facts: Facts,
) -> Alert:
    began, run = min(runs, key=lambda pair: pair[0])
    job = facts.jobs[code]
    more = f" ({len(runs) - 1} more runs of it likewise)" if len(runs) > 1 else ""
    return facts.alert(
        RUN_TOO_LONG,
        f"{job.name} ({run.mode}) has been running for {say_span(now - began)}, at most "
        f"{say_span(timedelta(seconds=most))} are meant{more}.",
        key=key(RUN_TOO_LONG, job.company, code),
        since=began + timedelta(seconds=most),
        job=code,
        job_name=job.name,
        company=job.company,
        run=run.uid,
        details=(("Began", f"{run.started_at} UTC"), ("Asked for by", run.requested_by)),
        url=run.url,
    )


def _over(place: str, known: Collection[str], facts: Facts, ending: str) -> list[Observation]:
    return [Observation(place, facts.now, None, ending)] if place in known else []
