"""N times before, M times after, and coming and going damped."""

from __future__ import annotations

from datetime import timedelta

import pytest

from auditor.alerts.events.facts import Facts
from auditor.alerts.events.usual import usual
from auditor.alerts.judging import Observation, judge, settle
from auditor.alerts.rules import Anomaly, Rules
from auditor.alerts.state import Known
from tests.auditor.alerts.conftest import NOON


def looked(pattern: str, rules: Rules) -> list[bool]:
    """What counts as firing after each look: ``x`` bad, ``.`` good, a minute apart."""
    facts = Facts("http://odoo", rules, True, NOON)
    known: Known | None = None
    found = []
    for minute, mark in enumerate(pattern):
        at = NOON + timedelta(minutes=minute)
        alert = facts.alert("run_failed", "It failed.", key="k", since=at) if mark == "x" else None
        known = judge(known, Observation("k", at, alert), rules)
        found.append(bool(known and known.active))
    return found


@pytest.mark.parametrize(
    ("pattern", "before", "after", "counts"),
    [
        ("x.x.", 1, 1, "x.x."),
        ("xx.xxx.", 3, 1, ".....x."),
        ("x..x", 1, 2, "xx.x"),
        ("x.x.x..", 1, 2, "xxxxxx."),
        ("...", 1, 1, "..."),
    ],
)
def test_so_many_before_and_after(pattern: str, before: int, after: int, counts: str) -> None:
    rules = Rules(failures_before={"run_failed": before}, successes_after={"run_failed": after})
    assert looked(pattern, rules) == [mark == "x" for mark in counts]


def test_what_comes_and_goes_is_over_only_after_a_quiet_while() -> None:
    rules = Rules()
    facts = Facts("http://odoo", rules, True, NOON)
    known: Known | None = None
    active = []
    at = NOON
    for mark in "x.x.x.":
        at += timedelta(minutes=5)
        alert = facts.alert("run_failed", "It failed.", key="k", since=at) if mark == "x" else None
        known = judge(known, Observation("k", at, alert), rules)
        active.append(bool(known and known.active))
    assert active == [True, False, True, False, True, True]
    assert known is not None
    assert settle(known, at + timedelta(minutes=50), rules).active
    assert not settle(known, at + timedelta(minutes=56), rules).active


def test_it_began_when_it_was_first_seen() -> None:
    rules = Rules(failures_before={"run_failed": 3})
    facts = Facts("http://odoo", rules, True, NOON)
    known: Known | None = None
    for minute in range(5):
        at = NOON + timedelta(minutes=minute)
        known = judge(
            known,
            Observation("k", at, facts.alert("run_failed", "It failed.", key="k", since=at)),
            rules,
        )
    assert known is not None
    assert known.alert.since == NOON


@pytest.mark.parametrize(
    ("number", "before", "outside"),
    [
        (40, [10] * 8, True),
        (19, [10] * 8, False),  # less than the smallest change that counts
        (40, [10] * 7, None),  # too few to tell
        (40, [5, 15, 25, 35, 45, 55, 30, 20], False),
        (400, [5, 15, 25, 35, 45, 55, 30, 20], True),
        (40, [10, 11, 9, 10, 12, 1000, 10, 2000], True),  # two wild ones do not widen it
        (0, [500] * 8, True),  # too little is unusual too
    ],
)
def test_unusual(number: float, before: list[float], outside: bool | None) -> None:
    found = usual(number, before, Anomaly())
    assert (found.outside if found else None) is outside
