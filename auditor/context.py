"""What everything said from here on is about: the request, the run, the job, the trace.

Bound values reach every log line and span made meanwhile, in this thread and in those that are
started with a copy of its context.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_CLOUD = re.compile(r"([0-9a-f]{32})(?:/([0-9]{1,20}))?(?:;o=([0-9]+))?", re.IGNORECASE)


@dataclass(frozen=True)
class Trace:
    """A place in a distributed trace, ids in lower-case hex.

    :param span_id: ``""`` when only the trace is known.
    """

    trace_id: str
    span_id: str = ""
    sampled: bool = False


@dataclass(frozen=True)
class Context:
    """What is bound; ``""`` and None stand for nothing."""

    request_id: str = ""
    run: str = ""
    job: str = ""
    trace: Trace | None = None


_current: ContextVar[Context] = ContextVar("sentinel_context", default=Context())  # noqa: B039  frozen


def current() -> Context:
    """What is bound here and now."""
    return _current.get()


@contextmanager
def bind(
    *, request_id: str = "", run: str = "", job: str = "", trace: Trace | None = None
) -> Iterator[None]:
    """Bind what is given for as long as the block lasts; what is not given stays as it was."""
    before = _current.get()
    token = _current.set(
        replace(
            before,
            request_id=request_id or before.request_id,
            run=run or before.run,
            job=job or before.job,
            trace=trace or before.trace,
        )
    )
    try:
        yield
    finally:
        _current.reset(token)


def trace_of(headers: Mapping[str, str]) -> Trace | None:
    """Return the trace that a request belongs to, None when it names none that is valid.

    :param headers: of the request; ``traceparent`` (https://www.w3.org/TR/trace-context/) goes
        before ``X-Cloud-Trace-Context`` (https://cloud.google.com/trace/docs/trace-context).
    """
    named = {name.lower(): value.strip() for name, value in headers.items()}
    if match := _TRACEPARENT.fullmatch(named.get("traceparent", "")):
        trace_id, span_id, flags = match[1], match[2], int(match[3], 16)
        if int(trace_id, 16) and int(span_id, 16):
            return Trace(trace_id, span_id, bool(flags & 1))
    if match := _CLOUD.fullmatch(named.get("x-cloud-trace-context", "")):
        trace_id, span = match[1].lower(), int(match[2] or 0)
        if int(trace_id, 16) and span < 2**64:
            return Trace(trace_id, f"{span:016x}" if span else "", match[3] == "1")
    return None
