"""Spans, with OpenTelemetry's own collectors: in memory, and over a socket."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from auditor import redact, telemetry
from auditor.context import Trace, bind, current
from auditor.odoo.errors import BusinessFault
from tests.auditor.conftest import Cli, Odoo, run_process

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"

collected = InMemorySpanExporter()


@pytest.fixture(scope="module", autouse=True)
def _collecting() -> None:
    """OpenTelemetry takes one provider in the life of a process."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(collected))
    trace.set_tracer_provider(provider)


@pytest.fixture
def spans() -> Iterator[Callable[[str], list[ReadableSpan]]]:
    """The spans of a name, in the order in which they ended."""
    collected.clear()
    yield lambda name: [each for each in collected.get_finished_spans() if each.name == name]
    collected.clear()


once = pytest.mark.one_transport("which exporter is loaded has nothing to do with the way to Odoo")

Spans = Callable[[str], list[ReadableSpan]]


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def parent(span: ReadableSpan) -> int:
    assert span.parent is not None
    return span.parent.span_id


def own(span: ReadableSpan) -> int:
    assert span.context is not None
    return span.context.span_id


def test_a_pull_its_batches_and_its_calls(cli: Cli, odoo: Odoo, spans: Spans) -> None:
    odoo.standin.seal(lines=3)
    odoo.standin.happen()
    assert cli("pull").code == 0
    (pull,) = spans("pull")
    assert attributes(pull)["sentinel.runs"] == 1
    assert attributes(pull)["sentinel.events"] == 1
    assert attributes(pull)["sentinel.position"] == 2
    (batch,) = spans("batch")
    assert parent(batch) == own(pull)
    assert attributes(batch)["sentinel.entries"] == 2
    (health,) = spans("sentinel.job/health")
    assert health.kind is SpanKind.CLIENT
    assert parent(health) == own(pull)
    assert attributes(health) == {
        "rpc.system": "odoo",
        "rpc.service": "sentinel.job",
        "rpc.method": "health",
    }
    # Lines are read ahead in a thread of their own, and belong to the batch all the same.
    assert {parent(each) for each in spans("sentinel.run/export_lines")} == {own(batch)}


def test_verify(cli: Cli, odoo: Odoo, spans: Spans) -> None:
    odoo.standin.seal()
    assert cli("pull").code == 0
    assert cli("verify", "--against-odoo").code == 0
    assert len(spans("verify")) == 1
    assert len(spans("verify_against")) == 1


def test_a_trigger(cli: Cli, odoo: Odoo, spans: Spans) -> None:
    ran = cli("run", "clean_old_orders", "--dry-run", "--no-wait", "--json")
    (trigger,) = spans("trigger")
    assert attributes(trigger) == {
        "sentinel.job": "clean_old_orders",
        "sentinel.mode": "plan",
        "sentinel.source": "cli",
        "sentinel.run": ran.json["uid"],
        "sentinel.repeated": False,
    }
    (call,) = spans("sentinel.job/trigger")
    assert parent(call) == own(trigger)
    assert odoo.standin.counted("trigger") == 1


def test_an_error_is_named_without_its_secret_and_its_traceback(
    cli: Cli, odoo: Odoo, spans: Spans
) -> None:
    password = odoo.env["ODOO_PASSWORD"]
    odoo.standin.misbehave("catalog", "fault", value=(2, f"The password {password} is old."))
    assert cli("list").code == 2
    (call,) = spans("sentinel.job/catalog")
    assert attributes(call)["error.type"] == "BusinessFault"
    assert call.status.status_code is StatusCode.ERROR
    assert call.status.description == "The password *** is old."
    assert not call.events
    assert "Traceback" not in call.to_json()


def test_what_is_no_error_of_ours_keeps_its_message_to_itself(spans: Spans) -> None:
    with pytest.raises(KeyError), telemetry.span("odd"):
        raise KeyError("who knows what this is")
    (odd,) = spans("odd")
    assert attributes(odd)["error.type"] == "KeyError"
    assert "who knows" not in odd.to_json()


def test_secrets_in_attributes_are_masked(spans: Spans) -> None:
    redact.protect("hush-hush")
    try:
        with telemetry.span("told", first="a hush-hush b") as note:
            note.set(second="hush-hush")
    finally:
        redact.forget()
    (told,) = spans("told")
    assert attributes(told) == {"sentinel.first": "a *** b", "sentinel.second": "***"}


def test_the_trace_of_the_caller_goes_on(spans: Spans) -> None:
    with bind(trace=Trace(TRACE, SPAN, sampled=True)):
        with telemetry.span("outer"):
            inside = current().trace
            with telemetry.span("inner"):
                pass
        assert current().trace == Trace(TRACE, SPAN, sampled=True)
    (outer,), (inner,) = spans("outer"), spans("inner")
    assert parent(outer) == int(SPAN, 16)
    assert parent(inner) == own(outer)
    assert outer.context is not None
    assert f"{outer.context.trace_id:032x}" == TRACE
    assert inside == Trace(TRACE, f"{own(outer):016x}", sampled=True)  # what logs point at


