"""Suppressed means deferred: what is held back and still holds is told later, and nothing twice."""

from __future__ import annotations

import pytest

from auditor.alerts.notification import Reason, Status
from auditor.alerts.pipeline import STAGES
from auditor.alerts.rules import Rules
from auditor.alerts.state import SILENCE, SILENCES, Change
from auditor.alerts.watcher import instance_of
from auditor.cli.alerting.silencing import new_silence
from auditor.stores.sqlite_alerts import SqliteAlertStore
from tests.auditor.alerts.conftest import World, kinds
from tests.auditor.alerts.test_findings import look_at
from tests.auditor.standin_jobs import job
from tests.auditor.standin_watch import stop, watched_job

pytestmark = pytest.mark.one_transport("what was read is judged, whichever way it came")

MUTED = '[[mutes]]\nstart = "12:00"\nend = "13:00"\n'


def hush(world: World, how: str) -> None:
    """Hold back alerts about runs for an hour; it is noon."""
    if how == "muted":
        world.rules(MUTED)
        return
    silence = new_silence(
        ["kind=run_*"],
        until="",
        span="1h",
        comment="Stocktaking",
        author="anna@desk",
        now=world.now,
        rules=Rules(),
    )
    store = SqliteAlertStore(world.settings.store_path)
    store.write(
        instance_of(world.settings), [Change(SILENCE, silence.id, 0, SILENCES.write(silence))]
    )
    store.close()


both = pytest.mark.parametrize("how", ["muted", "silenced"])


def test_the_order_of_the_stages() -> None:
    names = [stage.__name__ for stage in STAGES]
    assert names == ["inhibit", "mute", "silence", "group", "deduplicate", "notify"]


@both
def test_what_still_holds_afterwards_is_told(world: World, how: str) -> None:
    hush(world, how)
    world.seal("failure")
    assert world.round() == []
    assert world.why() == {how}
    world.wait(minutes=59)
    assert world.round() == []
    world.wait(minutes=1)
    assert [message.reason for message in world.round()] == [Reason.FIRST]


@both
def test_what_began_and_ended_meanwhile_is_not(world: World, how: str) -> None:
    hush(world, how)
    world.seal("failure")
    world.round()
    world.seal("success")
    assert world.round() == []
    world.wait(hours=2)
    assert world.round() == []


@both
def test_who_knows_that_it_began_hears_that_it_ended(world: World, how: str) -> None:
    world.seal("failure")
    assert len(world.round()) == 1
    hush(world, how)
    world.seal("success")
    assert [message.status for message in world.round()] == [Status.RESOLVED]


@both
def test_what_was_told_before_is_not_told_again_after(world: World, how: str) -> None:
    world.seal("failure")
    assert len(world.round()) == 1
    hush(world, how)
    world.wait(minutes=30)
    assert world.round() == []
    assert world.why() == {how}
    world.wait(minutes=45)
    assert world.round() == []
    assert world.why() == set()
    world.wait(hours=24)
    assert [message.reason for message in world.round()] == [Reason.REMINDER]


def test_what_was_explained_is_told_when_the_explanation_ends(world: World) -> None:
    world.standin.watched["stops"] = [stop()]
    world.seal("aborted")
    (message,) = world.round()
    assert [alert.kind for alert in message.alerts] == ["kill_switch"]
    world.standin.watched["stops"] = []
    told = {message.alerts[0].kind: message.status for message in world.round()}
    assert told == {"kill_switch": Status.RESOLVED, "run_aborted": Status.FIRING}


def test_what_is_explained_by_now_and_over_is_told_to_be_over(world: World) -> None:
    world.seal("aborted")
    world.round()
    world.standin.watched["stops"] = [stop()]
    world.seal("success")
    told = {message.alerts[0].kind: message.status for message in world.round()}
    assert told == {"kill_switch": Status.FIRING, "run_aborted": Status.RESOLVED}


def above(world: World, rules: str) -> None:
    """Let a job find too much, and an unusual number."""
    world.rules(f"{rules}\n[findings.above]\nclean_old_orders = 100\n")
    for found in (*[40] * 8, 342):
        look_at(world, 0, matched=found)


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ("", [["findings_above"]]),
        ('[severity]\nfindings_above = "info"', [["anomaly"]]),
        (
            '[[routes]]\nmatch = { kind = ["findings_above"] }\nchannels = []',
            [["anomaly"]],
        ),
        # Heard, and still no reason to keep back what is more urgent.
        (
            '[severity]\nanomaly = "critical"\n[[routes]]\nchannels = ["slack"]',
            [["anomaly"], ["findings_above"]],
        ),
    ],
)
def test_only_what_people_hear_of_and_is_as_urgent_explains(
    world: World, rules: str, told: list[list[str]]
) -> None:
    above(world, rules)
    assert sorted(kinds(world.round())) == told


@pytest.mark.parametrize("other", [{"mode": "plan"}, {"company": "Other Ltd"}])
def test_failures_of_plans_and_of_other_companies_explain_nothing(
    world: World, other: dict[str, str]
) -> None:
    for _ in range(3):
        world.seal("failure", **other)
        world.wait(minutes=1)
    assert kinds(world.round()) == [["repeated_failure"]]
    world.seal("failure")
    (message,) = world.round()
    assert [alert.summary for alert in message.alerts] == [
        "Cancel old quotations (live) failed: no reason was given."
    ]


def test_nothing_is_said_to_be_over_while_a_part_is_held_back(world: World) -> None:
    world.standin.jobs = [job("a"), job("b")]
    world.standin.watched["jobs"] = [watched_job("a"), watched_job("b")]
    world.wait(minutes=-30)
    world.seal("failure", code="a")
    world.seal("failure", code="b")
    world.round()
    world.rules(MUTED)
    world.wait(minutes=30)
    world.seal("success", code="a")
    (message,) = world.round()
    assert (message.reason, message.status) == (Reason.SOME_RESOLVED, Status.FIRING)
