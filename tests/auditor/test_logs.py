"""Logs: one line a record, with its place, without secrets."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from contextvars import copy_context
from typing import Any

import pytest

from auditor import logs, redact
from auditor.context import Trace, bind, current, trace_of
from auditor.settings import Settings
from tests.auditor.conftest import Cli, Odoo

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"

logger = logging.getLogger("auditor.test")


class Stream(io.StringIO):
    """stderr, which may be a terminal."""

    def __init__(self, *, terminal: bool = False) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    names = ("auditor", "opentelemetry")
    before = [
        (each, each.handlers[:], each.level, each.propagate)
        for each in map(logging.getLogger, names)
    ]
    yield
    for each, handlers, level, propagate in before:
        each.handlers[:], each.propagate = handlers, propagate
        each.setLevel(level)
    redact.forget()


def listen(monkeypatch: pytest.MonkeyPatch, *, terminal: bool = False, **settings: Any) -> Stream:
    stream = Stream(terminal=terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    logs.set_up(Settings(**settings))
    return stream


def test_logging_structured(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = listen(monkeypatch, log_format="json", gcp_project="acme", environment="production")
    with bind(request_id="r1", trace=Trace(TRACE, SPAN, sampled=True)), bind(run="u1", job="j1"):
        logger.warning("landed %s", "well", extra={"lines": 3})
    (entry,) = stream.entries
    assert entry.pop("time").endswith("+00:00")
    assert entry == {
        "severity": "WARNING",
        "message": "landed well",
        "logger": "auditor.test",
        "environment": "production",
        "request_id": "r1",
        "run": "u1",
        "job": "j1",
        "lines": 3,
        "logging.googleapis.com/trace": f"projects/acme/traces/{TRACE}",
        "logging.googleapis.com/spanId": SPAN,
        "logging.googleapis.com/trace_sampled": True,
    }


def test_nothing_is_said_of_what_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = listen(monkeypatch, log_format="json")
    logger.warning("alone")
    with bind(trace=Trace(TRACE)):
        logger.warning("traced")
    first, second = stream.entries
    assert set(first) == {"severity", "message", "time", "logger", "environment"}
    assert second["logging.googleapis.com/trace"] == TRACE  # no project to put before it
    assert "logging.googleapis.com/spanId" not in second


@pytest.mark.parametrize("log_format", ["json", "human"])
def test_a_record_is_one_line_whatever_is_in_it(
    monkeypatch: pytest.MonkeyPatch, log_format: str
) -> None:
    stream = listen(monkeypatch, log_format=log_format, log_level="INFO")
    nasty = "a\nb\r\nc\u2028d\x1b[31me\x85f\udc80g"
    try:
        raise ValueError(nasty)
    except ValueError:
        logger.exception("about %s", nasty, extra={"name_of_it": nasty})
    text = stream.getvalue()
    assert text.endswith("\n")
    assert text.count("\n") == 1
    text.encode()  # fit for any stream
    if log_format == "human":
        assert len(text.splitlines()) == 1
        assert "ValueError: a b c d" in text
        assert "Traceback" not in text
        assert "\x1b" not in text
    else:
        assert stream.entries[0]["exception"].startswith("Traceback")


def test_what_a_record_brings_along_takes_no_ones_place(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = listen(monkeypatch, log_format="json")
    with bind(run="u1"):
        logger.warning("true", extra={"severity": "DEBUG", "time": "never", "run": "other"})
    (entry,) = stream.entries
    assert (entry["severity"], entry["message"], entry["run"]) == ("WARNING", "true", "u1")
    assert entry["time"] != "never"


def test_no_record_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = listen(monkeypatch, log_format="json")
    root = logging.StreamHandler(stream)
    logging.getLogger().addHandler(root)
    try:
        logs.set_up(Settings(log_format="json"))
        logger.warning("once")
    finally:
        logging.getLogger().removeHandler(root)
    assert len(stream.getvalue().splitlines()) == 1


@pytest.mark.parametrize("log_format", ["json", "human"])
@pytest.mark.parametrize("secret", ['pa"ss\\word', "p&w<d>x", "über-s3cr3t\t1", "ordinary-one"])
def test_a_secret_with_difficult_letters_is_masked(
    monkeypatch: pytest.MonkeyPatch, secret: str, log_format: str
) -> None:
    stream = listen(monkeypatch, log_format=log_format)
    redact.protect(secret)
    logger.error("with %s", secret, extra={"header": {"key": secret}, "listed": [secret]})
    logger.error("with %r", secret)
    text = stream.getvalue()
    assert text.count("***") == 4
    for part in ("ss\\", "w<d", "ber-s", "ordinary"):
        assert part not in text


@pytest.mark.parametrize(
    ("log_format", "environment", "terminal", "as_json"),
    [
        ("auto", "development", True, False),
        ("auto", "development", False, False),
        ("auto", "production", False, True),
        ("auto", "production", True, False),
        ("json", "development", True, True),
        ("human", "production", False, False),
    ],
)
def test_json_or_human(
    monkeypatch: pytest.MonkeyPatch,
    log_format: str,
    environment: str,
    terminal: bool,
    as_json: bool,
) -> None:
    stream = listen(monkeypatch, terminal=terminal, log_format=log_format, environment=environment)
    logger.warning("said")
    assert stream.getvalue().startswith("{") is as_json
    logger.info("progress")
    assert ("progress" in stream.getvalue()) is as_json


def test_other_libraries_stay_out_of_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = listen(monkeypatch, log_format="json", log_level="DEBUG")
    logging.getLogger("urllib3.connectionpool").debug("https://hooks.slack.com/services/T/B/x")
    assert not stream.getvalue()


@pytest.mark.parametrize(
    ("headers", "trace"),
    [
        ({"traceparent": f"00-{TRACE}-{SPAN}-01"}, Trace(TRACE, SPAN, sampled=True)),
        ({"Traceparent": f"00-{TRACE}-{SPAN}-00"}, Trace(TRACE, SPAN)),
        ({"TRACEPARENT": f"cc-{TRACE}-{SPAN}-01-later"}, Trace(TRACE, SPAN, sampled=True)),
        ({"traceparent": f"ff-{TRACE}-{SPAN}-01"}, None),
        ({"traceparent": f"00-{'0' * 32}-{SPAN}-01"}, None),
        ({"traceparent": f"00-{TRACE}-{'0' * 16}-01"}, None),
        ({"traceparent": f"00-{TRACE.upper()}-{SPAN}-01"}, None),
        ({"traceparent": "nonsense\nsecond line"}, None),
        ({}, None),
        (
            {"X-Cloud-Trace-Context": f"{TRACE}/67667974448284343;o=1"},
            Trace(TRACE, "00f067aa0ba902b7", sampled=True),
        ),
        ({"X-Cloud-Trace-Context": TRACE.upper()}, Trace(TRACE)),
        ({"X-Cloud-Trace-Context": f"{TRACE}/99999999999999999999"}, None),
        (
            {"traceparent": f"00-{TRACE}-{SPAN}-00", "X-Cloud-Trace-Context": f"{'1' * 32}/1;o=1"},
            Trace(TRACE, SPAN),
        ),
        (
            {"traceparent": "broken", "X-Cloud-Trace-Context": f"{TRACE}/1;o=0"},
            Trace(TRACE, "0000000000000001"),
        ),
    ],
)
def test_the_trace_of_a_request(headers: dict[str, str], trace: Trace | None) -> None:
    assert trace_of(headers) == trace


def test_what_is_bound_ends_with_its_block() -> None:
    with bind(request_id="outer", run="u1"):
        with bind(run="u2"):
            assert (current().request_id, current().run) == ("outer", "u2")
        assert current().run == "u1"
        with pytest.raises(ValueError, match="inside"), bind(job="j"):
            raise ValueError("inside")
        assert current().job == ""
    assert current().request_id == ""


def test_requests_side_by_side_do_not_mix() -> None:
    seen: dict[str, str] = {}
    both = threading.Barrier(2)

    def serve(name: str) -> None:
        with bind(request_id=name):
            both.wait(timeout=10)
            seen[name] = current().request_id
            both.wait(timeout=10)

    threads = [
        threading.Thread(target=copy_context().run, args=(serve, name)) for name in ("a", "b")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"a": "a", "b": "b"}


def test_the_command_binds_its_request_and_the_run_it_waits_for(cli: Cli, odoo: Odoo) -> None:
    ran = cli(
        "run", "clean_old_orders", "--dry-run", "--json", LOG_FORMAT="json", LOG_LEVEL="DEBUG"
    )
    entries = [json.loads(line) for line in ran.err.splitlines()]
    (request_id,) = {entry["request_id"] for entry in entries}
    assert odoo.standin.runs[ran.json["uid"]]["request_id"] == request_id
    waiting = [entry for entry in entries if entry.get("call") == "sentinel.run.status"]
    assert waiting
    assert {(entry["run"], entry["job"]) for entry in waiting} == {
        (ran.json["uid"], "clean_old_orders")
    }


def test_what_reads_ahead_in_a_thread_says_which_request_it_serves(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.streams = False
    odoo.standin.seal(lines=5)
    ran = cli("pull", "--json", LOG_FORMAT="json", LOG_LEVEL="DEBUG")
    entries = [json.loads(line) for line in ran.err.splitlines()]
    assert "sentinel.run.export_lines" in [entry.get("call") for entry in entries]
    assert len({entry["request_id"] for entry in entries}) == 1