def test_errors_pass_through_unchanged(spans: Spans) -> None:
    error = BusinessFault("No.", "Ask.")
    with pytest.raises(BusinessFault) as caught, telemetry.span("refused"):
        raise error
    assert caught.value is error
    assert spans("refused")


# --- processes of their own: which exporter, and none ----------------------------------------


class Collector(BaseHTTPRequestHandler):
    """An OTLP endpoint: takes what OpenTelemetry's own exporter sends, and reads it."""

    seen: list[tuple[str, list[str]]]
    answer = 200

    def do_POST(self) -> None:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
            ExportTraceServiceRequest,
        )

        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            import gzip

            body = gzip.decompress(body)
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            facts = {each.key: each.value.string_value for each in resource.resource.attributes}
            names = [each.name for scope in resource.scope_spans for each in scope.spans]
            self.seen.append((facts["service.name"], names))
        self.send_response(self.answer)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Stay quiet."""


@contextmanager
def collecting(answer: int = 200) -> Iterator[tuple[str, list[tuple[str, list[str]]]]]:
    handler = type("Bound", (Collector,), {"seen": [], "answer": answer})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", handler.seen  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            thread.join()


@once
def test_spans_reach_a_collector_before_the_process_ends(odoo: Odoo, tmp_path: Path) -> None:
    with collecting() as (url, seen):
        ran = run_process({**odoo.env, "OTEL_EXPORTER_OTLP_ENDPOINT": url}, tmp_path, "list")
    assert ran.code == 0
    assert ran.err == ""
    assert seen == [("sentinel-ops", ["sentinel.job/catalog"])]


@once
def test_a_collector_that_says_no_hinders_nothing(odoo: Odoo, tmp_path: Path) -> None:
    with collecting(answer=400) as (url, seen):
        ran = run_process(
            {**odoo.env, "OTEL_EXPORTER_OTLP_ENDPOINT": url}, tmp_path, "list", "--json"
        )
    assert ran.code == 0
    assert ran.json["jobs"]
    assert seen
    assert len(ran.err.splitlines()) <= 1  # one warning, no traceback


@once
def test_the_console_exporter_leaves_stdout_alone(odoo: Odoo, tmp_path: Path) -> None:
    env = {**odoo.env, "OTEL_TRACES_EXPORTER": "console"}
    ran = run_process(env, tmp_path, "list", "--json")
    assert ran.json["jobs"]
    assert json.loads(ran.err)["name"] == "sentinel.job/catalog"


@once
def test_an_exporter_that_is_not_there_is_a_warning(odoo: Odoo, tmp_path: Path) -> None:
    for name, says in (
        ("zipkin", "The exporter of traces zipkin is not installed"),
        ("none", ""),
        (" ", ""),
    ):
        ran = run_process({**odoo.env, "OTEL_TRACES_EXPORTER": name}, tmp_path, "list")
        assert ran.code == 0
        assert says in ran.err
        assert bool(ran.err) == bool(says)


NO_SDK = """
import sys
for name in ("opentelemetry.sdk", "opentelemetry.sdk.trace", "opentelemetry.sdk.resources"):
    sys.modules[name] = None
"""


@once
def test_without_opentelemetry(odoo: Odoo, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(NO_SDK)
    env = {
        **odoo.env,
        "PYTHONPATH": f"{tmp_path}:{odoo.env['PYTHONPATH']}",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
    }
    ran = run_process(env, tmp_path, "list")
    assert ran.code == 0
    assert "pip install '.[telemetry]'" in ran.err


@once
def test_nobody_collects_nothing_is_loaded(odoo: Odoo, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom auditor.cli import main\n"
        "assert main(['list']) == 0\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    for env in ({}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}):
        out = subprocess.run(
            [sys.executable, "-c", code],
            env={**odoo.env, **env},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        ).stdout
        assert out.splitlines()[-1] == "[]"


def test_off_is_one_shared_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    assert telemetry.span("a", job="x") is telemetry.span("b")
    with telemetry.span("a") as note:
        note.set(anything=1)
    telemetry.flush(1)


FROZEN = """
import os
from functions_framework import create_app

client = create_app("sentinel", {main!r}).test_client()
answer = client.get("/jobs", headers={{"traceparent": {traceparent!r}}})
assert answer.status_code == 200, answer.text
os._exit(0)  # as a platform does: nothing is tidied up
"""


@once
def test_over_http_spans_are_sent_before_the_platform_stops_the_process(
    odoo: Odoo, tmp_path: Path
) -> None:
    code = FROZEN.format(
        main=str(Path(__file__).parents[2] / "main.py"), traceparent=f"00-{TRACE}-{SPAN}-01"
    )
    with collecting() as (url, seen):
        made = subprocess.run(
            [sys.executable, "-c", code],
            env={**odoo.env, "OTEL_EXPORTER_OTLP_ENDPOINT": url},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
    assert made.returncode == 0, made.stderr
    assert ("sentinel-ops", ["sentinel.job/catalog"]) in [
        (service, [name for name in names if name.startswith("sentinel.job/")])
        for service, names in seen
    ]
