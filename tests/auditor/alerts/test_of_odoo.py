"""What Odoo itself says is owed, unfinished, waited for or stopped; and when it says nothing."""

from __future__ import annotations

import pytest

from auditor.alerts.notification import Reason, Severity, Status
from auditor.odoo.errors import IncompatibleAddon
from tests.auditor.alerts.conftest import World, kinds
from tests.auditor.standin_watch import (
    awaited_approval,
    problem,
    stop,
    unfinished_run,
    watched_job,
)

pytestmark = pytest.mark.one_transport("what was read is judged, whichever way it came")


def test_a_missed_schedule(world: World) -> None:
    world.standin.watched["jobs"] = [
        watched_job(expected_at="2026-01-31 11:50:00", grace_seconds=900)
    ]
    assert world.round() == []
    world.wait(minutes=5)
    assert world.round() == []
    world.wait(minutes=1)
    (message,) = world.round()
    assert kinds([message]) == [["missed_schedule"]]
    assert message.alerts[0].summary == (
        "Cancel old quotations should have run 16 min ago and did not."
    )
    world.standin.watched["jobs"] = [watched_job(expected_at="2026-02-01 11:50:00")]
    (message,) = world.round()
    assert message.status is Status.RESOLVED


def test_a_paused_job_is_not_missed_and_not_well(world: World) -> None:
    late = "2026-01-31 10:00:00"
    world.standin.watched["jobs"] = [watched_job(expected_at=late, paused=True)]
    assert world.round() == []
    world.standin.watched["jobs"] = [watched_job(expected_at=late)]
    assert len(world.round()) == 1
    world.standin.watched["jobs"] = [watched_job(expected_at=late, paused=True)]
    assert world.round() == []
    assert len(world.last.active) == 1


def test_a_run_beyond_its_maximum_time(world: World) -> None:
    world.standin.watched["runs"] = [
        unfinished_run("r1", started_at="2026-01-31 11:00:00"),
        unfinished_run("r2", started_at="2026-01-31 10:00:00", waits_for="approval"),
    ]
    assert world.round() == []
    world.wait(minutes=1)
    (message,) = world.round()
    (alert,) = message.alerts
    assert (alert.kind, alert.run) == ("run_too_long", "r1")
    assert alert.summary == (
        "Cancel old quotations (live) has been running for 1 h 1 min, at most 1 h are meant."
    )
    world.standin.watched["runs"] = []
    assert [message.status for message in world.round()] == [Status.RESOLVED]


def test_between_two_slices_a_run_goes_on_all_the_same(world: World) -> None:
    slow = {"started_at": "2026-01-31 10:00:00"}
    world.standin.watched["runs"] = [unfinished_run(**slow)]
    assert kinds(world.round()) == [["run_too_long"]]
    world.standin.watched["runs"] = [unfinished_run(**slow, state="waiting", waits_for="turn")]
    assert world.round() == []
    assert len(world.last.active) == 1


def test_a_run_that_nobody_goes_on_with_takes_too_long(world: World) -> None:
    world.standin.watched["runs"] = [
        unfinished_run("r1", state="queued", started_at="", waits_for="turn"),
        unfinished_run("r2", state="waiting", started_at="", waits_for="turn"),
        unfinished_run("r3", state="waiting", started_at="2026-01-31 07:00:00", waits_for="turn"),
    ]
    (message,) = world.round()
    (alert,) = message.alerts
    assert (alert.kind, alert.run) == ("run_too_long", "r3")


def test_it_takes_too_long_as_long_as_any_run_of_the_job_does(world: World) -> None:
    first = unfinished_run("r1", started_at="2026-01-31 10:00:00")
    second = unfinished_run(
        "r2", started_at="2026-01-31 10:30:00", state="waiting", waits_for="turn"
    )
    fresh = unfinished_run("r3", started_at="2026-01-31 11:59:00")
    world.standin.watched["runs"] = [first, second]
    (message,) = world.round()
    assert "1 more runs of it" in message.alerts[0].summary
    world.standin.watched["runs"] = [second, fresh]
    assert world.round() == []
    world.standin.watched["runs"] = [fresh]
    (message,) = world.round()
    assert message.alerts[0].changed == "No run of it is over its maximum any more."


def test_without_a_maximum_nothing_is_too_long(world: World) -> None:
    world.standin.watched["jobs"] = [watched_job(max_runtime_seconds=-1, expected_at="")]
    world.standin.watched["runs"] = [unfinished_run(started_at="2026-01-01 00:00:00")]
    assert world.round() == []


