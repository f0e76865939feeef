"""``run`` and ``status``: what is sent, what is said, how it exits."""

from __future__ import annotations

import os
import pty
import select
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.auditor.conftest import Cli, Odoo, assert_no_secret, start_process
from tests.auditor.standin import BROKEN


def triggers(odoo: Odoo) -> list[dict[str, object]]:
    return [named for name, named in odoo.standin.calls if name == "trigger"]


def test_the_command_of_the_contract(cli: Cli, odoo: Odoo) -> None:
    ran = cli("run", "clean_old_orders", "--dry-run", "--days=60", "--limit=100")
    assert ran.code == 0
    (sent,) = triggers(odoo)
    assert sent["mode"] == "plan"
    assert sent["parameters"] == {"days": 60, "limit": 100}
    assert sent["idempotency_key"]
    assert sent["origin"]["source"] == "cli"
    for text in (
        "dry run, nothing was changed",
        "312 of 2,000 records match; 3 were taken",
        "1,234.50 EUR",
        "would be changed",
        "Stale quotations",
        "3 records, at most 500 are allowed.",
        "state: draft → cancel",
        "120 days old",
        f"{odoo.url}/odoo/sentinel-runs/123",
    ):
        assert text in ran.out


def test_a_remedy_runs_live_unless_told_otherwise(cli: Cli, odoo: Odoo) -> None:
    ran = cli("run", "clean_old_orders", "--reason", "quarter end")
    assert ran.code == 0
    (sent,) = triggers(odoo)
    assert (sent["mode"], sent["reason"], sent["parameters"]) == ("live", "quarter end", {})
    assert "✓ changed" in ran.out


@pytest.mark.parametrize("plan", ["", "0f0e"])
def test_a_simulation_is_asked_for_by_name(cli: Cli, odoo: Odoo, plan: str) -> None:
    ran = cli("run", "clean_old_orders", "--simulate", f"--plan={plan}")
    assert ran.code == 0
    (sent,) = triggers(odoo)
    assert (sent["mode"], sent["plan"]) == ("simulate", plan)
    for text in (
        "Simulation of clean_old_orders",
        "was changed and put back",
        "state: draft → cancel",
        "Rows written, then undone",
        "sale_order",
        "WH/OUT/00007 (changed)",
        "8 (deleted)",
        "and more that were not counted",
    ):
        assert text in ran.out


def test_what_only_reads_cannot_be_simulated(cli: Cli, odoo: Odoo) -> None:
    ran = cli("run", "cron_health", "--simulate")
    assert (ran.code, triggers(odoo)) == (2, [])
    assert "can't be simulated" in ran.err


@pytest.mark.parametrize("flags", [[], ["--dry-run"]])
def test_a_measure_only_reads(cli: Cli, odoo: Odoo, flags: list[str]) -> None:
    assert cli("run", "cron_health", *flags).code == 0
    assert triggers(odoo)[0]["mode"] == "plan"


@pytest.mark.parametrize(
    ("status", "verdict", "code"),
    [
        ("success", "", 0),
        ("success", "pass", 0),
        ("success", "warn", 0),
        ("success", "fail", 1),
        ("success", "not_evaluated", 1),
        ("failure", "error", 1),
        ("failure", "", 1),
        ("partial", "", 1),
        ("aborted", "", 1),
        ("interrupted", "", 1),
        ("cancelled", "", 1),
        ("something_new", "", 1),
    ],
)
def test_exit_code_by_how_the_run_ended(
    cli: Cli, odoo: Odoo, status: str, verdict: str, code: int
) -> None:
    odoo.standin.ending = {"status": status, "verdict": verdict}
    odoo.standin.states = ["done"]
    assert cli("run", "clean_old_orders").code == code
    assert cli("status", "clean_old_orders").code == code


