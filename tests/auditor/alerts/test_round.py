"""One message when it begins, one when it ends, and in between only what is worth saying."""

from __future__ import annotations

import sqlite3

import pytest

from auditor.alerts.channels.interface import NotSent
from auditor.alerts.notification import Reason, Severity, Status
from auditor.alerts.state import Row
from auditor.stores.sqlite_alerts import SqliteAlertStore
from tests.auditor.alerts.conftest import Kept, World, kinds
from tests.auditor.standin_jobs import job
from tests.auditor.standin_watch import watched_job

pytestmark = pytest.mark.one_transport("what was read is judged, whichever way it came")


def test_one_message_when_it_begins_and_one_when_it_ends(world: World) -> None:
    assert world.round() == []
    world.seal("failure", error="No stock.", outcomes={"failed": 2, "done": 1})
    (message,) = world.round()
    assert (message.reason, message.status) == (Reason.FIRST, Status.FIRING)
    assert message.title == "Run failed: Cancel old quotations"
    (alert,) = message.alerts
    assert alert.summary == "Cancel old quotations (live) failed: 2 failed."
    assert ("Reason", "No stock.") in alert.details
    assert (alert.owner, alert.tags, alert.total) == ("anna", ("sales",), 2)
    assert alert.runbook == "https://wiki.example.com/orders"
    assert alert.url == f"{world.settings.odoo_url}/odoo/sentinel-jobs/1"

    for _ in range(3):
        world.wait(minutes=10)
        assert world.round() == []
    assert world.reasons() == ["nothing_new"]

    world.seal("success")
    (message,) = world.round()
    assert (message.reason, message.status) == (Reason.ALL_RESOLVED, Status.RESOLVED)
    assert "went well" in message.alerts[0].changed
    world.wait(minutes=10)
    assert world.round() == []
    assert world.last.decisions == ()


def test_the_message_about_the_end_joins_the_first_one(world: World) -> None:
    world.seal("failure")
    world.round()
    world.wait(hours=30)
    world.round()
    world.seal("success")
    world.round()
    world.seal("failure")
    world.round()
    assert world.channel.receipts == ["", "slack-1", "slack-1", ""]


def test_a_plan_that_goes_well_does_not_mend_the_live_run(world: World) -> None:
    world.seal("failure")
    assert world.round()
    world.seal("dry_run", mode="plan")
    assert world.round() == []
    assert len(world.last.active) == 1


def test_what_says_nothing_ends_nothing(world: World) -> None:
    world.seal("failure")
    world.round()
    world.seal("cancelled")
    world.seal("success", verdict="not_evaluated")
    assert world.round() == []
    assert len(world.last.active) == 1


def test_a_check_that_broke_is_not_passed(world: World) -> None:
    world.seal("success", mode="plan", shape="check", verdict="error")
    (message,) = world.round()
    assert "could not check" in message.alerts[0].summary


def test_reminders_by_severity(world: World) -> None:
    world.standin.watched["jobs"] = [watched_job(severity="critical")]
    world.seal("failure")
    (message,) = world.round()
    assert message.severity is Severity.CRITICAL
    world.wait(hours=3, minutes=59)
    assert world.round() == []
    world.wait(minutes=1)
    assert [message.reason for message in world.round()] == [Reason.REMINDER]
    assert world.round() == []


def test_a_warning_is_repeated_after_a_day(world: World) -> None:
    world.seal("failure")
    world.round()
    world.wait(hours=23)
    assert world.round() == []
    world.wait(hours=1)
    assert [message.reason for message in world.round()] == [Reason.REMINDER]


def test_more_severe_is_told_at_once(world: World) -> None:
    world.seal("failure")
    world.round()
    world.standin.watched["jobs"] = [watched_job(severity="critical")]
    world.seal("failure")
    (message,) = world.round()
    assert message.reason is Reason.MORE_SEVERE
    assert message.alerts[0].changed == "now critical, was warning"


def test_thirty_jobs_are_one_message(world: World) -> None:
    codes = [f"job_{number:02}" for number in range(30)]
    world.standin.jobs = [job(code, name=code) for code in codes]
    world.standin.watched["jobs"] = [watched_job(code, name=code) for code in codes]
    for code in codes:
        world.seal("failure", code=code)
    (message,) = world.round()
    assert (len(message.alerts), message.hidden) == (10, 20)
    assert message.title == "30 runs failed"


def test_some_end_and_some_come_new(world: World) -> None:
    world.standin.jobs = [job("a", name="A"), job("b", name="B")]
    world.standin.watched["jobs"] = [watched_job("a"), watched_job("b")]
    world.seal("failure", code="a")
    world.round()
    world.wait(minutes=6)
    world.seal("failure", code="b")
    (message,) = world.round()
    assert message.reason is Reason.NEW_ALERTS
    assert [(alert.job, alert.changed) for alert in message.alerts] == [("b", "new"), ("a", "")]
    world.wait(minutes=1)
    world.seal("success", code="a")
    assert world.round() == []
    assert world.why() == {"waiting"}
    world.wait(minutes=5)
    (message,) = world.round()
    assert message.reason is Reason.SOME_RESOLVED
    assert [(alert.job, alert.status) for alert in message.alerts] == [
        ("b", Status.FIRING),
        ("a", Status.RESOLVED),
    ]


