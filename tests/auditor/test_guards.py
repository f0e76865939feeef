"""Guards, approvals and stops: what is sent, what is said, how it exits."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.auditor.conftest import Cli, Odoo
from tests.auditor.standin import BROKEN


def sent(odoo: Odoo, method: str) -> list[dict[str, Any]]:
    return [named for name, named in odoo.standin.calls if name == method]


def rows(text: str, title: str) -> list[list[str]]:
    """Return the cells of the table whose head begins with ``title``."""
    lines = text.splitlines()
    (start,) = [number for number, line in enumerate(lines) if line.startswith(title)]
    found = []
    for line, next_line in pairwise([*lines[start + 2 :], ""]):
        cells = [cell.strip() for cell in line.split("   ") if cell.strip()]
        if len(cells) < 2 or next_line.startswith("─"):
            break
        found.append(cells)
    return found


@pytest.mark.parametrize(
    ("mode", "verdict", "says"),
    [
        ("plan", "pass", "✓ pass"),
        ("plan", "warn", "! live would stop"),
        ("plan", "wait", "… live would wait"),
        ("live", "wait", "… waits"),
        ("live", "stop", "✗ STOP"),
        ("live", "something_new", "· something_new"),
    ],
)
def test_guards_are_a_table_that_needs_no_colour(
    cli: Cli, odoo: Odoo, mode: str, verdict: str, says: str
) -> None:
    uid = odoo.standin.seal(
        mode=mode,
        guards=[
            {"guard": "kill_switch", "verdict": "pass", "message": "The kill switch is off."},
            {"guard": "max_records", "verdict": verdict, "message": "812 records, 500 allowed."},
        ],
    )
    ran = cli("status", uid)
    assert rows(ran.out, "Guard") == [
        ["kill switch", "✓ pass", "The kill switch is off."],
        ["max records", says, "812 records, 500 allowed."],
    ]
    assert "\x1b" not in ran.out


def test_status_shows_what_shaped_the_run(cli: Cli, odoo: Odoo) -> None:
    uid = odoo.standin.seal(
        plan="0f0e",
        chosen=[1, 5, 6, 7, 9],
        digest="ab" * 32,
        expires_at="2026-02-01 12:00:00",
        withheld=4,
        approvals=[
            {
                "login": "anna",
                "decision": "approve",
                "comment": "seen",
                "at": "2026-01-31 12:00:05",
                "via": "session",
            }
        ],
    )
    ran = cli("status", uid)
    assert ran.code == 0
    assert "Carries out the plan 0f0e, its lines 1, 5-7, 9" in ran.out
    assert "Hash of the plan: abababababab, valid until 2026-02-01 12:00:00 UTC" in ran.out
    assert "4 records kept out: excluded, or tried before without success." in ran.out
    assert rows(ran.out, "Who") == [
        ["anna", "✓ approved", "2026-01-31 12:00:05 UTC", "in the browser", "seen"]
    ]
    document = cli("status", uid, "--json").json
    assert (document["chosen"], document["withheld"]) == ([1, 5, 6, 7, 9], 4)
    assert document["digest"] == "ab" * 32
    assert document["approvals"][0]["via"] == "session"


def test_a_run_that_waits_for_approval_is_not_waited_for(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.deciders = ["anna", "bob"]
    ran = cli("run", "clean_old_orders", "--timeout=9")
    (uid,) = odoo.standin.runs
    assert ran.code == 5
    for text in (
        "Live run of clean_old_orders (Cancel old quotations): waits for approval",
        "Nothing is changed before somebody approves; it waits until 2026-02-01 12:00:00 UTC.",
        "Who may decide: anna, bob",
        f"In the browser, logged in: {odoo.url}/odoo/sentinel-runs/123",
        f"sentinel-ops approve {uid}",
        f"sentinel-ops deny {uid} --comment WHY",
        "Waits for approval: 0 of 1 so far; 3 records, more than 2.",
    ):
        assert text in ran.out
    for flags in ([], ["--wait", "--timeout=9"]):
        again = cli("status", uid, *flags)
        assert (again.code, again.out) == (5, ran.out)
    document = cli("status", uid, "--wait", "--json").json
    assert (document["awaits"], document["deciders"]) == ("approval", ["anna", "bob"])


def test_who_may_decide_in_the_browser_only(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.deciders, odoo.standin.keys_may_decide = ["anna"], False
    ran = cli("run", "clean_old_orders")
    assert "In the browser, logged in" in ran.out
    assert "sentinel-ops approve" not in ran.out


def test_nobody_may_decide(cli: Cli, odoo: Odoo) -> None:
    uid = odoo.standin.seal(state="waiting", awaits="approval")
    ran = cli("status", uid)
    assert ran.code == 5
    assert "Nobody may: give the group Sentinel approval / Approver to somebody" in ran.out


def test_a_plan_says_who_may_decide(cli: Cli, odoo: Odoo) -> None:
    uid = odoo.standin.seal(mode="plan", status="dry_run", deciders=["anna"])
    ran = cli("status", uid)
    assert ran.code == 0
    assert "Nothing is changed before somebody approves.\nWho may decide: anna" in ran.out


def test_approve(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.deciders = ["anna"]
    cli("run", "clean_old_orders")
    (uid,) = odoo.standin.runs
    ran = cli("approve", uid, "--comment", "seen", ODOO_USERNAME="anna")
    assert ran.code == 0
    assert "✓ Approved: the plan p" in ran.out
    assert "(hash abababababab)." in ran.out
    assert f"sentinel-ops status {uid} --wait" in ran.out
    assert sent(odoo, "approve") == [{"uid": uid, "comment": "seen"}]
    done = cli("status", uid, "--wait")
    assert done.code == 0
    assert "by key" in done.out


def test_deny(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.deciders = ["anna"]
    cli("run", "clean_old_orders")
    (uid,) = odoo.standin.runs
    ran = cli("deny", uid, "--comment", "wrong ones", "--json", ODOO_USERNAME="anna")
    assert ran.code == 0
    assert ran.json["decision"] == "deny"
    assert sent(odoo, "deny") == [{"uid": uid, "comment": "wrong ones"}]
    ended = cli("status", uid)
    assert ended.code == 1
    assert "✗ denied" in ended.out


def test_a_refused_decision_says_why_and_nothing_else(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.deciders = ["anna"]
    cli("run", "clean_old_orders")
    (uid,) = odoo.standin.runs
    ran = cli("approve", uid)
    assert ran.code == 4
    assert ran.err.strip() == (
        "Error: Odoo refused: You asked for it, so somebody else has to decide."
    )
    ran = cli("approve", uid, ODOO_USERNAME="operator")
    assert ran.code == 4
    assert "Ask an administrator" in ran.err
    assert cli("approve", "0" * 32, ODOO_USERNAME="anna").code == 2


def test_cancel(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.deciders = ["anna"]
    cli("run", "clean_old_orders")
    (uid,) = odoo.standin.runs
    ran = cli("cancel", uid, "--reason", "not today")
    assert ran.code == 0
    assert f"The run {uid} stops before its next batch." in ran.out
    assert sent(odoo, "cancel") == [{"uid": uid, "reason": "not today"}]
    ended = cli("status", uid, "--wait")
    assert ended.code == 1
    assert "Cancelled by manager: not today" in ended.out
    again = cli("cancel", uid, "--reason", "not today")
    assert again.code == 2
    assert "has ended already" in again.err


ORDERS = pytest.mark.parametrize(
    ("order", "back", "words", "document"),
    [
        ("pause", "resume", ["clean_old_orders"], {"job": "clean_old_orders", "paused": True}),
        ("stop-all", "resume-all", [], {"stopped": True}),
    ],
)


@ORDERS
def test_stops_and_back(
    cli: Cli, odoo: Odoo, order: str, back: str, words: list[str], document: dict[str, Any]
) -> None:
    ran = cli(order, *words, "--reason", "prices change", "--json")
    assert ran.code == 0
    assert ran.json == {**document, "reason": "prices change"}
    assert list(odoo.standin.stopped.values()) == ["prices change"]
    again = cli(order, *words, "--reason", "prices change")
    assert again.code == 2
    assert "stopped already" in again.err
    ran = cli(back, *words, "--reason", "done")
    assert ran.code == 0
    assert "✓" in ran.out
    assert not odoo.standin.stopped
    assert cli(back, *words, "--reason", "done").code == 2


@ORDERS
def test_who_may_not_stop(
    cli: Cli, order: str, back: str, words: list[str], document: dict[str, Any]
) -> None:
    assert document
    for command in (order, back):
        ran = cli(command, *words, "--reason", "x", ODOO_USERNAME="operator")
        assert ran.code == 4


def test_a_job_that_is_not_there(cli: Cli) -> None:
    ran = cli("pause", "clean_old_order", "--reason", "x")
    assert ran.code == 2
    assert "There is no job" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ["deny", "0f0e"],
        ["cancel", "0f0e"],
        ["pause", "clean_old_orders"],
        ["resume", "clean_old_orders"],
        ["stop-all"],
        ["resume-all"],
    ],
)
def test_no_stop_without_a_reason(cli: Cli, odoo: Odoo, words: list[str]) -> None:
    assert cli(*words).code == 2
    assert not odoo.standin.calls


def test_an_order_whose_answer_is_lost_is_not_given_twice(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.misbehave("stop_all", "drop")
    ran = cli("stop-all", "--reason", "fire")
    assert ran.code == 3
    assert odoo.standin.counted("stop_all") == 1
    assert "It is not known whether Odoo got the order. Give it again" in ran.err
    ran = cli("stop-all", "--reason", "fire")
    assert ran.code == 2
    assert "stopped already" in ran.err


def test_an_order_that_odoo_broke_over_may_be_done(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.misbehave("stop_all", "fault_after", value=BROKEN)
    ran = cli("stop-all", "--reason", "fire")
    assert ran.code != 0
    assert odoo.standin.counted("stop_all") == 1
    assert "It is not known whether Odoo got the order. Give it again" in ran.err
    assert "stopped already" in cli("stop-all", "--reason", "fire").err


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("1,3", [1, 3]), ("1-3", [1, 2, 3]), ("3, 1-2,2", [1, 2, 3]), ("2-2", [2])],
)
def test_chosen_lines(cli: Cli, odoo: Odoo, text: str, numbers: list[int]) -> None:
    ran = cli("run", "clean_old_orders", "--plan=0f0e", f"--lines={text}")
    assert ran.code == 0
    (asked,) = sent(odoo, "trigger")
    assert (asked["plan"], asked["lines"], asked["mode"]) == ("0f0e", numbers, "live")


def test_all_lines_unless_some_are_chosen(cli: Cli, odoo: Odoo) -> None:
    cli("run", "clean_old_orders", "--plan=0f0e")
    (asked,) = sent(odoo, "trigger")
    assert "lines" not in asked


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must be numbers and ranges"),
        ("1,,2", "must be numbers and ranges"),
        ("1-", "must be numbers and ranges"),
        ("all", "must be numbers and ranges"),
        ("0", "must go up, from 1"),
        ("5-3", "must go up, from 1"),
        ("9999999999", "must go up, from 1"),
        ("1-2147483647", "100,000 lines at the most"),
        ("1-100000,100001", "100,000 lines at the most"),
    ],
)
def test_a_bad_choice_is_not_sent(cli: Cli, odoo: Odoo, text: str, says: str) -> None:
    ran = cli("run", "clean_old_orders", "--plan=0f0e", f"--lines={text}")
    assert ran.code == 2
    assert says in ran.err
    assert not odoo.standin.calls


def test_lines_are_chosen_from_a_plan(cli: Cli, odoo: Odoo) -> None:
    ran = cli("run", "clean_old_orders", "--lines=5")
    assert ran.code == 2
    assert "name it with --plan" in ran.err
    assert not odoo.standin.calls
    ran = cli("run", "clean_old_orders", "--plan=0f0e", "--lines=9")
    assert ran.code == 2
    assert "no planned lines" in ran.err


@pytest.mark.parametrize("command", [["run", "clean_old_orders"], ["status", "clean_old_orders"]])
def test_how_many_lines_are_shown(cli: Cli, odoo: Odoo, command: list[str]) -> None:
    odoo.standin.lines_per_run = 12
    odoo.standin.seal(lines=12)
    ran = cli(*command, "--show=2")
    assert "The first 2 of 12 records (more with --show, or in the browser):" in ran.out
    assert [cells[0] for cells in rows(ran.out, "Line")] == ["1", "2"]
    assert "Line   Record" not in cli(*command, "--show=0").out
