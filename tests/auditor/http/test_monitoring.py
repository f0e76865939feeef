"""``GET /health``, ``POST /pull`` and ``GET /metrics``: never "all good" for "could not say"."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from auditor.adapters.http.prometheus import Metric, render
from auditor.stores.sqlite import SqliteStore
from tests.auditor.conftest import Odoo
from tests.auditor.http.conftest import Answered, Ask, Open, asked
from tests.auditor.standin_watch import watched_job
from tests.support.slack import slack_standin

DEEP = "/health?deep=1"
ONE_MINUTE_ON = datetime(2026, 1, 31, 12, 1, 1, tzinfo=timezone.utc)


def nobody_there() -> str:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{held.getsockname()[1]}"


# --- health -----------------------------------------------------------------------------------


def test_deep_health_asks_odoo_and_the_store(ask: Ask, odoo: Odoo) -> None:
    odoo.standin.seal()
    assert ask("POST", "/pull").status == 200
    answer = ask("GET", DEEP)
    assert (answer.status, answer.json["ok"]) == (200, True)
    assert answer.json["odoo"]["health"]["database"] == "acme"
    (chain,) = answer.json["store"]["chains"]
    assert (chain["chain"], chain["position"]) == (odoo.standin.chain, "1")


def test_deep_health_tells_what_odoo_tells(ask: Ask, odoo: Odoo) -> None:
    odoo.standin.seal()
    ask("POST", "/pull")
    odoo.standin.problems = [{"code": "no_cron", "message": "No worker.", "remedy": "Start it."}]
    answer = ask("GET", DEEP)
    assert (answer.status, answer.json["ok"], answer.json["odoo"]["ok"]) == (503, False, False)
    assert answer.json["odoo"]["health"]["problems"][0]["message"] == "No worker."


def test_deep_health_when_nothing_can_be_asked(open_door: Open) -> None:
    answer = asked(open_door(ODOO_URL=nobody_there()), "GET", DEEP)
    assert (answer.status, answer.json["ok"]) == (503, False)
    assert "Cannot connect" in answer.json["odoo"]["problem"]["message"]
    assert answer.json["odoo"]["health"] is None
    assert "Nothing has been pulled" in answer.json["store"]["problem"]["message"]


@pytest.mark.parametrize(("value", "status"), [("0", 200), ("true", 503), ("x", 400), ("", 400)])
def test_how_deep(ask: Ask, odoo: Odoo, value: str, status: int) -> None:
    odoo.standin.misbehave("health", "status", value=500)
    assert ask("GET", f"/health?deep={value}").status == status


# --- pull -------------------------------------------------------------------------------------


def test_pull_copies_what_is_sealed_once(open_door: Open, odoo: Odoo, store: Path) -> None:
    odoo.standin.consumers["archive"] = {}
    door = open_door(SENTINEL_CONSUMER="archive")
    for _ in range(2):
        odoo.standin.seal(lines=2)
    odoo.standin.happen()
    first = asked(door, "POST", "/pull")
    assert first.status == 200
    counts = [first.json[name] for name in ("runs", "events", "lines", "position", "store")]
    assert counts == [2, 1, 4, "3", str(store)]
    assert odoo.standin.consumers["archive"]["position"] == 3
    again = asked(door, "POST", "/pull", {})
    assert [again.json[name] for name in ("runs", "events", "position")] == [0, 0, "3"]


def test_a_broken_chain_is_named(ask: Ask, odoo: Odoo) -> None:
    for _ in range(3):
        odoo.standin.seal()
    odoo.standin.settle()
    odoo.standin.entries[1]["content"] = odoo.standin.entries[1]["content"].replace("1234", "9")
    answer = ask("POST", "/pull")
    assert (answer.status, answer.error["code"]) == (500, "trail_broken")
    assert (answer.error["break"], answer.error["position"]) == ("content_edited", "2")
    assert ask("GET", "/metrics").text.count('where="store"') == 1


def test_a_file_of_a_function_is_no_store(open_door: Open, odoo: Odoo, store: Path) -> None:
    odoo.standin.seal()
    let_in = {"headers": {"authorization": "Bearer a.b.c"}}
    answer = asked(open_door(platform=True), "POST", "/pull", **let_in)
    assert (answer.status, answer.error["code"]) == (500, "misconfigured")
    assert "SENTINEL_STORE=bigquery:" in answer.error["remedy"]
    assert not store.exists()
    assert odoo.standin.counted("acknowledge") == 0


@pytest.mark.parametrize(
    ("address", "code"), [("bigquery:", "misconfigured"), ("/dev/null/x", "store_unusable")]
)
def test_a_store_that_cannot_be_used(open_door: Open, address: str, code: str) -> None:
    answer = asked(open_door(SENTINEL_STORE=address), "POST", "/pull")
    assert (answer.status, answer.error["code"]) == (500, code)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (None, {"content-type": "application/octet-stream"}, 200),
        ({}, {}, 200),
        ({"dry_run": True}, {}, 400),
        (b"x", {"content-type": "text/plain"}, 415),
    ],
)
def test_what_a_scheduler_sends(
    ask: Ask, odoo: Odoo, body: Any, headers: dict[str, str], status: int
) -> None:
    odoo.standin.seal()
    assert ask("POST", "/pull", body, headers=headers).status == status


def test_people_are_told_after_a_pull(open_door: Open, odoo: Odoo) -> None:
    with slack_standin() as slack:
        door = open_door(SLACK_WEBHOOK_URL=slack.webhook_url)
        # Of a trail that was never judged, what is older is history and no news.
        odoo.standin.day = f"{datetime.now(timezone.utc):%Y-%m-%d}"
        odoo.standin.watched["jobs"] = [watched_job(expected_at="")]
        odoo.standin.seal(status="failure", error="It broke.")
        answer = asked(door, "POST", "/pull")
        assert answer.status == 200
        (told,) = answer.json["alerts"]
        assert (told["channel"], told["reason"], told["sent"]) == ("slack", "first", True)
        assert len(slack.messages) == 1
        assert asked(door, "POST", "/pull").json["runs"] == 0
        assert len(slack.messages) == 1


def test_people_are_told_when_the_pull_fails(open_door: Open, odoo: Odoo) -> None:
    with slack_standin() as slack:
        door = open_door(SLACK_WEBHOOK_URL=slack.webhook_url)
        for _ in range(2):
            odoo.standin.seal()
        odoo.standin.settle()
        odoo.standin.entries[1]["content"] += " "
        assert asked(door, "POST", "/pull").error["code"] == "trail_broken"
        assert "chain" in slack.messages[0].everything.lower()


# --- metrics ------------------------------------------------------------------------------------


def read(answer: Answered) -> dict[tuple[str, tuple[str, ...]], float]:
    """Return samples by name and values of labels, as the official parser reads them."""
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found = {}
    for family in text_string_to_metric_families(answer.text):
        assert family.documentation
        assert family.type in ("gauge", "counter")
        for sample in family.samples:
            labels = {name: text for name, text in sample.labels.items() if name != "chain"}
            key = (sample.name.removeprefix("sentinel_ops_"), tuple(labels.values()))
            assert key not in found
            found[key] = sample.value
    return found


def test_metrics(open_door: Open, odoo: Odoo) -> None:
    door = open_door(now=lambda: ONE_MINUTE_ON)
    for _ in range(2):
        odoo.standin.seal()
    odoo.standin.seal(status="failure", ended_at="2026-01-31 12:00:31")
    odoo.standin.seal(mode="plan", status="dry_run", verdict="warn", matched=7)
    odoo.standin.seal(code="cron_health", mode="plan", started_at="", ended_at="")
    odoo.standin.happen()
    assert asked(door, "POST", "/pull").status == 200
    found = read(asked(door, "GET", "/metrics"))
    assert (found["odoo_up", ()], found["store_up", ()]) == (1, 1)
    assert found["odoo_ok", ("acme",)] == 1
    assert found["runs_queued", ("acme",)] == 1
    job = ("acme", "clean_old_orders")
    assert found["runs_total", (*job, "live", "success")] == 2
    assert found["runs_total", (*job, "live", "failure")] == 1
    assert found["runs_total", (*job, "plan", "dry_run")] == 1
    assert found["last_run_duration_seconds", (*job, "live")] == 30
    ended = datetime(2026, 1, 31, 12, 0, 31, tzinfo=timezone.utc).timestamp()
    assert found["last_run_ended_timestamp_seconds", (*job, "live")] == ended
    assert found["findings", job] == 7
    assert found["chain_position", ("odoo", "acme")] == 6
    assert found["chain_position", ("store", "acme")] == 6
    assert found["pull_lag_seconds", ("acme",)] == 0


def test_what_is_not_known_is_absent(open_door: Open, odoo: Odoo) -> None:
    door = open_door()
    odoo.standin.seal(code="cron_health", mode="plan", shape="measure", started_at="", ended_at="")
    odoo.standin.seal(mode="plan", status="failure", verdict="error", matched=0)
    assert asked(door, "POST", "/pull").status == 200
    found = read(asked(door, "GET", "/metrics"))
    names = {name for name, _labels in found}
    assert "runs_total" in names
    measured = {labels for name, labels in found if name.startswith("last_run_")}
    assert measured == {("acme", "clean_old_orders", "plan")}
    # A plan that broke found nothing; that is not the same as 0 findings.
    assert not names & {"findings", "findings_timestamp_seconds"}


def test_a_plan_that_broke_does_not_close_findings_but_a_repair_does(
    open_door: Open, odoo: Odoo
) -> None:
    door = open_door()
    odoo.standin.seal(mode="plan", status="dry_run", verdict="warn", matched=5)
    odoo.standin.seal(mode="plan", status="failure", verdict="error", matched=0)
    asked(door, "POST", "/pull")
    job = ("acme", "clean_old_orders")
    assert read(asked(door, "GET", "/metrics"))["findings", job] == 5
    odoo.standin.seal(lines=3)
    asked(door, "POST", "/pull")
    assert read(asked(door, "GET", "/metrics"))["findings", job] == 2
    odoo.standin.seal(mode="plan", status="dry_run", verdict="pass", matched=0)
    asked(door, "POST", "/pull")
    assert read(asked(door, "GET", "/metrics"))["findings", job] == 0


def test_odoo_down(open_door: Open, odoo: Odoo) -> None:
    odoo.standin.seal()
    asked(open_door(), "POST", "/pull")
    found = read(asked(open_door(ODOO_URL=nobody_there()), "GET", "/metrics"))
    assert (found["odoo_up", ()], found["store_up", ()]) == (0, 1)
    assert found["chain_position", ("store", "acme")] == 1
    absent = {"odoo_ok", "runs_queued", "pull_lag_seconds", "odoo_problems"}
    assert not absent & {name for name, _labels in found}
    assert ("chain_position", ("odoo", "acme")) not in found


def test_no_store_yet(ask: Ask) -> None:
    found = read(ask("GET", "/metrics"))
    assert (found["odoo_up", ()], found["store_up", ()]) == (1, 0)
    absent = {"runs_total", "pull_lag_seconds", "findings"}
    assert not absent & {name for name, _labels in found}


def test_lag_is_the_age_of_what_is_missing(open_door: Open, odoo: Odoo) -> None:
    door = open_door(now=lambda: ONE_MINUTE_ON)
    odoo.standin.seal()
    asked(door, "POST", "/pull")
    odoo.standin.seal()
    odoo.standin.seal()
    odoo.standin.settle()
    lag = ("pull_lag_seconds", ("acme",))
    # Sealed at 12:00:02, and it is 12:01:01.
    assert read(asked(door, "GET", "/metrics"))[lag] == 59
    odoo.standin.misbehave("export_runs", "fault", value=(4, "You are not allowed"))
    assert lag not in read(asked(door, "GET", "/metrics"))
    odoo.standin.misbehave("export_runs", "status", value=500)
    assert lag not in read(asked(door, "GET", "/metrics"))


def test_names_cannot_break_the_text() -> None:
    metric = Metric("a_total", "counter", "One\nline \\ only.")
    metric.add(2, job='a"b\\c\nd{}, é 中')
    metric.add(0.5, job="half")
    metric.add(None, job="unknown")
    (family,) = text_string_to_metric_families(render([metric, Metric("none", "gauge", "x")]))
    assert family.documentation == "One\nline \\ only."
    assert [(sample.labels["job"], sample.value) for sample in family.samples] == [
        ('a"b\\c\nd{}, é 中', 2.0),
        ("half", 0.5),
    ]


def test_a_store_that_is_paid_for_by_the_question_is_not_asked_at_every_scrape(
    open_door: Open, odoo: Odoo, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odoo.standin.seal()
    asked(open_door(), "POST", "/pull")
    at = [0.0]
    door = open_door(SENTINEL_STORE="bigquery://a-project/trail", clock=lambda: at[0])
    opened = []

    @contextmanager
    def stored(*, create: bool) -> Iterator[SqliteStore]:
        opened.append(create)
        made = SqliteStore(store, create=create)
        yield made
        made.close()

    monkeypatch.setattr(door, "store", stored)
    for moment in (0.0, 59.0, 61.0):
        at[0] = moment
        assert read(asked(door, "GET", "/metrics"))["chain_position", ("store", "acme")] == 1
    assert opened == [False, False]
