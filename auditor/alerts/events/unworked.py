"""Odoo answers, but nothing in it works on requests, so no run begins or goes on."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from auditor.alerts.events.facts import Facts, key
from auditor.alerts.judging import Observation
from auditor.alerts.kinds import REQUESTS_UNWORKED
from auditor.cli.text import plural

if TYPE_CHECKING:
    from auditor.odoo.watching import Watched

CODES = ("neutralized", "dispatcher_off", "no_cron_worker")
"""Odoo's other problems have alerts of their own, or keep nothing from being worked on."""


def observe(watch: Watched, known: Collection[str], facts: Facts) -> list[Observation]:
    """Return whether requests are worked on; nothing when Odoo cannot say."""
    if watch.problems is None:
        return []
    place = key(REQUESTS_UNWORKED)
    problem = next((each for each in watch.problems if each.code in CODES), None)
    if problem is None:
        over = Observation(place, facts.now, None, "Requests are worked on again.")
        return [over] if place in known else []
    waiting = sum(run.waits_for == "turn" for run in watch.runs)
    alert = facts.alert(
        REQUESTS_UNWORKED,
        f"Nothing works on requests. {problem.message}",
        key=place,
        since=facts.now,
        details=(("Remedy", problem.remedy), ("Waiting", plural(waiting, "run"))),
    )
    return [Observation(place, facts.now, alert)]
