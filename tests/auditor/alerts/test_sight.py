"""Odoo unreachable, auditor blind, chain broken, schedule missed: four things, none mistaken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from auditor.alerts import watcher
from auditor.alerts.channels.interface import NotSent
from auditor.alerts.notification import Notification, Reason, Severity, Status
from auditor.alerts.state import AlertStore
from auditor.alerts.watcher import look
from auditor.stores.interface import StoreError
from tests.auditor.alerts.conftest import World, kinds
from tests.auditor.standin_watch import awaited_approval, stop, watched_job

pytestmark = pytest.mark.one_transport("what was read is judged, whichever way it came")

LATE = "2026-01-31 10:00:00"


def test_odoo_dies_and_comes_back(world: World) -> None:
    world.standin.watched["jobs"] = [watched_job(expected_at=LATE)]
    world.standin.watched["approvals"] = [awaited_approval()]
    assert sorted(kinds(world.round())) == [["approval_waiting"], ["missed_schedule"]]

    world.standin.misbehave("*", "status", times=40, value=503)
    assert world.round() == []
    world.wait(minutes=1)
    (message,) = world.round()
    assert kinds([message]) == [["odoo_unreachable"]]
    assert message.severity is Severity.CRITICAL
    # Unknown: no new miss, and nothing is over because Odoo is silent.
    active = {known.alert.kind for known in world.last.active}
    assert active == {"odoo_unreachable", "missed_schedule", "approval_waiting"}
    world.wait(hours=30)
    assert kinds(world.round()) == [["approval_waiting"], ["odoo_unreachable"]]
    assert "inhibited" in world.why()

    world.standin._moods.clear()
    world.standin.watched["jobs"] = [watched_job(expected_at="")]
    world.standin.watched["approvals"] = []
    messages = world.round()
    assert {message.status for message in messages} == {Status.RESOLVED}
    assert sorted(kinds(messages)) == [
        ["approval_waiting"],
        ["missed_schedule"],
        ["odoo_unreachable"],
    ]


def test_an_end_that_nobody_could_be_told_of_is_told_although_trouble_stirs_again(
    world: World,
) -> None:
    def look_at(minute: int, *, up: bool) -> list[Notification]:
        world.wait(minutes=minute)
        if up:
            world.standin._moods.clear()
        else:
            world.standin.misbehave("*", "status", times=40, value=503)
        return world.round()

    assert look_at(0, up=False) == []
    assert [message.reason for message in look_at(1, up=False)] == [Reason.FIRST]
    world.channel.failures = [NotSent("Slack is down.", passing=True)]
    assert look_at(1, up=True) == []
    (message,) = look_at(1, up=False)
    assert (message.reason, message.status) == (Reason.ALL_RESOLVED, Status.RESOLVED)
    assert message.alerts[0].status is Status.RESOLVED
    assert message.alerts[0].changed == "Odoo answers again."
    assert look_at(1, up=True) == []
    # What comes an hour later is another outage.
    assert look_at(60, up=False) == []
    assert [message.reason for message in look_at(1, up=False)] == [Reason.FIRST]


def test_a_restart_of_odoo_is_not_worth_a_message(world: World) -> None:
    world.standin.misbehave("health", "status", times=1, value=503)
    world.standin.misbehave("health", "status", times=1, value=503)
    for _ in range(4):
        assert world.round() == []


def test_no_rights_is_a_blind_auditor_and_not_a_dead_odoo(world: World) -> None:
    world.options["odoo_username"] = "operator"
    (message,) = world.round()
    assert kinds([message]) == [["auditor_blind"]]
    assert "What to do" in dict(message.alerts[0].details)
    world.options["odoo_username"] = "manager"
    assert [message.status for message in world.round()] == [Status.RESOLVED]


def test_a_refused_login_is_not_tried_again_for_the_schedules(world: World) -> None:
    world.options["odoo_password"] = "wrong"
    world.round()
    # A fresh client that had to log in for it would count as one more wrong try.
    assert world.standin.counted("authenticate") == 1


def test_a_broken_chain(world: World) -> None:
    world.seal("success")
    world.round()
    world.seal("success")
    world.standin.settle()
    world.standin.entries[1]["seal"] = "f" * 64
    (message,) = world.round()
    assert kinds([message]) == [["chain_broken"]]
    assert ("Position", "2") in message.alerts[0].details
    # What is broken is broken until a pull goes well.
    world.standin.misbehave("*", "status", times=10, value=503)
    world.round()
    world.standin._moods.clear()
    assert {known.alert.kind for known in world.last.active} == {"chain_broken"}
    world.standin.reseal(world.standin.entries[1])
    assert [message.status for message in world.round()] == [Status.RESOLVED]


def test_a_store_that_is_broken_is_told_of_all_the_same(world: World) -> None:
    path = world.settings.store_path
    path.write_bytes(b"no database at all, but long enough to look at" * 40)
    error = StoreError(f"The store {path} cannot be used.", "Check the disk.")
    for expected in ([["auditor_blind"]], []):
        assert kinds(world.without_store(error)) == expected


def test_a_store_in_use_is_no_trouble(world: World) -> None:
    busy = StoreError("In use by another pull.", passing=True)
    world.round()
    assert world.without_store(busy) == []
    assert world.last.active == ()


def test_a_trail_store_that_stays_in_use_is_told_of(world: World) -> None:
    busy = StoreError("In use by another pull.", "Wait.", passing=True)

    def blocked() -> list[Notification]:
        world.wait(minutes=1)
        return world.without_store(busy)

    world.round()
    for _ in range(2):
        assert [blocked() for _ in range(4)] == [[]] * 4
        # One good look in between, and it is counted anew.
        assert world.round() == []
    assert [blocked() for _ in range(4)] == [[]] * 4
    (message,) = blocked()
    (alert,) = message.alerts
    assert (alert.kind, alert.summary) == ("auditor_blind", "In use by another pull.")
    assert alert.since == world.now - timedelta(minutes=4)
    assert blocked() == []
    assert [message.status for message in world.round()] == [Status.RESOLVED]


def test_an_alert_store_that_stays_out_of_reach_is_told_of_by_this_process(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.seal("failure")
    assert kinds(world.round()) == [["run_failed"]]

    @contextmanager
    def away(*_arguments: object, **_options: object) -> Iterator[AlertStore]:
        raise StoreError("BigQuery cannot be reached.", passing=True)
        yield

    with monkeypatch.context() as patched:
        patched.setattr("auditor.stores.opening.open_alert_store", away)
        world.wait(days=2)
        world.standin.watched["stops"] = [stop()]
        assert [world.round() for _ in range(4)] == [[]] * 4
        assert [each.message for each in world.last.problems] == ["BigQuery cannot be reached."]
        (message,) = world.round()
        (alert,) = message.alerts
        assert (alert.kind, alert.summary) == ("auditor_blind", "BigQuery cannot be reached.")
        assert "this process alone" in dict(alert.details)["Remembered by"]
        assert world.round() == []
        with pytest.raises(StoreError, match="cannot be reached"):
            world.round(send=False)
    # Then what nobody could look at is judged, too, and what was told before goes on.
    world.channel.failures = [NotSent("Slack is down.", passing=True) for _ in range(3)]
    assert world.round() == []
    assert {(each.alerts[0].kind, each.reason) for each in world.round()} == {
        ("auditor_blind", Reason.ALL_RESOLVED),
        ("kill_switch", Reason.FIRST),
        ("run_failed", Reason.REMINDER),
    }
    world.wait(minutes=1)
    assert world.round() == []
    assert watcher._of_this_process.read(watcher.instance_of(world.settings)) == []


def test_a_store_that_was_broken_is_told_to_be_mended(world: World) -> None:
    path = world.settings.store_path
    path.write_bytes(b"no database at all, but long enough to look at" * 40)
    error = StoreError(f"The store {path} cannot be used.", "Check the disk.")
    look(world.settings, world.client, None, error, channels=world.channels)
    assert kinds(world.channel.take()) == [["auditor_blind"]]
    path.unlink()
    assert [message.status for message in world.round()] == [Status.RESOLVED]
    assert world.round() == []


def test_rules_that_cannot_be_read_make_a_blind_auditor_too(world: World) -> None:
    world.rules("rutes = []")
    world.seal("failure")
    messages = world.round()
    assert sorted(kinds(messages)) == [["auditor_blind"], ["run_failed"]]
    blind = next(message for message in messages if message.alerts[0].kind == "auditor_blind")
    assert "rutes" in blind.alerts[0].summary
    world.rules("")
    assert kinds(world.round()) == [["auditor_blind"]]


def test_a_route_to_a_channel_that_is_not_there_costs_no_other_rule(world: World) -> None:
    rules = """
[[mutes]]
match = { kind = ["kill_switch"] }
[[routes]]
match = { kind = ["run_failed"] }
channels = []
[[routes]]
match = { kind = ["missed_schedule"] }
channels = ["pager", "slack"]
"""
    world.rules(rules)
    world.standin.watched["stops"] = [stop("another_job")]
    world.standin.watched["jobs"] = [watched_job(expected_at=LATE)]
    world.seal("failure")
    messages = world.round()
    assert sorted(kinds(messages)) == [["auditor_blind"], ["missed_schedule"]]
    blind = next(message for message in messages if message.alerts[0].kind == "auditor_blind")
    assert "'pager'" in blind.alerts[0].summary
    assert {"muted", "not_routed"} <= world.why()
    world.rules(rules.replace('"pager", ', ""))
    assert kinds(world.round()) == [["auditor_blind"]]


def test_everything_that_blinds_is_told_at_once(world: World) -> None:
    world.rules('[[routes]]\nchannels = ["pager"]\n[[routes]]\nchannels = ["siren"]')
    (message,) = world.round()
    (alert,) = message.alerts
    assert "'pager'" in alert.summary
    assert "'siren'" in dict(alert.details)["Besides"]
