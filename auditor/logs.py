"""Structured logs on stderr: JSON for machines, one line of text for people.

The standard library is enough; a package that others embed should not force a logging framework
on them. Only our own logger is set up, and that of OpenTelemetry for its warnings, so that no
library's debug output (requests' wire traffic among it) ever reaches the log by accident.

A record is one line and stays one: what a name or a message brings along cannot break it.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from auditor.context import current
from auditor.redact import redact

if TYPE_CHECKING:
    from auditor.settings import Settings

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_NOT_PLAIN = re.compile(r"[\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def _extras(record: logging.LogRecord) -> dict[str, object]:
    return {key: value for key, value in record.__dict__.items() if key not in _STANDARD}


def _redacted(value: object) -> object:
    """Return ``value`` as JSON can write it, without secrets."""
    if isinstance(value, dict):
        return {redact(str(name)): _redacted(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))


class JsonFormatter(logging.Formatter):
    """One JSON object a line, with the keys that Google's log reader knows.

    They are those of https://cloud.google.com/logging/docs/structured-logging.

    :param project: where traces are, ``""`` when it is not known.
    :param fields: what every line says.
    """

    def __init__(self, *, project: str = "", **fields: str) -> None:
        super().__init__()
        self._project = project
        self._fields = fields

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON, without secrets."""
        moment = datetime.fromtimestamp(record.created, tz=timezone.utc)
        entry: dict[str, object] = {
            # First, so that none of them takes the place of what comes after.
            **_extras(record),
            **self._fields,
            **self._context(),
            "severity": record.levelname,
            "message": record.getMessage(),
            "time": moment.isoformat(timespec="milliseconds"),
            "logger": record.name,
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        # Once before, for what JSON would write in another way, and once for what spans two values.
        text = redact(json.dumps(_redacted(entry), ensure_ascii=False))
        # JSON allows these as they are; readers take some for the end of the line.
        return _NOT_PLAIN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)

    def _context(self) -> dict[str, object]:
        about = current()
        known: dict[str, object] = {
            name: value for name in ("request_id", "run", "job") if (value := getattr(about, name))
        }
        if trace := about.trace:
            where = f"projects/{self._project}/traces/" if self._project else ""
            known["logging.googleapis.com/trace"] = where + trace.trace_id
            known["logging.googleapis.com/trace_sampled"] = trace.sampled
            if trace.span_id:
                known["logging.googleapis.com/spanId"] = trace.span_id
        return known


class HumanFormatter(logging.Formatter):
    """``12:00:01 WARNING message key=value``, of an exception its last line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of text, without secrets."""
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        about = current()
        facts = {"job": about.job, "run": about.run, **_extras(record)}
        pairs = "".join(f" {key}={value}" for key, value in facts.items() if value != "")
        text = f"{clock} {record.levelname} {record.getMessage()}{pairs}"
        if record.exc_info and record.exc_info[1]:
            text += f" ({record.exc_info[0].__name__}: {record.exc_info[1]})"
        return _BREAKS.sub(" ", redact(text))


def set_up(settings: Settings) -> None:
    """Send the auditor's log to stderr as the settings say.

    A person at a shell already sees tables and progress, so in the human format only warnings show
    unless a level was asked for.
    """
    as_json = settings.log_format == "json" or (
        settings.log_format == "auto"
        and settings.environment != "development"
        and not sys.stderr.isatty()
    )
    level = settings.log_level
    if not as_json and "log_level" not in settings.model_fields_set:
        level = "WARNING"
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter(project=settings.gcp_project or "", environment=settings.environment)
        if as_json
        else HumanFormatter()
    )
    for name, lowest in (("auditor", level), ("opentelemetry", "WARNING")):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(lowest)
        # Whoever embeds us may have a handler at the root, which would say everything once more.
        logger.propagate = False
