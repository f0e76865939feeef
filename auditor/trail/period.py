"""Days of the trail, and what was sealed in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING

from auditor.errors import BadInput

if TYPE_CHECKING:
    from auditor.stores.interface import Entry, TrailStore

PAGE = 200
"""Entries asked for at once."""


@dataclass(frozen=True)
class Period:
    """Days in UTC, both ends included."""

    since: date
    until: date


EVER = Period(date.min, date.max)


def today() -> date:
    """Return the current day in UTC."""
    return datetime.now(timezone.utc).date()


def read_day(text: str, option: str) -> date:
    """Return the day that ``text`` names as ``YYYY-MM-DD``.

    :raises BadInput: it names none.
    """
    try:
        if len(text) != 10:
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(
            f"{option} {text!r} is no day.", f"For example: {option} 2026-01-31"
        ) from None


def checked(since: date, until: date) -> Period:
    """Return the days from ``since`` to ``until``.

    :raises BadInput: they go backwards.
    """
    if since > until:
        raise BadInput(f"--since {since} lies after --until {until}.")
    return Period(since, until)


@dataclass(frozen=True)
class Places:
    """The part of a chain that was sealed in some days; ``lines`` are those that are stored."""

    first: int
    last: int
    lines: int
    first_day: str
    last_day: str

    @property
    def count(self) -> int:
        """How many entries these are."""
        return self.last - self.first + 1


def places(store: TrailStore, chain: str, period: Period) -> Places | None:
    """Return where in ``chain`` the period lies, None when nothing was sealed in it."""
    days = store.days(chain, str(period.since), str(period.until))
    if not days:
        return None
    lines = sum(day.lines for day in days)
    return Places(days[0].first, days[-1].last, lines, days[0].day, days[-1].day)


def entries_in(store: TrailStore, chain: str, within: Places) -> Iterator[Entry]:
    """Give the entries of that part in order, some of them in memory at a time."""
    after = within.first - 1
    while after < within.last:
        page = store.entries(chain, after=after, limit=PAGE)
        if not page:
            return
        for entry in page:
            if entry.position > within.last:
                return
            yield entry
        after = page[-1].position
