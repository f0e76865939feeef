"""OpenTelemetry spans, where somebody collects them; elsewhere they cost next to nothing.

Somebody does when the environment names an exporter, in OpenTelemetry's own variables
(``OTEL_TRACES_EXPORTER``, ``OTEL_EXPORTER_OTLP_ENDPOINT``), or when the program that embeds us has
loaded the SDK by itself. Spans are made through the API alone.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from auditor import __version__
from auditor.context import Trace, bind, current
from auditor.errors import AuditorError
from auditor.installing import install_extra
from auditor.redact import redact

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

_P = ParamSpec("_P")
_R = TypeVar("_R")

logger = logging.getLogger(__name__)

INSTALL = install_extra("telemetry")
_SDK = "opentelemetry.sdk.trace"
_CONVENTIONAL = {
    "rpc_system": "rpc.system",
    "rpc_service": "rpc.service",
    "rpc_method": "rpc.method",
}
"""https://opentelemetry.io/docs/specs/semconv/rpc/; everything else is ours: ``sentinel.*``."""


class Note:
    """The span that is open, to say more about it."""

    def __init__(self, recorded: Span | None = None) -> None:
        self._recorded = recorded

    def set(self, **attributes: str | int | bool) -> None:
        """Say more."""
        if self._recorded is not None:
            for name, value in attributes.items():
                self._recorded.set_attribute(*_attribute(name, value))


_OFF = nullcontext(Note())


def _loaded() -> bool:
    return sys.modules.get(_SDK) is not None


def span(name: str, **attributes: str | int | bool) -> AbstractContextManager[Note]:
    """Open a span for a block; nothing is imported or kept where nobody collects them.

    An error that leaves the block is named in it, without secrets and without traceback.

    :param attributes: by the names of ours, or ``rpc_*``, which makes it a client's span.
    """
    if not _loaded():
        return _OFF
    from opentelemetry import trace

    return _recorded(trace.get_tracer("sentinel-ops", __version__), name, attributes)


def traced(name: str) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Make a span of every call of a function."""

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        @wraps(function)
        def within(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            with span(name):
                return function(*args, **kwargs)

        return within

    return decorate


@contextmanager
def _recorded(tracer: Tracer, name: str, attributes: dict[str, Any]) -> Iterator[Note]:
    from opentelemetry.trace import SpanKind, Status, StatusCode

    kind = SpanKind.CLIENT if "rpc_system" in attributes else SpanKind.INTERNAL
    with tracer.start_as_current_span(
        name,
        context=_parent(),
        kind=kind,
        attributes=dict(_attribute(*item) for item in attributes.items()),
        # The SDK would keep the message and the whole traceback as they are.
        record_exception=False,
        set_status_on_exception=False,
    ) as opened:
        here = opened.get_span_context()
        place = Trace(
            f"{here.trace_id:032x}", f"{here.span_id:016x}", bool(here.trace_flags.sampled)
        )
        with bind(trace=place if here.is_valid else None):
            try:
                yield Note(opened)
            except BaseException as error:
                opened.set_attribute("error.type", type(error).__name__)
                message = error.message if isinstance(error, AuditorError) else ""
                opened.set_status(Status(StatusCode.ERROR, redact(message)))
                raise


def _attribute(name: str, value: str | int | bool) -> tuple[str, str | int | bool]:
    return (
        _CONVENTIONAL.get(name, f"sentinel.{name}"),
        redact(value) if isinstance(value, str) else value,
    )


def _parent() -> Context | None:
    """Return the caller's place in the trace, None when a span of this process is open."""
    from opentelemetry import trace
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

    theirs = current().trace
    if theirs is None or not theirs.span_id or trace.get_current_span().get_span_context().is_valid:
        return None
    place = SpanContext(
        int(theirs.trace_id, 16), int(theirs.span_id, 16), True, TraceFlags(int(theirs.sampled))
    )
    return trace.set_span_in_context(NonRecordingSpan(place))


def set_up(*, environment: str) -> None:
    """Load the exporter that the environment names, if one; call it once the log is set up.

    A trace that can't be collected is a warning: it must not keep the work from being done.

    :param environment: the name of this installation.
    """
    names = _exporters()
    if not names or _loaded():
        return
    try:
        from opentelemetry import trace
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("opentelemetry"):
            raise
        logger.warning(
            "OTEL_* variables ask for traces, and OpenTelemetry is not installed: %s", INSTALL
        )
        return
    provider = TracerProvider(
        resource=Resource.create(
            {
                "service.name": os.environ.get("OTEL_SERVICE_NAME") or "sentinel-ops",
                "service.version": __version__,
                "deployment.environment.name": environment,
            }
        )
    )
    for name in names:
        found = next(iter(entry_points(group="opentelemetry_traces_exporter", name=name)), None)
        if found is None:
            logger.warning("The exporter of traces %s is not installed: %s", name, INSTALL)
            continue
        try:
            # stdout belongs to results, and in places to a protocol.
            made = found.load()(**({"out": sys.stderr} if name == "console" else {}))
        except (ImportError, ValueError) as error:
            logger.warning("The exporter of traces %s cannot be used: %s", name, error)
            continue
        provider.add_span_processor(BatchSpanProcessor(made))
    trace.set_tracer_provider(provider)


def wants_exporter() -> bool:
    """Tell whether the environment asks for one."""
    return bool(_exporters())


def _exporters() -> list[str]:
    """Return the entry points of the exporters that OpenTelemetry's variables name."""
    known = os.environ
    if known.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return []
    addresses = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    listed = known.get("OTEL_TRACES_EXPORTER") or (
        "otlp" if any(known.get(name) for name in addresses) else "none"
    )
    protocol = known.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or known.get(
        "OTEL_EXPORTER_OTLP_PROTOCOL", ""
    )
    otlp = "otlp_proto_grpc" if protocol.strip().lower() == "grpc" else "otlp_proto_http"
    names = [name.strip() for name in listed.split(",")]
    return [otlp if name == "otlp" else name for name in names if name not in ("", "none")]


def flush(seconds: float) -> None:
    """Send what was collected, in at most ``seconds``.

    For platforms that stop a process between two requests; one that ends sends by itself.
    """
    if not _loaded():
        return
    from opentelemetry import trace

    provider = trace.get_tracer_provider()
    force: Any = getattr(provider, "force_flush", None)
    if force is not None:
        force(int(seconds * 1000))