def test_an_approval_waits_then_expires_soon_then_is_given(world: World) -> None:
    world.standin.watched["approvals"] = [awaited_approval(expires_at="2026-01-31 18:00:00")]
    (message,) = world.round()
    (alert,) = message.alerts
    assert alert.summary == "Cancel old quotations needs the approval of one more person."
    assert ("Amount", "1,234.50 EUR") in alert.details
    world.wait(hours=4)
    (message,) = world.round()
    assert kinds([message]) == [["approval_expiring"]]
    assert "expires in 2 h" in message.alerts[0].summary
    assert "inhibited" in world.why()
    world.standin.watched["approvals"] = []
    assert sorted(kinds(world.round())) == [["approval_expiring"], ["approval_waiting"]]


def test_a_full_list_ends_nothing(world: World) -> None:
    world.standin.watched["approvals"] = [awaited_approval("p1", expires_at="")]
    world.round()
    world.standin.watched["approvals"] = [
        awaited_approval(f"q{number}", expires_at="") for number in range(1000)
    ]
    world.round()
    assert any("p1" in known.alert.key for known in world.last.active)


@pytest.mark.parametrize("code", ["dispatcher_off", "no_cron_worker", "neutralized"])
def test_nothing_works_on_requests(world: World, code: str) -> None:
    world.standin.watched["runs"] = [
        unfinished_run(f"r{number}", state="queued", started_at="", waits_for="turn")
        for number in range(2)
    ]
    assert world.round() == []
    world.standin.watched["problems"] = [problem(code)]
    (message,) = world.round()
    (alert,) = message.alerts
    assert (alert.kind, message.severity) == ("requests_unworked", Severity.CRITICAL)
    assert alert.summary == (
        "Nothing works on requests. The scheduled action that works on requests is switched off."
    )
    assert ("Remedy", "Switch on Sentinel: work on requests.") in alert.details
    assert ("Waiting", "2 runs") in alert.details
    assert alert.runbook.endswith("/requests_unworked.md")
    world.wait(minutes=1)
    assert world.round() == []
    world.standin.watched["problems"] = []
    (message,) = world.round()
    assert message.status is Status.RESOLVED


def test_a_problem_with_an_alert_of_its_own_is_not_told_twice(world: World) -> None:
    world.standin.watched["stops"] = [stop()]
    world.standin.watched["problems"] = [problem("kill_switch"), problem("approval_forged")]
    assert kinds(world.round()) == [["kill_switch"]]


def test_what_nothing_works_on_is_late_for_that_reason(world: World) -> None:
    world.standin.watched["problems"] = [problem("no_cron_worker")]
    world.standin.watched["jobs"] = [watched_job(expected_at="2026-01-31 10:00:00")]
    world.standin.watched["runs"] = [
        unfinished_run(started_at="2026-01-31 07:00:00", state="waiting", waits_for="turn")
    ]
    assert kinds(world.round()) == [["requests_unworked"]]
    world.standin.watched["problems"] = []
    assert sorted(kinds(world.round())) == [
        ["missed_schedule"],
        ["requests_unworked"],
        ["run_too_long"],
    ]


def test_an_addon_that_cannot_say_whether_it_works_is_not_taken_for_well(world: World) -> None:
    world.standin.watched["problems"] = [problem()]
    world.round()
    del world.standin.watched["problems"]
    assert world.round() == []
    assert [known.alert.kind for known in world.last.active] == ["requests_unworked"]
    (trouble,) = world.last.problems
    assert isinstance(trouble, IncompatibleAddon)
    assert "whether it works on requests" in trouble.message
    # All else is known.
    assert world.last.unwatched == ""


def test_the_kill_switch_on_and_off(world: World) -> None:
    world.standin.watched["stops"] = [stop()]
    (message,) = world.round()
    assert message.severity is Severity.CRITICAL
    assert message.alerts[0].summary == "Everything was stopped by manager: Wrong prices"
    world.seal("aborted", error="The kill switch is on.")
    assert world.round() == []
    assert "inhibited" in world.why()
    world.standin.watched["stops"] = []
    messages = world.round()
    assert sorted(kinds(messages)) == [["kill_switch"], ["run_aborted"]]


def test_one_paused_job_explains_only_its_own_aborted_runs(world: World) -> None:
    world.standin.watched["stops"] = [stop("another_job")]
    world.seal("aborted")
    assert sorted(kinds(world.round())) == [["kill_switch"], ["run_aborted"]]
    world.standin.watched["stops"] = [stop("clean_old_orders"), stop("another_job")]
    world.seal("aborted")
    world.round()
    assert "inhibited" in world.why()