def test_an_end_that_waits_for_others_is_told_although_the_job_fails_once_more(
    world: World,
) -> None:
    world.standin.jobs = [job("a", name="A"), job("b", name="B")]
    world.standin.watched["jobs"] = [watched_job("a"), watched_job("b")]
    for code in "ab":
        for _ in range(3):
            world.seal("failure", code=code)
            world.wait(minutes=1)
    assert kinds(world.round()) == [["repeated_failure", "repeated_failure"]]
    world.wait(minutes=1)
    world.seal("success", code="a")
    assert ["repeated_failure"] not in kinds(world.round())
    assert "waiting" in world.why()
    # One failure is no repeated one: what was told is over all the same.
    world.wait(minutes=1)
    world.seal("failure", code="a")
    world.round()
    world.wait(minutes=4)
    message = next(each for each in world.round() if each.reason is Reason.SOME_RESOLVED)
    assert [(alert.job, alert.status) for alert in message.alerts] == [
        ("b", Status.FIRING),
        ("a", Status.RESOLVED),
    ]
    assert "went well" in message.alerts[1].changed


def test_what_heals_before_anybody_is_told_is_not_told(world: World) -> None:
    world.rules('group_wait = "10m"')
    world.seal("failure")
    assert world.round() == []
    assert world.why() == {"waiting"}
    world.wait(minutes=5)
    world.seal("success")
    assert world.round() == []
    assert world.reasons() == ["never_told"]
    world.wait(minutes=20)
    assert world.round() == []


def test_group_wait_ends(world: World) -> None:
    world.rules('group_wait = "10m"')
    world.seal("failure")
    assert world.round() == []
    world.wait(minutes=10)
    assert [message.reason for message in world.round()] == [Reason.FIRST]


def test_several_failures_in_a_row_are_one_more_alert_that_explains_the_others(
    world: World,
) -> None:
    for _ in range(2):
        world.seal("failure")
        world.wait(minutes=1)
        world.round()
    world.seal("failure")
    messages = world.round()
    assert kinds(messages) == [["repeated_failure"]]
    assert messages[0].severity is Severity.CRITICAL
    assert "inhibited" in world.why()
    world.seal("success")
    assert sorted(kinds(world.round())) == [["repeated_failure"], ["run_failed"]]


def test_a_channel_that_fails_is_tried_again(world: World) -> None:
    world.seal("failure")
    world.channel.failures = [NotSent("Slack is down.", "Wait.", passing=True)]
    assert world.round() == []
    assert world.why() == {"failed"}
    (message,) = world.round()
    assert (message.reason, message.repeated) == (Reason.FIRST, False)


def test_a_channel_that_may_have_got_it_gets_it_marked(world: World) -> None:
    world.seal("failure")
    world.channel.failures = [NotSent("Timed out.", passing=True, unsure=True)]
    assert len(world.round()) == 1
    assert world.round() == []
    assert world.why() == {"paused"}
    world.wait(minutes=1)
    (message,) = world.round()
    assert (message.reason, message.repeated) == (Reason.UNSURE, True)
    assert world.round() == []


def test_a_channel_that_never_answers_in_time_gets_it_ever_more_rarely(world: World) -> None:
    world.seal("failure")
    sent = []
    for minute in range(60):
        world.channel.failures = [NotSent("Timed out.", passing=True, unsure=True)]
        if world.round():
            sent.append(minute)
        world.wait(minutes=1)
    assert sent == [0, 1, 6, 21, 36, 51]
    # So that who gets them can tell that they are one message.
    assert len(set(world.channel.ids)) == 1


def test_what_fires_once_more_while_all_is_in_doubt_is_another_message(world: World) -> None:
    for status in ("failure", "success", "failure"):
        world.seal(status)
        world.channel.failures = [NotSent("Timed out.", passing=True, unsure=True)]
        assert len(world.round()) == 1
        world.wait(minutes=15)
    assert len(set(world.channel.ids)) == 3


def test_what_says_something_else_is_another_message(world: World) -> None:
    world.seal("failure")
    world.channel.failures = [NotSent("Timed out.", passing=True, unsure=True)]
    world.round()
    world.standin.watched["jobs"] = [watched_job(severity="critical")]
    world.seal("failure")
    world.wait(minutes=1)
    world.round()
    world.seal("success")
    world.round()
    world.seal("failure")
    world.round()
    assert len(set(world.channel.ids)) == len(world.channel.ids) == 4


def test_doubt_outlives_a_failure_that_is_none(world: World) -> None:
    world.seal("failure")
    world.channel.failures = [
        NotSent("Timed out.", passing=True, unsure=True),
        NotSent("Refused.", passing=True),
    ]
    world.round()
    world.wait(minutes=1)
    assert world.round() == []
    assert [message.repeated for message in world.round()] == [True]