def test_a_lost_answer_makes_one_run(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.misbehave("trigger", "drop", times=2)
    ran = cli("run", "clean_old_orders", "--dry-run")
    assert ran.code == 0
    assert odoo.standin.counted("trigger") == 3
    assert len(odoo.standin.runs) == 1
    assert len({sent["idempotency_key"] for sent in triggers(odoo)}) == 1


def test_a_slow_trigger_makes_one_run(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.misbehave("trigger", "slow", value=1.5)
    assert cli("run", "clean_old_orders", "--dry-run", ODOO_TIMEOUT="1").code == 0
    assert odoo.standin.counted("trigger") == 2
    assert len(odoo.standin.runs) == 1


def test_an_answer_lost_for_good_tells_how_to_ask_again(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.misbehave("trigger", "drop", times=3)
    ran = cli("run", "clean_old_orders")
    assert ran.code == 3
    (key,) = {str(sent["idempotency_key"]) for sent in triggers(odoo)}
    assert f"--idempotency-key={key}" in ran.err
    again = cli("run", "clean_old_orders", f"--idempotency-key={key}")
    assert again.code == 0
    assert "made before under the same key" in again.err
    assert len(odoo.standin.runs) == 1


def test_when_odoo_breaks_over_the_request_the_key_is_told(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.misbehave("trigger", "fault_after", value=BROKEN)
    ran = cli("run", "clean_old_orders")
    assert ran.code == 3
    assert "It is not known whether Odoo got the request." in ran.err
    (key,) = {str(sent["idempotency_key"]) for sent in triggers(odoo)}
    assert f"--idempotency-key={key}" in ran.err
    assert cli("run", "clean_old_orders", f"--idempotency-key={key}").code == 0
    assert len(odoo.standin.runs) == 1


def test_a_refusal_needs_no_key(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.misbehave("trigger", "fault", value=(2, "Not today."))
    ran = cli("run", "clean_old_orders")
    assert (ran.code, "idempotency" in ran.err) == (2, False)


@pytest.mark.parametrize("call", ["status", "read_lines"])
@pytest.mark.parametrize(
    ("fault", "code"), [(BROKEN, 3), ((3, "Access Denied"), 4), ((2, "No such run."), 2)]
)
def test_a_fault_while_we_wait_does_not_lose_the_run(
    cli: Cli, odoo: Odoo, fault: tuple[int, str], code: int, call: str
) -> None:
    odoo.standin.misbehave(call, "fault", value=fault)
    ran = cli("run", "clean_old_orders")
    (uid,) = odoo.standin.runs
    assert ran.code == code
    assert f"sentinel-ops status {uid} --wait" in ran.err
    odoo.standin.misbehave(call, "fault", value=fault)
    assert cli("run", "clean_old_orders", "--json").json["error"]["run"] in odoo.standin.runs


def test_each_invocation_has_a_key_of_its_own(cli: Cli, odoo: Odoo) -> None:
    cli("run", "clean_old_orders", "--no-wait")
    cli("run", "clean_old_orders", "--no-wait")
    assert len(odoo.standin.runs) == 2


def test_the_same_key_for_another_request_is_refused(cli: Cli) -> None:
    assert cli("run", "clean_old_orders", "--no-wait", "--idempotency-key=k1").code == 0
    ran = cli("run", "clean_old_orders", "--no-wait", "--days=5", "--idempotency-key=k1")
    assert ran.code == 2
    assert "belongs to another request" in ran.err


def test_no_wait(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.states = ["queued"]
    ran = cli("run", "clean_old_orders", "--no-wait")
    (uid,) = odoo.standin.runs
    assert ran.code == 0
    assert f"sentinel-ops status {uid} --wait" in ran.out
    assert odoo.standin.counted("status") == 0


def test_the_time_ends_before_the_run(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.states = ["queued", "running"]
    ran = cli("run", "clean_old_orders", "--timeout=1")
    (uid,) = odoo.standin.runs
    assert ran.code == 5
    assert "still is at work" in ran.err
    assert f"sentinel-ops status {uid} --wait" in ran.err
    assert cli("status", uid).code == 5
    assert cli("status", uid, "--wait", "--timeout=0.5").code == 5
    odoo.standin.states = ["done"]
    assert cli("status", uid, "--wait").code == 0


def test_odoo_restarts_while_we_wait(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.misbehave("status", "status", value=502, times=4)
    ran = cli("run", "clean_old_orders")
    assert ran.code == 0
    assert "The run goes on; asking again." in ran.err


def test_odoo_stays_away_while_we_wait(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.misbehave("status", "html", times=500)
    ran = cli("run", "clean_old_orders", "--timeout=2")
    (uid,) = odoo.standin.runs
    assert ran.code == 3
    assert f"sentinel-ops status {uid} --wait" in ran.err


def test_a_run_that_stays_queued_is_explained(odoo: Odoo) -> None:
    from auditor.cli import waiting
    from auditor.cli.exits import NotYet
    from auditor.odoo.client import connect

    said: list[str] = []

    class Quiet:
        def update(self, run: object) -> None: ...

        def say(self, text: str) -> None:
            said.append(text)

        def close(self) -> None: ...

    odoo.standin.states = ["queued"]
    odoo.standin.problems = [
        {"code": "no_cron_worker", "message": "No cron worker.", "remedy": "Start one."}
    ]
    client = connect(odoo.connection("manager"))
    uid = client.trigger("clean_old_orders", mode="live", parameters={}, idempotency_key="").uid
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    def wait(timeout: float) -> None:
        with pytest.raises(NotYet):
            waiting.wait(
                client, uid, timeout=timeout, show=Quiet(), clock=lambda: now[0], sleep=sleep
            )

    wait(waiting.ASK_WHY_AFTER - 1)
    assert said == []
    wait(waiting.ASK_WHY_AFTER * 3)
    assert said == ["The run is still queued: No cron worker. Start one."]
    odoo.standin.states = ["running"]
    wait(waiting.ASK_WHY_AFTER * 3)
    assert len(said) == 1, "a run that is at work needs no excuse"


def test_status_by_uid_and_by_job(cli: Cli, odoo: Odoo) -> None:
    uid = odoo.standin.seal(lines=12)
    by_uid, by_job = cli("status", uid), cli("status", "clean_old_orders")
    assert (by_uid.code, by_uid.out) == (0, by_job.out)
    assert "The first 10 of 12 records" in by_uid.out


def test_status_of_nothing(cli: Cli) -> None:
    ran = cli("status", "clean_old_orders")
    assert ran.code == 2
    assert "has never run" in ran.err
    ran = cli("status", "0" * 32)
    assert ran.code == 2
    assert "There is no run" in ran.err


def test_json_of_a_run(cli: Cli) -> None:
    ran = cli("run", "clean_old_orders", "--dry-run", "--json")
    document = ran.json
    assert ran.code == 0
    assert document["status"] == "dry_run"
    assert document["amount"] == "1234.50"
    assert [line["name"] for line in document["lines"]] == ["S00001", "S00002", "S00003"]
    assert cli("run", "clean_old_orders", "--no-wait", "--json").json["state"] == "queued"


@pytest.mark.parametrize("stage", ["trigger", "status"])
def test_ctrl_c_says_that_the_run_goes_on(odoo: Odoo, tmp_path: Path, stage: str) -> None:
    odoo.standin.states = ["running"]
    if stage == "trigger":
        odoo.standin.misbehave("trigger", "slow", value=5)
    process = start_process(odoo.env, tmp_path, "run", "clean_old_orders")
    end = time.monotonic() + 20
    while not odoo.standin.counted(stage) and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in out + err
    if stage == "trigger":
        assert f"--idempotency-key={triggers(odoo)[0]['idempotency_key']}" in err
    else:
        (uid,) = odoo.standin.runs
        assert "goes on in Odoo" in err
        assert f"sentinel-ops status {uid} --wait" in err


@pytest.mark.parametrize("no_color", ["", "1"])
def test_on_a_terminal_there_is_a_bar_and_colour_unless_unwanted(
    odoo: Odoo, tmp_path: Path, no_color: str
) -> None:
    odoo.standin.states = ["queued", "running", "running", "done"]
    main_end, child_end = pty.openpty()
    env = {**odoo.env, "TERM": "xterm-256color", "COLUMNS": "120"}
    if no_color:
        env["NO_COLOR"] = no_color
    process = subprocess.Popen(
        [sys.executable, "-m", "auditor", "run", "clean_old_orders"],
        env=env,
        cwd=tmp_path,
        stdin=child_end,
        stdout=child_end,
        stderr=child_end,
    )
    os.close(child_end)
    chunks = b""
    # Linux ends a terminal whose other end is gone with an error instead of an empty read.
    with suppress(OSError):
        while process.poll() is None or select.select([main_end], [], [], 0.1)[0]:
            chunks += os.read(main_end, 4096)
    os.close(main_end)
    text = chunks.decode()
    assert process.wait(timeout=20) == 0
    assert_no_secret(text)
    assert "is at work" in text
    assert "━" in text
    assert "✓ changed" in text or "changed" in text
    assert ("\x1b[32m" in text) is not bool(no_color)


def test_names_cannot_steer_the_terminal(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.twists["read_lines"] = lambda answer: {
        **answer,
        "lines": [{**answer["lines"][0], "name": "[red]S1[/red]\x9b2J\u202eevil"}],
    }
    ran = cli("run", "clean_old_orders", "--dry-run")
    assert ran.code == 0
    assert "[red]S1[/red]2Jevil" in ran.out


def test_a_link_never_leaves_that_odoo(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.twists["status"] = lambda answer: {**answer, "url": "//evil.example/x"}
    ran = cli("run", "clean_old_orders", "--dry-run")
    assert ran.code == 0
    assert "evil" not in ran.out


def test_links_lead_where_people_reach_odoo(cli: Cli, odoo: Odoo) -> None:
    public = "https://odoo.example.com"
    ran = cli("run", "clean_old_orders", "--dry-run", "--json", ODOO_PUBLIC_URL=f"{public}/web")
    assert ran.code == 0
    assert ran.json["link"].startswith(f"{public}/odoo/")
    hook = {"ALERT_WEBHOOK_URL": "https://hooks.example.com/x", "ODOO_PUBLIC_URL": public}
    told = cli("alerts", "preview", "webhook", **hook)
    assert told.code == 0, told.err
    assert f"{public}/odoo/" in told.out
    assert odoo.url not in told.out
    odoo.standin.seal()
    assert cli("pull", ODOO_PUBLIC_URL=public).code == 0
    with sqlite3.connect(odoo.env["SENTINEL_STORE"]) as store:
        assert store.execute("SELECT url FROM chains").fetchall() == [(public,)]


def test_where_people_reach_odoo_holds_no_login(cli: Cli) -> None:
    ran = cli("list", ODOO_PUBLIC_URL="https://bob:geheim@odoo.example.com")
    assert ran.code == 2
    assert "ODOO_PUBLIC_URL: is shown to people, so it must not hold a login" in ran.err
    assert "geheim" not in ran.err
