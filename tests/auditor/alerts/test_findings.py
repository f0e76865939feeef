"""Too much, something new, something unusual: what looks found, compared with earlier looks."""

from __future__ import annotations

import pytest

from auditor.alerts.notification import Severity, Status
from tests.auditor.alerts.conftest import World, kinds
from tests.auditor.standin_jobs import job

pytestmark = pytest.mark.one_transport("what was read is judged, whichever way it came")

ALL = '[[routes]]\nchannels = ["slack"]\n'


def look_at(world: World, found: int, **changes: object) -> str:
    """Let a plan find so many records, the first ones of the same list each time."""
    known = {"mode": "plan", "verdict": "warn", "matched": found, "lines": found, **changes}
    uid = world.seal("dry_run", **known)
    for line in world.standin.lines[uid]:
        line.update(outcome="planned", record=line["position"], name=f"S{line['position']:05}")
    world.wait(minutes=1)
    return uid


def test_what_odoo_calls_a_failed_check(world: World) -> None:
    look_at(world, 12, verdict="fail", shape="check", outcomes={"found": 12})
    (message,) = world.round()
    (alert,) = message.alerts
    assert alert.kind == "findings_above"
    assert alert.summary == "Cancel old quotations found 12 of 2,000 records, too many."
    assert (len(alert.records), alert.total) == (5, 12)
    look_at(world, 3, verdict="warn", shape="check")
    (message,) = world.round()
    assert message.status is Status.RESOLVED
    assert message.alerts[0].changed == "Now 3 records."


def test_a_limit_of_ones_own(world: World) -> None:
    world.rules('[findings.above]\n"*" = 5\nnoisy = 100\n')
    world.standin.jobs.append(job("noisy"))
    look_at(world, 5)
    look_at(world, 50, code="noisy")
    assert world.round() == []
    look_at(world, 6)
    (message,) = world.round()
    assert "more than 5" in message.alerts[0].summary
    assert message.alerts[0].changed == "+1 new, −0 gone since the last look"


def test_remedies_that_find_something_are_daily_work(world: World) -> None:
    look_at(world, 30)
    assert world.round() == []


def test_new_findings_are_told_to_who_wants_them(world: World) -> None:
    look_at(world, 3)
    assert world.round() == []
    look_at(world, 5)
    assert world.round() == []
    assert world.why() == {"not_routed"}
    world.rules(ALL)
    (message,) = world.round()
    (alert,) = message.alerts
    assert (alert.kind, alert.severity) == ("new_findings", Severity.INFO)
    assert [record.name for record in alert.records] == ["S00004", "S00005"]
    look_at(world, 5)
    assert [message.status for message in world.round()] == [Status.RESOLVED]


def test_a_look_with_other_parameters_is_another_question(world: World) -> None:
    world.rules(ALL)
    for found, days in ((3, 90), (20, 10), (3, 90)):
        look_at(world, found, parameters={"days": days})
        assert world.round() == []


def test_only_counts_where_not_every_record_has_a_line(world: World) -> None:
    world.rules(ALL)
    look_at(world, 3, matched=100)
    look_at(world, 3, matched=140)
    (message,) = world.round()
    assert message.alerts[0].changed == "+40 new, −0 gone since the last look"


def test_an_unusual_number_and_why(world: World) -> None:
    for found in (40, 42, 39, 41, 40, 43, 38, 40):
        look_at(world, 0, matched=found)
    assert world.round() == []
    look_at(world, 0, matched=342)
    (message,) = world.round()
    (alert,) = message.alerts
    assert alert.kind == "anomaly"
    assert alert.summary == "Cancel old quotations: records found 342, usually 40."
    assert alert.details == (("Usual", "30 to 50"), ("Looks before", "8"))
    look_at(world, 0, matched=41)
    assert [message.status for message in world.round()] == [Status.RESOLVED]


def test_too_much_explains_what_is_unusual_and_new(world: World) -> None:
    world.rules(ALL + "[findings.above]\nclean_old_orders = 100\n")
    for _ in range(8):
        look_at(world, 0, matched=40)
    look_at(world, 0, matched=342)
    assert kinds(world.round()) == [["findings_above"]]
    assert world.why() == {"inhibited"}


def test_each_number_of_a_measure_for_itself(world: World) -> None:
    def measured(late: str, other: str) -> None:
        kpis = [
            {"name": "late", "label": "Late actions", "value": late, "unit": "actions"},
            {"name": "other", "label": "Other", "value": other, "unit": ""},
        ]
        world.seal("success", mode="plan", shape="measure", kpis=kpis, lines=0, code="cron_health")
        world.wait(minutes=1)

    for _ in range(8):
        measured("1", "n/a")
    measured("50", "n/a")
    (message,) = world.round()
    assert message.alerts[0].summary == ("Scheduled actions: Late actions 50 actions, usually 1.")


@pytest.mark.parametrize("verdict", ["error", "not_evaluated"])
def test_a_look_that_could_not_tell_changes_nothing(world: World, verdict: str) -> None:
    look_at(world, 12, verdict="fail")
    assert kinds(world.round()) == [["findings_above"]]
    look_at(world, 0, verdict=verdict)
    world.round()
    assert "findings_above" in {known.alert.kind for known in world.last.active}