def test_what_may_have_been_told_is_told_to_be_over(world: World) -> None:
    world.seal("failure")
    world.channel.failures = [NotSent("Timed out.", passing=True, unsure=True)]
    world.round()
    world.wait(minutes=1)
    world.seal("success")
    (message,) = world.round()
    assert (message.status, message.repeated) == (Status.RESOLVED, True)


def test_a_misconfigured_channel_is_left_alone_for_a_while(world: World) -> None:
    world.seal("failure")
    world.channel.failures = [NotSent("No such webhook.", "Make a new one.", passing=False)]
    world.round()
    assert world.round() == []
    assert world.why() == {"paused"}
    world.wait(minutes=15)
    assert len(world.round()) == 1


def test_a_channel_with_a_bug_costs_the_others_nothing(world: World) -> None:
    other = Kept("mail")
    world.channels.append(other)
    world.seal("failure")
    world.channel.failures = [KeyError("s3cr3t")]
    world.round()
    assert len(other.got) == 1
    assert "s3cr3t" not in str(world.last)
    world.wait(minutes=15)
    assert [message.repeated for message in world.round()] == [True]


def test_old_failures_of_a_trail_that_was_never_judged_are_history(world: World) -> None:
    world.standin.day = "2026-01-20"
    world.seal("failure")
    world.standin.settle()
    world.standin.day = "2026-01-31"
    world.standin.jobs.append(job("young"))
    world.seal("failure", code="young")
    (message,) = world.round()
    assert [alert.job for alert in message.alerts] == ["young"]


def test_a_trail_copied_by_half_is_not_judged_as_if_the_rest_were_new(world: World) -> None:
    world.standin.day = "2026-01-20"
    for _ in range(3):
        world.seal("failure")
    world.standin.settle()
    whole = world.standin.entries[1]["seal"]
    world.standin.entries[1]["seal"] = "f" * 64
    assert kinds(world.round()) == [["chain_broken"]]
    world.standin.entries[1]["seal"] = whole
    assert [message.status for message in world.round()] == [Status.RESOLVED]


def test_five_records_and_how_many_in_all(world: World) -> None:
    world.seal("failure", lines=0)
    uid = world.seal("failure", lines=12, outcomes={"failed": 12})
    for line in world.standin.lines[uid]:
        line["outcome"] = "failed"
    (message,) = world.round()
    (alert,) = message.alerts
    assert (len(alert.records), alert.total) == (5, 12)
    assert alert.records[0].name == "S01001"
    assert alert.records[0].url == f"{world.settings.odoo_url}/odoo/sale.order/1001"


def test_names_switched_off(world: World) -> None:
    world.options["alert_record_names"] = False
    uid = world.seal(
        "failure", lines=2, outcomes={"failed": 2}, error="S00001 cannot be cancelled."
    )
    for line in world.standin.lines[uid]:
        line["outcome"] = "failed"
    (message,) = world.round()
    assert message.alerts[0].records[0].name == "sale.order 1"
    assert "S0000" not in str(message)


def test_no_traceback_and_no_secret(world: World) -> None:
    world.settings.protect_secrets()
    secret = world.options["odoo_password"]
    trace = f'Traceback (most recent call last):\n  File "x.py", line 1\nOops: key {secret}\n'
    world.seal("failure", error=trace)
    (message,) = world.round()
    said = str(message)
    assert "Traceback" not in said
    assert secret not in said
    assert "x.py" not in said


def test_what_is_over_and_told_is_forgotten(world: World) -> None:
    world.seal("failure")
    world.round()
    world.seal("success")
    world.round()
    world.wait(days=2)
    world.round()
    with sqlite3.connect(world.settings.store_path) as db:
        kept = {row[0] for row in db.execute("SELECT kind FROM alert_state")}
    assert kept == {"mark"}


def test_a_round_reads_what_is_remembered_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    read = SqliteAlertStore.read

    def counted(store: SqliteAlertStore, instance: str) -> list[Row]:
        reads.append(instance)
        return read(store, instance)

    monkeypatch.setattr(SqliteAlertStore, "read", counted)
    world.seal("failure")
    assert len(world.round()) == 1
    assert len(reads) == 1


def test_nothing_is_remembered_of_a_round_that_sends_nothing(world: World) -> None:
    world.round()
    world.seal("failure")
    with sqlite3.connect(world.settings.store_path) as db:
        before = db.execute("SELECT * FROM alert_state").fetchall()
    assert world.round(send=False) == []
    assert world.why() == {"not_sent"}
    assert world.reasons() == ["first"]
    with sqlite3.connect(world.settings.store_path) as db:
        assert db.execute("SELECT * FROM alert_state").fetchall() == before
    assert len(world.round()) == 1


def test_without_a_channel_nothing_is_done(world: World) -> None:
    world.channels = []
    world.seal("failure")
    world.round()
    assert world.standin.counted("watch") == 0
