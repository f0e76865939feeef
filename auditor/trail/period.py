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
    """The part of a chain in which everything of some days is found.

    :param first: the first of its positions; ``last`` the last.
    :param count: entries of those days. There may be others between them: clocks are put back.
    """

    first: int
    last: int
    count: int
    first_day: str
    last_day: str

    def has(self, entry: Entry) -> bool:
        """Whether the entry was sealed in those days."""
        return self.first_day <= entry.sealed_at[:10] <= self.last_day


def places(store: TrailStore, chain: str, period: Period) -> Places | None:
    """Return where in ``chain`` the period lies, None when nothing was sealed in it."""
    days = store.days(chain, str(period.since), str(period.until))
    if not days:
        return None
    return Places(
        first=min(day.first for day in days),
        last=max(day.last for day in days),
        count=sum(day.count for day in days),
        first_day=days[0].day,
        last_day=days[-1].day,
    )


def entries_in(store: TrailStore, chain: str, within: Places) -> Iterator[Entry]:
    """Give the entries of those days in order, some of them in memory at a time."""
    after = within.first - 1
    while after < within.last:
        page = store.entries(chain, after=after, limit=PAGE)
        if not page:
            return
        for entry in page:
            if entry.position > within.last:
                return
            if within.has(entry):
                yield entry
        after = page[-1].position
