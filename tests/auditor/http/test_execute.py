"""``POST /execute`` and ``GET /runs/{id}``: what is sent to Odoo and what comes back."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.auditor.conftest import Odoo
from tests.auditor.http.conftest import TOKEN, Ask, Open, asked, known
from tests.auditor.standin import BROKEN

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def triggers(odoo: Odoo) -> list[dict[str, Any]]:
    return [named for name, named in odoo.standin.calls if name == "trigger"]


def test_the_request_of_the_contract(ask: Ask, odoo: Odoo) -> None:
    answer = ask("POST", "/execute", {"job": "clean_old_orders", "dry_run": True})
    assert answer.status == 200
    (sent,) = triggers(odoo)
    assert (sent["code"], sent["mode"], sent["parameters"]) == ("clean_old_orders", "plan", {})
    found = answer.json
    assert (found["status"], found["ok"], found["dry_run"]) == ("dry_run", True, True)
    assert [found[f"records_{what}"] for what in ("checked", "updated", "skipped")] == [3, 0, 0]
    assert found["errors"] == []
    assert found["kpis"][0]["name"] == "stale_total"
    assert found["link"] == f"{odoo.url}/odoo/sentinel-runs/123"
    assert answer.headers["Location"] == f"/runs/{found['uid']}"


@pytest.mark.parametrize("body", [{}, {"dry_run": True}, {"mode": "plan"}])
def test_nothing_is_live_by_accident(ask: Ask, odoo: Odoo, body: dict[str, Any]) -> None:
    assert ask("POST", "/execute", {"job": "clean_old_orders", **body}).status == 200
    assert [sent["mode"] for sent in triggers(odoo)] == ["plan"]


@pytest.mark.parametrize("value", ["false", 0, None, "", [], {}, 0.0, "no"])
def test_only_a_real_false_is_false(ask: Ask, odoo: Odoo, value: Any) -> None:
    answer = ask("POST", "/execute", {"job": "clean_old_orders", "dry_run": value})
    assert (answer.status, answer.error["code"], triggers(odoo)) == (400, "bad_input", [])
    assert "dry_run" in answer.error["message"]


@pytest.mark.parametrize(
    ("body", "mode"),
    [
        ({"dry_run": False}, "live"),
        ({"dry_run": False, "mode": "live"}, "live"),
        ({"dry_run": False, "plan": UNKNOWN}, "live"),
        ({"mode": "simulate"}, "simulate"),
        ({"mode": "simulate", "plan": UNKNOWN}, "simulate"),
        ({"mode": None}, "plan"),
    ],
)
def test_modes(ask: Ask, odoo: Odoo, body: dict[str, Any], mode: str) -> None:
    answer = ask("POST", "/execute", {"job": "clean_old_orders", **body})
    assert answer.status == 200
    (sent,) = triggers(odoo)
    assert (sent["mode"], sent["plan"]) == (mode, body.get("plan", ""))
    assert answer.json["dry_run"] is (mode != "live")


@pytest.mark.parametrize(
    "body",
    [
        {"mode": "live"},
        {"mode": "live", "dry_run": True},
        {"mode": "plan", "dry_run": False},
        {"mode": "simulate", "dry_run": False},
        {"plan": UNKNOWN},
        {"plan": UNKNOWN, "mode": "plan"},
        {"mode": "Live", "dry_run": False},
    ],
)
def test_contradictions_are_refused(ask: Ask, odoo: Odoo, body: dict[str, Any]) -> None:
    answer = ask("POST", "/execute", {"job": "clean_old_orders", **body})
    assert (answer.status, triggers(odoo)) == (400, [])


def test_what_only_reads_has_no_live_run(ask: Ask, odoo: Odoo) -> None:
    assert ask("POST", "/execute", {"job": "cron_health", "dry_run": False}).status == 200
    assert [sent["mode"] for sent in triggers(odoo)] == ["plan"]
    asked_for = {"job": "cron_health", "dry_run": False, "mode": "live"}
    assert ask("POST", "/execute", asked_for).status == 409
    carried_out = {"job": "cron_health", "dry_run": False, "plan": UNKNOWN}
    assert ask("POST", "/execute", carried_out).status == 409
    assert len(triggers(odoo)) == 1


def test_the_context_travels_to_odoo(ask: Ask, odoo: Odoo) -> None:
    body = {
        "job": "clean_old_orders",
        "reason": "quarter end",
        "parameters": {"days": 60, "limit": 100, "share": 0.5, "notify_owner": False},
    }
    answer = ask("POST", "/execute", body, headers={"x-request-id": "req-77"})
    assert answer.status == 200
    (sent,) = triggers(odoo)
    assert sent["parameters"] == body["parameters"]
    assert type(sent["parameters"]["notify_owner"]) is bool
    assert (sent["reason"], sent["origin"]["source"]) == ("quarter end", "http")
    assert sent["origin"]["request_id"] == "req-77" == answer.headers["X-Request-Id"]
    assert answer.json["source"] == "http"


@pytest.mark.parametrize(
    ("header", "value", "found"),
    [
        ("traceparent", f"00-{'ab' * 16}-{'cd' * 8}-01", "ab" * 16),
        ("x-cloud-trace-context", f"{'ef' * 16}/123;o=1", "ef" * 16),
        ("x-request-id", "a b\r\nSet-Cookie: x", ""),
        ("x-request-id", "x" * 129, ""),
        ("traceparent", "nonsense", ""),
    ],
)
def test_the_id_of_the_request(ask: Ask, header: str, value: str, found: str) -> None:
    given = ask("GET", "/health", headers={header: value}).headers["X-Request-Id"]
    assert given == found if found else (given != value and len(given) == 36)


def test_a_long_run_is_202_and_is_looked_at_later(ask: Ask, odoo: Odoo) -> None:
    odoo.standin.states = ["queued", "running", "done"]
    answer = ask("POST", "/execute", {"job": "clean_old_orders", "wait_seconds": 0})
    assert answer.status == 202
    found = answer.json
    assert (found["state"], found["status"], found["ok"]) == ("queued", "", None)
    assert answer.headers["Retry-After"]
    where = answer.headers["Location"]
    assert where == f"/runs/{found['uid']}"
    assert ask("GET", where).json["state"] == "running"
    assert ask("GET", where).json["ok"] is True


def test_waiting_is_bounded(open_door: Open, odoo: Odoo) -> None:
    odoo.standin.states = ["running"]
    moments = iter(range(0, 10_000, 5))
    door = open_door(clock=lambda: float(next(moments)))
    answer = asked(door, "POST", "/execute", {"job": "clean_old_orders", "wait_seconds": 10})
    assert (answer.status, answer.json["state"], answer.json["ok"]) == (202, "running", None)


@pytest.mark.parametrize("seconds", [-1, 51, "10", float("inf"), 1e999])
def test_nobody_waits_for_ever(ask: Ask, seconds: Any) -> None:
    assert ask("POST", "/execute", {"job": "x", "wait_seconds": seconds}).status == 400


def test_a_run_that_waits_for_approval_is_202(ask: Ask, odoo: Odoo) -> None:
    odoo.standin.deciders = ["anna"]
    answer = ask("POST", "/execute", {"job": "clean_old_orders", "dry_run": False})
    assert (answer.status, answer.json["awaits"]) == (202, "approval")
    assert (answer.json["deciders"], answer.json["ok"]) == (["anna"], None)


@pytest.mark.parametrize(
    ("ending", "ok"),
    [
        ({"status": "success", "verdict": "pass"}, True),
        ({"status": "success", "verdict": "fail"}, False),
        ({"status": "success", "verdict": "error"}, False),
        ({"status": "partial", "verdict": ""}, False),
        ({"status": "aborted", "verdict": ""}, False),
        ({"status": "failure", "verdict": ""}, False),
    ],
)
def test_ok_is_only_what_ended_well(ask: Ask, odoo: Odoo, ending: dict[str, str], ok: bool) -> None:
    odoo.standin.ending = ending
    answer = ask("POST", "/execute", {"job": "clean_old_orders"})
    assert (answer.status, answer.json["ok"]) == (200, ok)


def test_odoo_gone_while_waiting_does_not_lose_the_run(open_door: Open, odoo: Odoo) -> None:
    odoo.standin.misbehave("status", "status", value=500, times=9)
    moments = iter(range(0, 10_000, 5))
    door = open_door(clock=lambda: float(next(moments)))
    answer = asked(door, "POST", "/execute", {"job": "clean_old_orders", "wait_seconds": 10})
    assert (answer.status, answer.json["ok"]) == (202, None)
    assert "HTTP 500" in " ".join(answer.json["messages"])
    assert answer.json["uid"] in odoo.standin.runs


@pytest.mark.parametrize("seconds", [0, 10])
@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (BROKEN, "terminating connection due to administrator command"),
        ((2, "There is no such run."), "There is no such run."),
        ((3, "Access Denied"), "refused the login"),
        ((4, "You are not allowed to read that."), "not allowed to read that"),
    ],
)
def test_a_fault_while_waiting_does_not_lose_the_run(
    ask: Ask, odoo: Odoo, fault: tuple[int, str], says: str, seconds: float
) -> None:
    odoo.standin.misbehave("status", "fault", value=fault)
    body = {"job": "clean_old_orders", "dry_run": False, "wait_seconds": seconds}
    answer = ask("POST", "/execute", body)
    (uid,) = odoo.standin.runs
    assert (answer.status, answer.json["uid"], answer.json["ok"]) == (202, uid, None)
    assert answer.headers["Location"] == f"/runs/{uid}"
    assert says in " ".join(answer.json["messages"])
    again = ask(
        "POST", "/execute", body, headers={"idempotency-key": answer.json["idempotency_key"]}
    )
    assert (again.json["uid"], again.json["repeated"]) == (uid, True)


# --- the key ----------------------------------------------------------------------------------


def test_the_same_key_gives_the_same_run(ask: Ask) -> None:
    body = {"job": "clean_old_orders", "parameters": {"days": 60}}
    answers = [
        ask("POST", "/execute", body, headers={"idempotency-key": key})
        for key in ("order-1", "order-1", '"order-1"')
    ]
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert len({answer.json["uid"] for answer in answers}) == 1
    assert [answer.json["repeated"] for answer in answers] == [False, True, True]
    assert answers[0].json["idempotency_key"] == "order-1"


def test_a_key_of_another_request_is_a_conflict(ask: Ask) -> None:
    headers = {"idempotency-key": "order-1"}
    body = {"job": "clean_old_orders"}
    assert ask("POST", "/execute", body, headers=headers).status == 200
    answer = ask("POST", "/execute", {**body, "parameters": {"days": 61}}, headers=headers)
    assert (answer.status, answer.error["code"]) == (409, "key_conflict")


def test_two_at_once_with_one_key_make_one_run(open_door: Open, odoo: Odoo) -> None:
    door = open_door(SENTINEL_HTTP_TOKEN=TOKEN)
    together = threading.Barrier(4)
    answers = []

    def one() -> None:
        together.wait()
        answers.append(
            known(
                door,
                "POST",
                "/execute",
                {"job": "clean_old_orders", "dry_run": False},
                headers={"idempotency-key": "k-1"},
            )
        )

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status for answer in answers] == [200] * 4
    assert len(odoo.standin.runs) == 1
    assert sorted(answer.json["repeated"] for answer in answers) == [False, True, True, True]


def test_a_lost_answer_is_asked_for_again_and_makes_no_second_run(ask: Ask, odoo: Odoo) -> None:
    odoo.standin.misbehave("trigger", "drop")
    assert ask("POST", "/execute", {"job": "clean_old_orders"}).status == 200
    assert (len(triggers(odoo)), len(odoo.standin.runs)) == (2, 1)


def test_when_the_answer_stays_lost_the_key_is_told(ask: Ask, odoo: Odoo) -> None:
    odoo.standin.misbehave("trigger", "drop", times=3)
    answer = ask("POST", "/execute", {"job": "clean_old_orders"})
    assert (answer.status, answer.error["code"]) == (502, "odoo_unreachable")
    key = answer.error["idempotency_key"]
    assert key in answer.error["remedy"]
    again = ask("POST", "/execute", {"job": "clean_old_orders"}, headers={"idempotency-key": key})
    assert (again.status, again.json["repeated"], len(odoo.standin.runs)) == (200, True, 1)


def test_when_odoo_breaks_over_the_request_the_key_is_told(ask: Ask, odoo: Odoo) -> None:
    odoo.standin.misbehave("trigger", "fault_after", value=BROKEN)
    body = {"job": "clean_old_orders", "dry_run": False}
    answer = ask("POST", "/execute", body)
    assert (answer.status, answer.error["code"]) == (502, "odoo_unreachable")
    assert "It is not known whether Odoo got the request." in answer.error["remedy"]
    key = answer.error["idempotency_key"]
    assert key in answer.error["remedy"]
    again = ask("POST", "/execute", body, headers={"idempotency-key": key})
    assert (again.status, again.json["repeated"], len(odoo.standin.runs)) == (200, True, 1)


@pytest.mark.parametrize("key", ["", " ", '""', "a b", "k" * 201, "kéy", "a\tb"])
def test_a_key_that_is_none(ask: Ask, odoo: Odoo, key: str) -> None:
    answer = ask("POST", "/execute", {"job": "clean_old_orders"}, headers={"idempotency-key": key})
    if key == '""':
        assert answer.status == 200  # two quotes are two signs
        return
    assert (answer.status, triggers(odoo)) == (400, [])


# --- what can't be used -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 60_000, "nested too deeply"),
        (b'{"job": "clean_old_orders", "dry_run": true, "dry_run": false}', "twice"),
        (b'{"job": "x", "parameters": {"days": NaN}}', "NaN is no number"),
        (b'{"job": "x", "parameters": {"days": 1e999}}', "finite"),
        (b'{"job": "x", "parameters": {"days": ' + b"9" * 5000 + b"}}", ""),
        (b'{"job": "x", "parameters": {"days": null}}', "days"),
        (b'{"job": "x", "parameters": {"days": [1]}}', "days"),
        (b'{"job": "x", "parameters": []}', "parameters"),
        (b'{"job": "x", "dryrun": false}', "dryrun"),
        (b'{"job": ""}', "job"),
        (b'{"job": 5}', "job"),
        (b'{"job": "x", "reason": "a\\u0000b"}', "reason"),
        (b'{"job": "x", "reason": "\\ud800"}', ""),
        (b"[]", "body"),
        (b'"x"', "body"),
        (b"null", "body"),
        (b"", "job"),
    ],
)
def test_bad_bodies(ask: Ask, odoo: Odoo, body: bytes, says: str) -> None:
    answer = ask("POST", "/execute", body)
    assert (answer.status, answer.error["code"]) == (400, "bad_input"), answer.text
    assert says in answer.error["message"]
    assert answer.error["remedy"]
    assert triggers(odoo) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": ""},
        {"content-encoding": "gzip"},
    ],
)
def test_only_json_is_read(ask: Ask, odoo: Odoo, headers: dict[str, str]) -> None:
    answer = ask("POST", "/execute", {"job": "clean_old_orders"}, headers=headers)
    assert (answer.status, answer.error["code"], triggers(odoo)) == (415, "not_json", [])


def test_a_job_that_is_not_there(ask: Ask, odoo: Odoo) -> None:
    answer = ask("POST", "/execute", {"job": "clean_old_order"})
    assert (answer.status, answer.error["code"]) == (404, "job_unknown")
    assert "Did you mean clean_old_orders?" in answer.error["message"]
    unavailable = ask("POST", "/execute", {"job": "release_stuck_transfers"})
    assert (unavailable.status, unavailable.error["code"]) == (409, "job_unavailable")
    assert "Inventory is not installed" in unavailable.error["message"]
    assert odoo.standin.runs == {}


def test_what_was_accepted_stays_accepted_though_the_job_is_unavailable_since(
    ask: Ask, odoo: Odoo
) -> None:
    headers = {"idempotency-key": "order-1"}
    first = ask("POST", "/execute", {"job": "clean_old_orders"}, headers=headers)
    odoo.standin.jobs[0].update(available=False, unavailable_reason="Sales was removed.")
    again = ask("POST", "/execute", {"job": "clean_old_orders"}, headers=headers)
    assert (again.status, again.json["repeated"]) == (200, True), again.text
    assert again.json["uid"] == first.json["uid"]
    another = {"job": "clean_old_orders", "parameters": {"days": 61}}
    conflict = ask("POST", "/execute", another, headers=headers)
    assert (conflict.status, conflict.error["code"]) == (409, "key_conflict")
    new = ask("POST", "/execute", {"job": "clean_old_orders"})
    assert (new.status, new.error["code"]) == (409, "job_unavailable")
    assert "Sales was removed." in new.error["message"]
    assert len(odoo.standin.runs) == 1


def test_odoo_says_no(ask: Ask) -> None:
    answer = ask("POST", "/execute", {"job": "clean_old_orders", "parameters": {"days": 13}})
    assert (answer.status, answer.error["code"]) == (400, "refused_by_odoo")
    assert "13 is unlucky" in answer.error["message"]


# --- runs ---------------------------------------------------------------------------------------


def test_a_run_with_its_lines(ask: Ask, odoo: Odoo) -> None:
    odoo.standin.lines_per_run = 5
    where = ask("POST", "/execute", {"job": "clean_old_orders"}).headers["Location"]
    bare = ask("GET", where).json
    assert (bare["lines"], bare["line_total"], bare["next_line"]) == ([], None, 0)
    first = ask("GET", f"{where}?lines=3").json
    assert [line["position"] for line in first["lines"]] == [1, 2, 3]
    assert (first["line_total"], first["next_line"]) == (5, 3)
    second = ask("GET", f"{where}?lines=3&after=3").json
    assert [line["position"] for line in second["lines"]] == [4, 5]
    assert second["next_line"] == 0


def test_a_run_that_is_not_there(ask: Ask) -> None:
    answer = ask("GET", f"/runs/{UNKNOWN}")
    assert (answer.status, answer.error["code"]) == (404, "run_unknown")
    assert ask("GET", "/runs/..%2fetc").status == 404
    assert ask("GET", "/runs").status == 404


@pytest.mark.parametrize(
    "query", ["lines=-1", "lines=501", "lines=x", "lines=1&lines=2", "after=-1"]
)
def test_lines_that_cannot_be(ask: Ask, query: str) -> None:
    answer = ask("GET", f"/runs/{UNKNOWN}?{query}")
    assert (answer.status, answer.error["code"]) == (400, "bad_input")
