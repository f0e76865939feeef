"""``sentinel-ops alerts`` and ``pull`` with alerts, as they are typed."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timezone
from pathlib import Path

import pytest

from auditor.stores.interface import StoreError
from tests.auditor.alerts.conftest import Hook
from tests.auditor.alerts.test_of_odoo import missing
from tests.auditor.conftest import Cli, Odoo, Ran
from tests.auditor.standin_watch import watched_job

pytestmark = pytest.mark.one_transport("what was read is judged, whichever way it came")


@pytest.fixture
def told(odoo: Odoo, hook: Hook, cli: Cli) -> Cli:
    """The command with the hook as its only channel."""
    odoo.standin.day = f"{datetime.now(timezone.utc):%Y-%m-%d}"
    odoo.standin.watched["jobs"] = [watched_job(expected_at="")]

    def run(*arguments: str, **env: str) -> Ran:
        return cli(*arguments, **{"ALERT_WEBHOOK_URL": f"{hook.url}/hook", **env})

    return run


def test_a_pull_tells_people_and_the_list_says_whom(told: Cli, odoo: Odoo, hook: Hook) -> None:
    assert told("pull", ALERT_WEBHOOK_URL="").code == 0
    assert told("alerts", "list").out.startswith("Nothing was judged yet")
    odoo.standin.seal(status="failure", outcomes={"failed": 2}, error="No stock.")
    ran = told("pull")
    assert ran.code == 0
    assert "Alerts: 1 message sent by webhook." in ran.err
    assert [each["title"] for each in hook.messages()] == ["Run failed: Cancel old quotations"]

    ran = told("alerts", "list")
    assert "Cancel old quotations (live) failed: 2 failed." in ran.out
    assert "webhook" in ran.out
    (alert,) = told("alerts", "list", "--json").json["alerts"]
    assert alert["active"]

    odoo.standin.seal(status="success")
    told("pull")
    assert "nothing is wrong" in told("alerts", "list").out
    assert "over" in told("alerts", "list", "--all").out


def test_check_says_what_would_be_sent_and_sends_nothing(told: Cli, odoo: Odoo, hook: Hook) -> None:
    told("pull")
    odoo.standin.seal(status="failure")
    told("pull", ALERT_WEBHOOK_URL="")
    ran = told("alerts", "check")
    assert ran.code == 0
    assert "first" in ran.out
    assert "not_sent" in ran.out
    (message,) = told("alerts", "check", "--json").json["messages"]
    assert (message["reason"], message["sent"]) == ("first", False)
    assert hook.messages() == []


def test_check_is_not_all_good_when_it_could_not_look(
    told: Cli, odoo: Odoo, tmp_path: Path
) -> None:
    odoo.standin.seal()
    told("pull")
    ran = told("alerts", "check", ODOO_URL="http://127.0.0.1:9")
    assert ran.code == 3
    assert "Could not check everything" in ran.out
    assert "Nothing is wrong" not in ran.out
    missing = tmp_path / "none.sqlite3"
    for arguments in (("check",), ("list",), ("silences",), ("unsilence", "x")):
        ran = told("alerts", *arguments, SENTINEL_STORE=str(missing))
        assert (ran.code, missing.exists()) == (1, False)


def test_check_is_not_all_good_when_nobody_knows_whether_requests_are_worked_on(
    told: Cli, odoo: Odoo
) -> None:
    odoo.standin.seal()
    told("pull")
    assert told("alerts", "check").code == 0
    del odoo.standin.watched["problems"]
    ran = told("alerts", "check")
    assert ran.code != 0
    assert "too old to say whether it works on requests" in ran.out
    assert "Nothing else is known to be wrong" in ran.out


def test_check_of_a_store_into_which_nothing_was_pulled(told: Cli) -> None:
    silence = ("--for", "1h", "--matcher", "job=x", "--comment", "y")
    assert told("alerts", "silence", *silence).code == 0
    ran = told("alerts", "check")
    assert ran.code == 1
    assert "nothing was pulled yet" in ran.out
    assert "Nothing is wrong" not in ran.out
    assert told("alerts", "list").out.startswith("Nothing was judged yet")


def test_check_is_not_all_good_with_an_addon_that_says_nothing_of_schedules(
    told: Cli, odoo: Odoo
) -> None:
    odoo.standin.seal()
    told("pull")
    odoo.standin.misbehave("watch", "fault", times=99, value=(1, missing()))
    ran = told("alerts", "check")
    assert ran.code == 3
    assert "Not looked at: missed schedules, long runs, approvals" in ran.out
    assert "too old" in ran.out
    assert "Nothing is wrong" not in ran.out
    ran = told("alerts", "check", "--json")
    assert (ran.code, "too old" in ran.json["unwatched"]) == (3, True)


def test_a_silence_needs_an_end_a_reason_and_what_for(told: Cli) -> None:
    told("pull")
    rest = ("--matcher", "job=clean_old_orders", "--comment", "Stocktaking")
    for arguments, says in (
        (rest, "needs an end"),
        (("--for", "4h", "--until", "2030-01-01", *rest), "needs an end"),
        (("--for", "4h", *rest[:2]), "needs a reason"),
        (("--for", "4h", *rest[2:]), "silence everything"),
        (("--for", "never", *rest), "has an end"),
        (("--for", "90d", *rest), "30 d at most"),
        (("--for", "999999d", *rest), "3650d at most"),
        (("--until", "2020-01-01", *rest), "in the past"),
        (("--until", "soon", *rest), "no moment"),
        (("--for", "4h", *rest[2:], "--matcher", "owner=x"), "cannot be used"),
        (("--for", "4h", *rest[2:], "--matcher", "kind=run_faild"), "no kind of alert"),
        (("--for", "4h", *rest[2:], "--matcher", "severity=urgent"), "no severity"),
    ):
        ran = told("alerts", "silence", *arguments)
        assert (ran.code, says in ran.err) == (2, True), ran.err
    assert told("alerts", "silences").out == "Nothing is silenced.\n"


def test_silence_and_unsilence(told: Cli, odoo: Odoo, hook: Hook) -> None:
    told("pull")
    made = told(
        "alerts", "silence", "--for", "4h", "--matcher", "job=clean_*", "--matcher",
        "kind=run_failed", "--matcher", "kind=run_partial", "--comment", "Stocktaking", "--json",
    ).json  # fmt: skip
    odoo.standin.seal(status="failure")
    told("pull")
    assert hook.messages() == []
    assert "Stocktaking" in told("alerts", "silences").out
    assert "silenced" in told("alerts", "check").out
    assert told("alerts", "unsilence", "nosuch").code == 2
    assert told("alerts", "unsilence", made["id"]).code == 0
    told("pull")
    assert len(hook.messages()) == 1


def test_a_silence_that_the_store_does_not_take_is_none(
    told: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    silence = ("alerts", "silence", "--for", "4h", "--matcher", "kind=*", "--comment", "Moving")
    told("pull")
    made = told(*silence, "--json").json["id"]

    def refused(*_arguments: object) -> bool:
        return False

    monkeypatch.setattr("auditor.stores.sqlite_alerts.SqliteAlertStore.write", refused)
    for arguments in (silence, ("alerts", "unsilence", made)):
        ran = told(*arguments)
        assert (ran.code, ran.out) == (1, "")
        assert "Try again." in ran.err


def test_close_what_nothing_else_can_end(told: Cli, odoo: Odoo, hook: Hook) -> None:
    odoo.standin.seal(status="failure")
    told("pull")
    (alert,) = told("alerts", "list", "--json").json["alerts"]
    key = alert["alert"]["key"]
    assert told("alerts", "close", key).code == 2
    assert told("alerts", "close", "nosuch", "--comment", "x").code == 2
    assert told("alerts", "close", key, "--comment", "Was by hand").code == 0
    told("pull")
    assert [each["status"] for each in hook.messages()] == ["firing", "resolved"]
    assert "Was by hand" in hook.messages()[1]["alerts"][0]["changed"]


def test_test_and_preview(told: Cli, hook: Hook, tmp_path: Path) -> None:
    assert told("alerts", "test", "webhook").out == "webhook: ✓ sent\n"
    (message,) = hook.messages()
    assert message["reason"] == "test"
    assert "This is a test, nothing is wrong." in message["alerts"][0]["summary"]
    ran = told("alerts", "preview", "--kind", "missed_schedule")
    assert "missed_schedule" in ran.out
    assert len(hook.messages()) == 1
    ran = told("alerts", "preview", ALERT_RECORD_NAMES="false")
    assert "S00042" not in ran.out

    rules = tmp_path / "alerts.toml"
    rules.write_text('[[routes]]\nchannels = ["webhook"]\n')
    assert told("alerts", "test", "1", SENTINEL_ALERTS=str(rules)).code == 0
    assert told("alerts", "test", "2", SENTINEL_ALERTS=str(rules)).code == 2
    assert "Channels: webhook" in told("alerts", "test", "slack").err
    assert "Set SLACK_WEBHOOK_URL" in told("alerts", "preview", ALERT_WEBHOOK_URL="").err
    hook.status = 403
    ran = told("alerts", "test", "webhook", "--json")
    assert ran.code == 1
    assert "error" in ran.json


def test_a_channel_or_a_bug_never_changes_what_pull_says(
    told: Cli, odoo: Odoo, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook.status = 404
    odoo.standin.seal(status="failure")
    ran = told("pull", "--json")
    assert ran.code == 0
    assert ran.json["runs"] == 1
    assert "alert not sent" in ran.err

    def broken(*_arguments: object) -> None:
        raise RuntimeError("s3cr3t")

    monkeypatch.setattr("auditor.alerts.watcher.instance_of", broken)
    ran = told("pull")
    assert ran.code == 0
    assert "a bug kept the alerts from being judged" in ran.err


def test_a_pull_that_fails_keeps_its_exit_code(told: Cli, hook: Hook) -> None:
    assert told("pull", ODOO_USERNAME="operator").code == 4
    assert [each["alerts"][0]["kind"] for each in hook.messages()] == ["auditor_blind"]
    assert told("pull", ODOO_URL="http://127.0.0.1:9").code == 3


def test_the_list_after_a_first_pull_that_failed(told: Cli) -> None:
    down = {"ODOO_URL": "http://127.0.0.1:9"}
    told("pull", **down)
    # Seen once it counts for nothing yet, and nothing else was seen either.
    assert told("alerts", "list", **down).out.startswith("Nothing was judged yet")
    told("pull", **down)
    assert "odoo_unreachable" in told("alerts", "list", **down).out


def test_a_channel_set_up_by_half_does_not_stop_the_pull(told: Cli, odoo: Odoo, hook: Hook) -> None:
    odoo.standin.seal(status="failure")
    half = {
        "SLACK_CHANNEL": "C1",
        "ALERT_EMAIL_TO": "ops@example.com",
        "DEADMAN_URL": f"{hook.url}/ping",
    }
    ran = told("pull", **half)
    assert ran.code == 0
    assert "SLACK_BOT_TOKEN is not" in ran.err
    assert "SMTP_URL is not" in ran.err
    # Those that work tell the rest, and what is wrong with those that do not.
    told_of = {each["alerts"][0]["kind"]: each["alerts"][0] for each in hook.messages()}
    assert told_of.keys() == {"run_failed", "auditor_blind"}
    assert "SLACK_BOT_TOKEN is not" in told_of["auditor_blind"]["summary"]
    assert "SMTP_URL is not" in str(told_of["auditor_blind"]["details"])
    assert hook.pinged() == 0
    told("pull")
    assert [each["status"] for each in hook.messages()] == ["firing", "firing", "resolved"]


def test_trying_one_channel_does_not_need_the_others(told: Cli, hook: Hook, tmp_path: Path) -> None:
    rules = tmp_path / "alerts.toml"
    rules.write_text(
        '[[routes]]\nchannels = ["webhook"]\n[[routes]]\nchannels = ["webhook", "email"]\n'
    )
    half = {"ALERT_EMAIL_TO": "ops@example.com", "SENTINEL_ALERTS": str(rules)}
    for name, code in (("webhook", 0), ("1", 0), ("email", 2), ("2", 2)):
        ran = told("alerts", "test", name, **half)
        assert (ran.code, "SMTP_URL is not" in ran.err) == (code, bool(code)), name
    assert len(hook.messages()) == 2
    for command in ("check", "preview"):
        ran = told("alerts", command, **half)
        assert (ran.code, "SMTP_URL is not" in ran.err) == (2, True)
    assert told("alerts", "preview", "webhook", **half).code == 0
    ran = told("alerts", "test", "webhook", ALERT_WEBHOOK_URL="", **half)
    assert ran.code == 2


def test_the_dead_man_switch_is_pinged_only_when_all_was_seen(
    told: Cli, odoo: Odoo, hook: Hook
) -> None:
    deadman = {"DEADMAN_URL": f"{hook.url}/ping"}
    told("pull", **deadman)
    assert hook.pinged() == 1
    told("pull", **deadman, ODOO_URL="http://127.0.0.1:9")
    told("pull", **deadman, ODOO_USERNAME="operator")
    told("pull", **deadman, SENTINEL_ALERTS="/nowhere/alerts.toml")
    told("alerts", "check", **deadman)
    assert hook.pinged() == 1
    # A message that reaches nobody keeps it back too: it is the last way to reach anybody.
    odoo.standin.seal(status="failure")
    told("pull", **deadman, ALERT_WEBHOOK_URL="http://127.0.0.1:9/hook")
    assert hook.pinged() == 1
    told("pull", **deadman)
    assert hook.pinged() == 2


def test_a_store_in_use_keeps_the_dead_man_switch_waiting(
    told: Cli, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_use(*_arguments: object, **_options: object) -> None:
        raise StoreError("The store is in use by another pull.", passing=True)

    monkeypatch.setattr("auditor.trail.pull.pull", in_use)
    assert told("pull", DEADMAN_URL=f"{hook.url}/ping").code == 1
    assert hook.pinged() == 0


def test_without_a_channel_the_dead_man_switch_still_works(cli: Cli, hook: Hook) -> None:
    assert cli("pull", DEADMAN_URL=f"{hook.url}/ping").code == 0
    assert hook.pinged() == 1


def test_an_alert_store_of_its_own(told: Cli, odoo: Odoo, tmp_path: Path, store: Path) -> None:
    own = tmp_path / "own" / "alerts.sqlite3"
    odoo.standin.seal(status="failure")
    told("pull", SENTINEL_ALERT_STORE=str(own))
    for path, count in ((own, True), (store, False)):
        with sqlite3.connect(path) as db:
            rows = db.execute("SELECT count(*) FROM alert_state").fetchone()[0]
        assert bool(rows) is count
    # A look before anything was remembered judges all the same, and makes no file.
    own.unlink()
    ran = told("alerts", "check", SENTINEL_ALERT_STORE=str(own))
    assert "first" in ran.out
    assert not own.exists()


def test_a_store_that_cannot_claim_says_so(told: Cli) -> None:
    ran = told("alerts", "list", SENTINEL_STORE="bigquery://my-project/sentinel_ops?mode=append")
    assert ran.code == 2
    assert "cannot remember alerts" in ran.err
    assert "SENTINEL_ALERT_STORE" in ran.err
