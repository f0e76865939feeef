"""Silences as they are typed: what they cover, and until when."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from pydantic import ValidationError

from auditor.alerts.kinds import KINDS
from auditor.alerts.matching import FIELDS, Match, some_kind
from auditor.alerts.notification import Severity
from auditor.alerts.spans import EXAMPLES, NEVER, read_span, say_span
from auditor.alerts.state import Silence
from auditor.errors import BadInput

if TYPE_CHECKING:
    from auditor.alerts.rules import Rules

_MATCHERS = (
    f"--matcher is FIELD=VALUE, with one of the fields {', '.join(FIELDS)}; for example "
    "--matcher job=clean_old_orders --matcher kind=run_*"
)
_MOMENTS = "For example --until '2026-12-20 18:00' (UTC), or --for 4h."


def new_silence(
    matchers: Sequence[str],
    *,
    until: str,
    span: str,
    comment: str,
    author: str,
    now: datetime,
    rules: Rules,
) -> Silence:
    """Return the silence that was asked for; it has an end.

    :raises BadInput: what was typed is no silence, or it would be too long.
    """
    if bool(until) == bool(span):
        raise BadInput("A silence needs an end: either --until or --for.", _MOMENTS)
    if not comment.strip():
        raise BadInput("A silence needs a reason.", "--comment 'Why nobody needs to hear of it'")
    ends = _moment(until) if until else _later(now, span)
    if ends <= now:
        raise BadInput(f"--until {until} lies in the past.", _MOMENTS)
    if ends - now > rules.longest_silence:
        raise BadInput(
            f"That is {say_span(ends - now)}; a silence lasts {say_span(rules.longest_silence)} "
            "at most.",
            "Take an earlier end, or set longest_silence in the alert rules.",
        )
    return Silence(uuid.uuid4().hex[:8], read_match(matchers), now, ends, author, comment.strip())


def read_match(matchers: Sequence[str]) -> Match:
    """Return what ``FIELD=VALUE`` texts together match; the same field twice means either.

    :raises BadInput: one of them is no such text, or there is none.
    """
    if not matchers:
        raise BadInput(
            "A silence without --matcher would silence everything.",
            f"{_MATCHERS}. To silence everything: --matcher kind=*",
        )
    given: dict[str, list[str]] = defaultdict(list)
    for text in matchers:
        field, equals, value = text.partition("=")
        if not equals or not value or field not in FIELDS:
            raise BadInput(f"--matcher {text!r} cannot be used.", _MATCHERS)
        if field == "kind" and not some_kind(value):
            raise BadInput(f"There is no kind of alert {value!r}.", f"Kinds: {', '.join(KINDS)}")
        given[field].append(value)
    try:
        return Match.model_validate(given)
    except ValidationError:
        severities = ", ".join(each.value for each in Severity)
        raise BadInput(
            f"{', '.join(given['severity'])} is no severity.", f"Severities: {severities}"
        ) from None


def _later(now: datetime, span: str) -> datetime:
    try:
        length = read_span(span)
        if length == NEVER:
            raise ValueError("a silence has an end")
        return now + length
    except ValueError as error:
        raise BadInput(f"--for {span} cannot be used: {error}.", EXAMPLES.capitalize()) from None


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"--until {text!r} is no moment.", _MOMENTS) from None
    if found.tzinfo is None:
        return found.replace(tzinfo=timezone.utc)
    return found.astimezone(timezone.utc)
