"""Structured logs on stderr: JSON for machines, one line of text for people.

The standard library is enough; a package that others embed should not force a logging framework
on them. Only the logger ``auditor`` is set up, so that no library's debug output (requests' wire
traffic among it) ever reaches the log by accident.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from auditor.redact import redact

if TYPE_CHECKING:
    from auditor.settings import Settings

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def _extras(record: logging.LogRecord) -> dict[str, object]:
    return {key: value for key, value in record.__dict__.items() if key not in _STANDARD}


class JsonFormatter(logging.Formatter):
    """One JSON object a line, with the keys that Google's log reader knows."""

    def __init__(self, **context: str) -> None:
        super().__init__()
        self._context = context

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON, without secrets."""
        moment = datetime.fromtimestamp(record.created, tz=timezone.utc)
        entry: dict[str, object] = {
            "severity": record.levelname,
            "message": record.getMessage(),
            "time": moment.isoformat(timespec="milliseconds"),
            "logger": record.name,
            **self._context,
            **_extras(record),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return redact(json.dumps(entry, ensure_ascii=False, default=str))


class HumanFormatter(logging.Formatter):
    """``12:00:01 WARNING message key=value``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of text, without secrets."""
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        pairs = "".join(f" {key}={value}" for key, value in _extras(record).items())
        text = f"{clock} {record.levelname} {record.getMessage()}{pairs}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return redact(text)


def set_up(settings: Settings, *, request_id: str = "") -> None:
    """Send the auditor's log to stderr as the settings say.

    A person at a shell already sees tables and progress, so in the human format only warnings show
    unless a level was asked for.
    """
    as_json = settings.log_format == "json" or (
        settings.log_format == "auto" and settings.environment != "development"
    )
    level = settings.log_level
    if not as_json and "log_level" not in settings.model_fields_set:
        level = "WARNING"
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter(environment=settings.environment, request_id=request_id)
        if as_json
        else HumanFormatter()
    )
    logger = logging.getLogger("auditor")
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    logger.propagate = False
