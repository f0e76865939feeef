"""Who is let in, how much, and how every error looks."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from auditor.adapters.http.door import Door
from auditor.adapters.http.rate import TokenBucket
from auditor.adapters.http.routes import ROUTES
from auditor.errors import BadInput
from tests.auditor.conftest import Odoo
from tests.auditor.http.conftest import TOKEN, Ask, Open, asked
from tests.auditor.standin import PASSWORD

LIVE = {"job": "clean_old_orders", "dry_run": False}
STRANGER = {"peer": "203.0.113.9"}
EVERYTHING = [
    ("GET", "/jobs"),
    ("GET", "/health?deep=1"),
    ("GET", "/health?deep=0&deep=1"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/runs/1"),
    ("GET", "/nothing"),
    ("PUT", "/health"),
    ("POST", "/pull"),
    ("POST", "/execute"),
]


def bearer(token: str) -> dict[str, Any]:
    return {"headers": {"authorization": f"Bearer {token}"}}


def test_everything_is_tried() -> None:
    tried = {(method, path.partition("?")[0]) for method, path in EVERYTHING}
    assert {(route.method, route.path.replace("{id}", "1")) for route in ROUTES} <= tried


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer "},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": f"Bearer {TOKEN[:-1]}"},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": TOKEN},
        {"authorization": "Bearer tökén"},
        {"x-serverless-authorization": "Bearer x.y.SIGNATURE_REMOVED_BY_GOOGLE"},
    ],
)
def test_with_a_token_everything_needs_it(
    open_door: Open, odoo: Odoo, method: str, path: str, headers: dict[str, str]
) -> None:
    for platform in (False, True):
        door = open_door(SENTINEL_HTTP_TOKEN=TOKEN, platform=platform)
        answer = asked(door, method, path, LIVE if method == "POST" else None, headers=headers)
        assert (answer.status, answer.error["code"]) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert odoo.standin.calls == []


def test_with_the_token_from_anywhere(open_door: Open, odoo: Odoo) -> None:
    odoo.standin.states = ["done"]
    door = open_door(SENTINEL_HTTP_TOKEN=TOKEN)
    assert asked(door, "GET", "/jobs", **bearer(TOKEN), **STRANGER).status == 200
    assert asked(door, "POST", "/execute", LIVE, **bearer(TOKEN), **STRANGER).status == 200
    assert asked(door, "GET", "/jobs", headers={"authorization": f"bearer {TOKEN}"}).status == 200


@pytest.mark.parametrize("settings", [{}, {"SENTINEL_HTTP_TOKEN": TOKEN}])
def test_shallow_health_is_for_everybody(
    open_door: Open, odoo: Odoo, settings: dict[str, str]
) -> None:
    answer = asked(open_door(**settings), "GET", "/health", **STRANGER)
    assert (answer.status, answer.json["ok"], odoo.standin.calls) == (200, True, [])
    assert set(answer.json) == {"ok", "service", "version"}


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
@pytest.mark.parametrize(
    "more",
    [
        STRANGER,
        {"peer": "10.0.0.7"},
        {"peer": "::ffff:203.0.113.9"},
        {"peer": ""},
        {"peer": "unix"},
        {"headers": {"x-forwarded-for": "203.0.113.9"}},
        {"headers": {"forwarded": "for=203.0.113.9"}},
        {"headers": {"x-real-ip": "127.0.0.1"}},
        {"headers": {"via": "1.1 proxy"}},
        {"headers": {"host": "rebound.example.com:8080"}},
        {"headers": {"origin": "https://evil.example.com"}},
        {**STRANGER, "headers": {"authorization": "Bearer x.y.SIGNATURE_REMOVED_BY_GOOGLE"}},
    ],
)
def test_without_a_token_only_this_machine_is_answered(
    open_door: Open, odoo: Odoo, method: str, path: str, more: dict[str, Any]
) -> None:
    answer = asked(open_door(), method, path, LIVE if method == "POST" else None, **more)
    assert (answer.status, odoo.standin.calls) == (401, [])
    assert "SENTINEL_HTTP_TOKEN" in answer.error["remedy"]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"peer": "::1", "headers": {"host": "[::1]:8080"}},
        {"peer": "::1", "headers": {"host": "[::1]"}},
        {"peer": "::ffff:127.0.0.1"},
        {"peer": "127.8.8.8", "headers": {"host": "127.0.0.1"}},
        {"headers": {"host": "LOCALHOST"}},
        {"headers": {"host": ""}},
    ],
)
def test_this_machine(open_door: Open, more: dict[str, Any]) -> None:
    assert asked(open_door(), "GET", "/jobs", **more).status == 200


@pytest.mark.parametrize("more", [{}, {"mode": "live"}, {"plan": "1"}, {"job": "cron_health"}])
def test_without_a_token_nothing_is_changed(
    open_door: Open, odoo: Odoo, more: dict[str, Any]
) -> None:
    """nginx's plain proxy_pass: a stranger comes from this machine, under its own name."""
    proxied = {"headers": {"host": "127.0.0.1:8080", "connection": "close"}}
    answer = asked(open_door(), "POST", "/execute", {**LIVE, **more}, **proxied)
    assert (answer.status, answer.error["code"]) == (403, "token_needed")
    assert "SENTINEL_HTTP_TOKEN" in answer.error["remedy"]
    assert odoo.standin.calls == []


