"""Lengths of time as people write them: ``90s``, ``15m``, ``4h``, ``7d``, ``never``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

_SPAN = re.compile(r"(\d{1,6})\s*(s|m|h|d)\Z")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
NEVER = timedelta.max
_LONGEST = timedelta(days=3650)
"""Counted back from today it is still a date."""
EXAMPLES = "write it like 90s, 15m, 4h or 7d"


def read_span(text: str) -> timedelta:
    """Return the length of time that ``text`` says.

    :raises ValueError: it says none, or one of more than ten years.
    """
    if text.strip() == "never":
        return NEVER
    match = _SPAN.match(text.strip())
    if not match:
        raise ValueError(f"{text!r} is no length of time: {EXAMPLES}")
    span = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if span > _LONGEST:
        raise ValueError(f"{text!r} is too long: {_LONGEST.days}d at most")
    return span


def say_span(span: timedelta) -> str:
    """Return ``3 h 5 min``, the two largest units, for people."""
    seconds = int(abs(span).total_seconds())
    parts = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def _validate(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError(f"must be a text: {EXAMPLES}")  # noqa: TRY004  pydantic wants ValueError
    return read_span(value)


def _finite(span: timedelta) -> timedelta:
    if span == NEVER:
        raise ValueError(f'must end, "never" does not: {EXAMPLES}')
    return span


Span = Annotated[timedelta, BeforeValidator(_validate)]
"""A length of time in the rules."""
FiniteSpan = Annotated[Span, AfterValidator(_finite)]
"""One that cannot be ``never``."""
