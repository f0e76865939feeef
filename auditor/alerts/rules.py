"""The rules of alerting: a TOML file that ``SENTINEL_ALERTS`` names, or sensible defaults.

``alerts.toml.example`` explains every key. Without a file every configured channel gets everything
of severity warning or above.
"""

from __future__ import annotations

import re
import sys
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from auditor.alerts.kinds import KINDS
from auditor.alerts.matching import Match, some_kind
from auditor.alerts.notification import Severity
from auditor.alerts.spans import NEVER, FiniteSpan, Span
from auditor.errors import BadInput

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLE = "alerts.toml.example"
REMEDY = f"{EXAMPLE} explains every key; sentinel-ops alerts check reads the file."

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
EVERY_DAY: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
By = Literal["kind", "job", "company", "key"]
_MOST_RECORDS = 5


class Section(BaseModel):
    """A table of the file; a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _check_kind(kind: str) -> str:
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of alert; there are {', '.join(KINDS)}")
    return kind


def _check_match(match: Match) -> Match:
    for pattern in match.kind:
        if not some_kind(pattern):
            _check_kind(pattern)
    return match


KnownKind = Annotated[str, AfterValidator(_check_kind)]
KnownMatch = Annotated[Match, AfterValidator(_check_match)]
"""Of which each kind, or text with ``*``, stands for one at least."""


class Route(Section):
    """Where some alerts go. The first that fits takes the alert, unless it goes on.

    :param channels: none: nowhere, on purpose.
    :param group_by: what alerts of one message have in common.
    """

    match: KnownMatch = Match()
    channels: tuple[str, ...]
    group_by: tuple[By, ...] = ("kind",)
    go_on: bool = False


class Mute(Section):
    """A time of the week in which alerts wait; what began in it and still holds is told after it.

    :param start: and ``end``: local times; an end before the start lies on the next day.
    """

    match: KnownMatch = Match()
    days: tuple[Day, ...] = EVERY_DAY
    start: time = time(0)
    end: time = time(0)
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(
                f"{name!r} is no time zone known here: use a name like Europe/Zurich (on a "
                "machine without time zones: pip install tzdata)"
            ) from None
        return name

    @field_validator("start", "end")
    @classmethod
    def _local(cls, clock: time) -> time:
        # A number has one too, once it is read as a time.
        if clock.tzinfo is not None:
            raise ValueError(
                'must be a time of day like "22:00", without a zone: `timezone` says which'
            )
        return clock

    def covers(self, moment: datetime) -> bool:
        """Whether it is that time at ``moment``."""
        local = moment.astimezone(ZoneInfo(self.timezone))
        today, yesterday = EVERY_DAY[local.weekday()], EVERY_DAY[local.weekday() - 1]
        clock = local.time()
        if self.start < self.end:
            return today in self.days and self.start <= clock < self.end
        return (today in self.days and clock >= self.start) or (
            yesterday in self.days and clock < self.end
        )


class Inhibit(Section):
    """While an alert of one of the kinds ``source`` fires, those of the kinds ``target`` wait.

    Only one that is sent somewhere and at least as urgent holds others back.

    :param equal: fields that must be the same in both; one that is empty in the source stands for
        all, so that a stop of everything counts for each job.
    """

    source: tuple[KnownKind, ...]
    target: tuple[KnownKind, ...]
    equal: tuple[Literal["job", "company", "run", "mode"], ...] = ("job",)


class Reminders(Section):
    """How long after a message it is repeated while the trouble lasts."""

    critical: Span = timedelta(hours=4)
    warning: Span = timedelta(hours=24)
    info: Span = NEVER

    def after(self, severity: Severity) -> timedelta:
        """The time for that severity."""
        return {
            Severity.CRITICAL: self.critical,
            Severity.WARNING: self.warning,
            Severity.INFO: self.info,
        }[severity]


class Flapping(Section):
    """Alerts that come and go are over only after ``quiet`` without firing.

    :param changes: this many times on or off within ``within`` is coming and going; no more of
        them are remembered than the most that may be asked for.
    """

    changes: int = Field(default=4, ge=2, le=20)
    within: FiniteSpan = timedelta(hours=6)
    quiet: FiniteSpan = timedelta(hours=1)


class Findings(Section):
    """When there are too many findings, besides those of which Odoo itself says "fail".

    :param above: records that may be found, by code of a job; ``"*"`` for all others.
    """

    above: dict[str, int] = {}

    def most(self, job: str) -> int | None:
        """How many may be found, None without a limit."""
        return self.above.get(job, self.above.get("*"))


class Anomaly(Section):
    """When a number is unusual: far from the median of those before, in median deviations.

    :param points: fewer numbers before it say nothing.
    :param history: how many numbers before it are looked at.
    :param deviations: how far is far.
    :param change: a smaller difference to the median is never unusual.
    """

    enabled: bool = True
    points: int = Field(default=8, ge=3)
    history: int = Field(default=60, ge=3, le=500)
    deviations: float = Field(default=5.0, gt=0, allow_inf_nan=False)
    change: float = Field(default=10.0, ge=0, allow_inf_nan=False)


class Message(Section):
    """How much one message holds."""

    alerts: int = Field(default=10, ge=1, le=50)
    records: int = Field(default=_MOST_RECORDS, ge=0, le=_MOST_RECORDS)


class Rules(Section):
    """Everything that the file may say.

    :param longest_silence: ``NEVER`` for no limit; for the two ``expires_within`` it is off.
    """

    name: str = ""
    runbooks: str = "docs/runbooks/"
    group_wait: FiniteSpan = timedelta(0)
    group_interval: FiniteSpan = timedelta(minutes=5)
    longest_silence: Span = timedelta(days=30)
    key_expires_within: Span = timedelta(days=14)
    approval_expires_within: Span = timedelta(hours=2)
    failures_before: dict[str, int] = {}
    successes_after: dict[str, int] = {}
    severity: dict[str, Severity] = {}
    reminders: Reminders = Reminders()
    flapping: Flapping = Flapping()
    findings: Findings = Findings()
    anomaly: Anomaly = Anomaly()
    message: Message = Message()
    routes: tuple[Route, ...] = ()
    mutes: tuple[Mute, ...] = ()
    inhibit: tuple[Inhibit, ...] = ()
    inhibit_defaults: bool = True

    @field_validator("failures_before", "successes_after", "severity")
    @classmethod
    def _kinds(cls, value: dict[str, Any]) -> dict[str, Any]:
        for kind, count in value.items():
            _check_kind(kind)
            if isinstance(count, int) and not 1 <= count <= 720:
                raise ValueError(f"{kind} must be from 1 to 720")
        return value

    def failures(self, kind: str) -> int:
        """How often in a row it must be seen before it counts."""
        return self.failures_before.get(kind, _FAILURES.get(kind, 1))

    def successes(self, kind: str) -> int:
        """How often in a row it must be seen to be over."""
        return self.successes_after.get(kind, 1)

    def inhibitions(self) -> tuple[Inhibit, ...]:
        """The rules of the file and those that always make sense."""
        return (*self.inhibit, *(DEFAULT_INHIBITIONS if self.inhibit_defaults else ()))

    def check_channels(self, names: Sequence[str]) -> None:
        """Make sure that the routes' channels are among those configured.

        :raises BadInput: naming the first that is not.
        """
        for error in self.unknown_channels(names):
            raise error

    def unknown_channels(self, names: Sequence[str]) -> list[BadInput]:
        """Return what is wrong with routes to other channels than those configured."""
        return [
            BadInput(
                f"Route {number} of the alert rules names the channel {channel!r}, which is not "
                "configured.",
                f"Configured: {', '.join(names) or 'none'}; docs/alerts.md says which setting "
                "makes which.",
            )
            for number, route in enumerate(self.routes, start=1)
            for channel in route.channels
            if channel not in names
        ]

    def only(self, names: Sequence[str]) -> Rules:
        """Return the rules with routes to these channels alone.

        A route of which none is left goes to all of them: rather the wrong people than nobody.
        """
        routes = []
        for route in self.routes:
            left = tuple(channel for channel in route.channels if channel in names)
            channels = left or tuple(names) if route.channels else ()
            routes.append(route.model_copy(update={"channels": channels}))
        return self.model_copy(update={"routes": tuple(routes)})


_FAILURES = {"repeated_failure": 3, "odoo_unreachable": 2}
"""An Odoo that restarts is not worth a message."""

_RUNS = ("run_failed", "run_partial", "run_aborted", "run_interrupted")
DEFAULT_INHIBITIONS = (
    Inhibit(source=("kill_switch",), target=("run_aborted", "missed_schedule")),
    Inhibit(source=("repeated_failure",), target=_RUNS, equal=("job", "company", "mode")),
    Inhibit(
        source=("findings_above",), target=("anomaly", "new_findings"), equal=("job", "company")
    ),
    Inhibit(source=("approval_expiring",), target=("approval_waiting",), equal=("job", "run")),
    Inhibit(
        source=("odoo_unreachable", "requests_unworked"),
        target=("missed_schedule", "run_too_long"),
        equal=(),
    ),
)


def read_rules(path: str | None) -> Rules:
    """Return the rules of the file at ``path``, the defaults when it is None.

    :raises BadInput: it cannot be read; the message names the line or the key, and the remedy.
    """
    if not path:
        return Rules()
    file = Path(path).expanduser()
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise BadInput(
            f"The alert rules {file} cannot be read: {reason}.",
            f"SENTINEL_ALERTS names them; start from {EXAMPLE}.",
        ) from None
    return parse_rules(text, str(file))


def parse_rules(text: str, name: str) -> Rules:
    """Return the rules that ``text`` says.

    :param name: of the file, for messages.
    :raises BadInput: see :func:`read_rules`.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"The alert rules {name} are no TOML: {error}.", REMEDY) from None
    try:
        return Rules.model_validate(raw)
    except ValidationError as error:
        problems = "; ".join(
            _problem(item["loc"], item["msg"], text)
            for item in error.errors(include_input=False, include_url=False)
        )
        raise BadInput(f"The alert rules {name} cannot be used: {problems}.", REMEDY) from None


def _problem(place: tuple[int | str, ...], message: str, text: str) -> str:
    path = ""
    for part in place:
        path += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if path else part
    line = _line(place, text)
    message = message.removeprefix("Value error, ").replace(
        "Extra inputs are not permitted", "there is no such key"
    )
    return f"{f'line {line}, ' if line else ''}{path}: {message}"


def _line(place: tuple[int | str, ...], text: str) -> int:
    """Return the line of the last part of ``place`` that is a key, 0 when it cannot be told."""
    lines = text.splitlines()
    at = 0
    found = 0
    for index, part in enumerate(place):
        if isinstance(part, int):
            continue
        # In a list of tables, as many headings down as the number that follows says.
        times = next((each for each in place[index + 1 : index + 2] if isinstance(each, int)), 0)
        quoted = re.escape(part)
        key = re.compile(
            rf"""\s*(\[\[?\s*([\w.-]+\.)?{quoted}\s*\]\]?|["']?{quoted}["']?\s*=|.*[{{,]\s*{quoted}\s*=)"""
        )
        for number in range(at, len(lines)):
            if key.match(lines[number]):
                if times and lines[number].lstrip().startswith("[["):
                    times -= 1
                    continue
                at = found = number
                found += 1
                break
    return found