@pytest.mark.parametrize("more", [{}, {"dry_run": True}, {"mode": "simulate"}])
def test_without_a_token_this_machine_may_look_and_plan(
    open_door: Open, odoo: Odoo, more: dict[str, Any]
) -> None:
    odoo.standin.states = ["done"]
    door = open_door()
    answer = asked(door, "POST", "/execute", {"job": "clean_old_orders", **more})
    assert (answer.status, answer.json["dry_run"]) == (200, True)
    assert asked(door, "GET", f"/runs/{answer.json['uid']}").status == 200


@pytest.mark.parametrize(
    "header", ["authorization", "x-serverless-authorization", "x-goog-iap-jwt-assertion"]
)
def test_on_the_platform_iam_has_checked_the_caller(
    open_door: Open, odoo: Odoo, header: str
) -> None:
    odoo.standin.states = ["done"]
    door = open_door(platform=True)
    let_in = {"headers": {header: "Bearer x.y.SIGNATURE_REMOVED_BY_GOOGLE"}, **STRANGER}
    assert asked(door, "POST", "/execute", LIVE, **let_in).status == 200


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
def test_on_the_platform_an_open_service_is_noticed(
    open_door: Open, odoo: Odoo, method: str, path: str
) -> None:
    door = open_door(platform=True)
    answer = asked(door, method, path, LIVE if method == "POST" else None)
    assert (answer.status, odoo.standin.calls) == (401, [])
    assert "allUsers" in answer.error["remedy"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"platform": True}, "relies on IAM"),
        ({}, "answers this machine only"),
        ({"SENTINEL_HTTP_TOKEN": TOKEN}, "asks for its token"),
    ],
)
def test_the_log_says_who_guards(
    open_door: Open, caplog: pytest.LogCaptureFixture, given: dict[str, Any], says: str
) -> None:
    with caplog.at_level(logging.INFO, logger="auditor"):
        open_door(**given)
    assert says in caplog.text
    assert TOKEN not in caplog.text


def test_a_token_that_can_be_guessed_is_refused(open_door: Open) -> None:
    with pytest.raises(BadInput, match="shorter than 16") as refused:
        open_door(SENTINEL_HTTP_TOKEN="short-token")
    assert "short-token" not in str(refused.value) + refused.value.remedy


# --- how much ---------------------------------------------------------------------------------


def test_more_requests_than_it_answers(open_door: Open) -> None:
    at = [0.0]
    door = open_door(
        SENTINEL_HTTP_TOKEN=TOKEN,
        callers=TokenBucket(0.5, 2, clock=lambda: at[0]),
        strangers=TokenBucket(1, 3, clock=lambda: at[0]),
    )

    def of(count: int, **more: Any) -> list[int]:
        return [asked(door, "GET", "/nothing", **more).status for _ in range(count)]

    assert of(5) == [401, 401, 401, 429, 429]
    # Strangers took nothing from those who are known.
    assert of(3, **bearer(TOKEN)) == [404, 404, 429]
    answer = asked(door, "GET", "/jobs", **bearer(TOKEN))
    assert (answer.error["code"], answer.headers["Retry-After"]) == ("too_many_requests", "2")
    at[0] = 2.0
    assert of(2, **bearer(TOKEN)) == [404, 429]
    assert asked(door, "GET", "/health", **STRANGER).status == 200