def test_a_key_about_to_expire(world: World) -> None:
    world.standin.watched["key"] = {"kind": "key", "expires_at": "2026-02-14 13:00:00"}
    assert world.round() == []
    world.wait(hours=1)
    (message,) = world.round()
    assert (message.alerts[0].kind, message.severity) == ("key_expiring", Severity.WARNING)
    assert "in 14 d" in message.alerts[0].summary
    world.wait(days=12)
    (message,) = world.round()
    assert (message.reason, message.severity) == (Reason.MORE_SEVERE, Severity.CRITICAL)
    world.standin.watched["key"] = {"kind": "key", "expires_at": "2027-02-14 13:00:00"}
    assert [message.status for message in world.round()] == [Status.RESOLVED]


def test_never_is_off_for_what_is_about_to_expire(world: World) -> None:
    world.rules('key_expires_within = "never"\napproval_expires_within = "never"')
    world.standin.watched["key"] = {"kind": "key", "expires_at": "2026-01-31 13:00:00"}
    world.standin.watched["approvals"] = [awaited_approval(expires_at="2026-01-31 12:10:00")]
    assert kinds(world.round()) == [["approval_waiting"]]
    assert world.last.problems == ()


@pytest.mark.parametrize("within", ["0s", "3650d"])
def test_what_is_about_to_expire_in_the_shortest_and_longest_time(
    world: World, within: str
) -> None:
    world.rules(f'key_expires_within = "{within}"\napproval_expires_within = "{within}"')
    world.standin.watched["key"] = {"kind": "key", "expires_at": "2026-01-31 12:00:00"}
    world.standin.watched["approvals"] = [awaited_approval(expires_at="2026-01-31 12:00:00")]
    assert sorted(kinds(world.round())) == [["approval_expiring"], ["key_expiring"]]


def test_an_older_addon_tells_of_stops_by_the_trail(world: World) -> None:
    world.standin.misbehave("watch", "fault", times=99, value=(1, missing()))
    after = {"scope": "all", "ref": 0, "name": "Everything", "reason": "Prices"}
    world.standin.happen("created", model="sentinel.stop", record=4, after=after, before={})
    (message,) = world.round()
    assert message.alerts[0].summary == "Everything was stopped by manager: Prices"
    assert "too old" in world.last.unwatched
    assert world.last.problems == ()
    world.standin.happen(
        "changed", model="sentinel.stop", record=4, after={"lifted_reason": "Right again"}
    )
    (message,) = world.round()
    assert message.alerts[0].changed == "Lifted by manager: Right again"


def stopped(world: World, scope: str, name: str) -> None:
    """Let the trail tell of a stop."""
    after = {"scope": scope, "ref": 12, "name": name, "reason": "Prices"}
    world.standin.happen("created", model="sentinel.stop", record=4, after=after, before={})


def test_a_stop_of_one_job_that_the_trail_tells_of_explains_no_other_job(world: World) -> None:
    world.standin.misbehave("watch", "fault", times=99, value=(1, missing()))
    stopped(world, "job", "Another job")
    world.seal("aborted")
    messages = world.round()
    assert sorted(kinds(messages)) == [["kill_switch"], ["run_aborted"]]
    assert "Stopped by somebody: Another job" in {message.title for message in messages}


@pytest.mark.parametrize(
    ("scope", "name"), [("all", "Everything"), ("clean_old_orders", "Cancel old quotations")]
)
def test_a_stop_that_the_trail_told_of_stands_as_long_as_odoo_says_so(
    world: World, scope: str, name: str
) -> None:
    world.standin.misbehave("watch", "fault", times=1, value=(1, missing()))
    stopped(world, "all" if scope == "all" else "job", name)
    assert [message.reason for message in world.round()] == [Reason.FIRST]
    world.standin.watched["stops"] = [stop(scope)]
    for _ in range(2):
        world.wait(minutes=6)
        assert world.round() == []
    world.standin.watched["stops"] = [stop("another_job")]
    world.wait(minutes=6)
    (message,) = world.round()
    assert [alert.status for alert in message.alerts] == [Status.FIRING, Status.RESOLVED]
    assert message.alerts[1].changed == "The stop was lifted."


def missing() -> str:
    return (
        "Traceback (most recent call last):\n"
        "AttributeError: The method 'sentinel.job.watch' does not exist"
    )