def test_a_door_is_bounded_unless_told_otherwise(open_door: Open) -> None:
    from auditor.settings import load

    open_door()
    door = Door(load(), platform=False, clock=lambda: 0.0)
    statuses = [asked(door, "GET", "/nothing").status for _ in range(101)]
    assert statuses == [404] * 100 + [429]


@pytest.mark.parametrize("path", ["/execute", "/health", "/nothing"])
def test_a_body_that_is_too_large(ask: Ask, odoo: Odoo, path: str) -> None:
    answer = ask("POST", path, b'{"job": "' + b"x" * 64 * 1024 + b'"}')
    assert (answer.status, answer.error["code"], odoo.standin.calls) == (413, "too_large", [])
    filled = b'{"job": "clean_old_orders"}'.ljust(64 * 1024)
    assert ask("POST", "/execute", filled).status == 200


# --- addresses and errors -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/health", "GET, HEAD"),
        ("GET", "/execute", "POST"),
        ("HEAD", "/pull", "POST"),
        ("OPTIONS", "/execute", "POST"),
        ("TRACE", "/jobs", "GET, HEAD"),
        ("DELETE", "/runs/x", "GET, HEAD"),
    ],
)
def test_wrong_methods(ask: Ask, method: str, path: str, allowed: str) -> None:
    answer = ask(method, path)
    assert (answer.status, answer.headers["Allow"]) == (405, allowed)
    assert not any(name.lower().startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize("path", ["/", "/Jobs", "/jobs/x", "/jobs.json", "//jobs", "/runs/a/b"])
def test_what_is_not_there(ask: Ask, path: str) -> None:
    answer = ask("GET", path)
    assert (answer.status, answer.error["code"]) == (404, "not_found")
    assert "GET /jobs" in answer.error["remedy"]


def test_a_slash_at_the_end_and_head_do_no_harm(ask: Ask) -> None:
    assert ask("GET", "/jobs/").json["jobs"][0]["code"] == "clean_old_orders"
    assert ask("HEAD", "/health").status == 200


def test_nothing_is_kept_by_caches(ask: Ask) -> None:
    for answer in (ask("GET", "/jobs"), ask("GET", "/nothing")):
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("mood", "value", "status", "code"),
    [
        ("fault", (3, "Access Denied"), 403, "forbidden"),
        ("fault", (4, "You are not allowed"), 403, "forbidden"),
        ("fault", (2, "Nothing doing."), 400, "refused_by_odoo"),
        ("fault", (1, "Traceback (most recent call last):\nBoom: s3cr3t"), 502, "odoo_unreachable"),
        ("html", None, 502, "odoo_unreachable"),
        ("status", 500, 502, "odoo_unreachable"),
        ("answer", {"contract": 9}, 502, "odoo_unreachable"),
        ("answer", "nonsense", 502, "odoo_unreachable"),
    ],
)
def test_what_goes_wrong_in_odoo(
    ask: Ask, odoo: Odoo, mood: str, value: Any, status: int, code: str
) -> None:
    if "s3cr3t" in str(value):
        value = (value[0], value[1].replace("s3cr3t", odoo.env["ODOO_PASSWORD"]))
    odoo.standin.misbehave("catalog", mood, value=value, times=3)
    answer = ask("GET", "/jobs")
    assert (answer.status, answer.error["code"]) == (status, code)


def test_odoo_too_slow(open_door: Open, odoo: Odoo) -> None:
    odoo.standin.misbehave("catalog", "slow", value=2)
    answer = asked(open_door(ODOO_TIMEOUT="0.3"), "GET", "/jobs")
    assert (answer.status, answer.error["code"]) == (504, "odoo_too_slow")


def test_settings_that_are_missing_are_the_doors_fault(open_door: Open) -> None:
    answer = asked(open_door(ODOO_PASSWORD=""), "GET", "/jobs")
    assert (answer.status, answer.error["code"]) == (500, "misconfigured")
    assert "ODOO_PASSWORD" in answer.error["message"]


def test_a_bug_is_told_without_its_traceback(
    open_door: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_door: Door) -> None:
        raise ZeroDivisionError(PASSWORD)

    monkeypatch.setattr(Door, "client", broken)
    with caplog.at_level(logging.ERROR, logger="auditor"):
        answer = asked(open_door(), "GET", "/jobs")
    assert (answer.status, answer.error["code"]) == (500, "internal")
    assert "ZeroDivisionError" in caplog.text
    assert "ZeroDivision" not in answer.text
