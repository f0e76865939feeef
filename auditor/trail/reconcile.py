"""Compare a period of the store with Odoo, and refill what differs.

Counts and digests of each day are compared first; what differs, and what the store has and does not
hold by itself, is looked at place by place. Only what fits the seals up to the head of the store is
taken from Odoo.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain as chained

from auditor.odoo.answers import SealedDay
from auditor.odoo.client import Client
from auditor.stores.interface import COMPANY, RUN, Day, Entry, Head, TrailStore
from auditor.trail.chain import LinesCheck, check_entry
from auditor.trail.errors import Break, Broken, Outdated
from auditor.trail.source import REMEDY, Source, position
from auditor.trail.verify import ENTRIES_AT_ONCE, pieces

_WHOLE = 0

EVER = ("0001-01-01", "9999-12-31")
DAYS_AT_ONCE = 400
"""As many as Odoo sums up in one answer."""

OnProgress = Callable[[int, int], None]
"""Called with (position compared, position of the head)."""


@dataclass
class DayFinding:
    """One day, as it is on both sides.

    :param places: positions at which the store differs from what was sealed.
    """

    day: str
    entries: int
    lines: int
    places: list[int] = field(default_factory=list)


@dataclass
class Reconciled:
    """What was compared.

    :param beyond: entries that Odoo has behind the head of the store: the next pull brings them.
    :param repaired: places that were refilled.
    """

    chain: str
    head: Head
    days: list[DayFinding] = field(default_factory=list)
    beyond: int = 0
    repaired: int = 0

    @property
    def differing(self) -> int:
        """How many places differed."""
        return sum(len(day.places) for day in self.days)


def reconcile(
    client: Client,
    store: TrailStore,
    chain: str,
    *,
    since: str = EVER[0],
    until: str = EVER[1],
    repair: bool = False,
    on_progress: OnProgress = lambda *_: None,
) -> Reconciled:
    """Compare the days from ``since`` to ``until`` and, with ``repair``, refill what differs.

    :raises Forked: Odoo's chain is another one by now: nothing is taken from it.
    :raises Rewound: Odoo's chain ends before the store's.
    :raises Broken: Odoo does not have what was sealed, so it is no source to repair from.
    :raises OdooError: Odoo can't be asked.
    :raises StoreError: the store can't be read or written.
    """
    work = _Reconcile(client, store, chain, on_progress)
    return work.period(since, until, repair=repair)


class _Reconcile:
    def __init__(
        self, client: Client, store: TrailStore, chain: str, on_progress: OnProgress
    ) -> None:
        self._client = client
        self._store = store
        self._chain = chain
        self._source = Source(client, chain)
        self._head = store.head(chain)
        self._start = store.start(chain)
        self._on_progress = on_progress

    def period(self, since: str, until: str, *, repair: bool) -> Reconciled:
        page = self._source.entries(self._head)
        result = Reconciled(self._chain, self._head, beyond=page.end.position - self._head.position)
        theirs = {day.day: day for day in self._odoo_days(since, until)}
        ours = {day.day: day for day in self._store.days(self._chain, since, until)}
        suspects: dict[int, DayFinding] = {}
        for name in sorted({*theirs, *ours}):
            finding = DayFinding(name, 0, 0)
            for place in self._suspects(theirs.get(name), ours.get(name), finding):
                suspects[place] = finding
            result.days.append(finding)
        if suspects:
            for entry in self._differing(suspects):
                suspects[entry.position].places.append(entry.position)
                if repair and not self._would_lose(entry):
                    result.repaired += self._refill(entry)
        return result

    def _refill(self, entry: Entry) -> bool:
        """Put Odoo's entry in its place; not when its lines went there since it was read."""
        lines = self._source.lines([entry])
        try:
            self._store.replace(self._chain, entry, chained.from_iterable(lines))
        except Outdated:
            return False
        return True

    def _odoo_days(self, since: str, until: str) -> Iterator[SealedDay]:
        """Yield Odoo's days of a period of any length; it is asked for those of its chain only."""
        first, last = self._source.days(self._head)
        since, until = max(since, first), min(until, last)
        if not first or since > until:
            return
        try:
            day, end = date.fromisoformat(since), date.fromisoformat(until)
        except ValueError:
            raise Broken(
                Break.SEAL, 0, f"In Odoo: the chain is dated {first} to {last}.", REMEDY
            ) from None
        while day <= end:
            until_day = min(end, day + timedelta(days=DAYS_AT_ONCE - 1))
            yield from self._client.export_days(since=str(day), until=str(until_day))
            day = until_day + timedelta(days=1)

    def _suspects(
        self, theirs: SealedDay | None, ours: Day | None, finding: DayFinding
    ) -> Iterator[int]:
        """Yield the positions of a day that have to be looked at in Odoo, in order."""
        firsts = [position(theirs.first)] if theirs else []
        lasts = [position(theirs.last)] if theirs else []
        if ours:
            finding.entries, finding.lines = ours.count, ours.lines
            firsts.append(ours.first)
            lasts.append(ours.last)
        first, last = max(min(firsts), self._start.position + 1), max(lasts)
        last = min(last, self._head.position)
        equal = (
            theirs is not None
            and ours is not None
            and (position(theirs.first), position(theirs.last), theirs.count, theirs.digest)
            == (ours.first, ours.last, ours.count, ours.digest)
        )
        held = self._held(first, last)
        for place in range(first, last + 1):
            if not equal or held.get(place) != _WHOLE:
                yield place
        self._on_progress(last, self._head.position)

    def _held(self, first: int, last: int) -> dict[int, int]:
        """Return what the store has that holds by itself: how much of it is gone, by position.

        0: it is whole. -1: the entry is withheld, or its lines. More: so many lines are erased.
        """
        held: dict[int, int] = {}
        before = self._store.entries(self._chain, after=first - 2, limit=1) if first > 1 else []
        at = Head(first - 1, before[0].seal) if before else self._start
        after = first - 1
        while entries := self._store.entries(self._chain, after=after, limit=ENTRIES_AT_ONCE):
            for entry in entries:
                if entry.position > last:
                    return held
                try:
                    check_entry(self._chain, entry, at)
                    check = self._lines_of(entry)
                except Broken:
                    pass
                else:
                    held[entry.position] = -1 if entry.withheld else check.erased
                at = Head(entry.position, entry.seal)
            after = entries[-1].position
        return held

    def _lines_of(self, entry: Entry) -> LinesCheck:
        check = LinesCheck([entry])
        if entry.kind == RUN:
            for rows in pieces(self._store.entry_lines(self._chain, entry.position)):
                check.take(rows)
            check.end()
        return check

    def _differing(self, suspects: dict[int, DayFinding]) -> list[Entry]:
        """Return Odoo's entries at those suspects where the store has not the same.

        :raises Broken: the entries in Odoo do not lead to the head of the store.
        """
        differing: list[Entry] = []
        at = self._source.anchor(min(suspects) - 1) if min(suspects) > 1 else Head(0, "")
        if at.position == 0:
            at = self._start
        for place in sorted(suspects):
            if place <= at.position and place not in self._held(place, place):
                suspects[place].places.append(place)  # and Odoo has it no more
        while at.position < self._head.position:
            page = self._source.entries(at, removed=True)
            at = page.start
            for entry in page.entries:
                if entry.position > self._head.position:
                    break
                if entry.position in suspects and not self._same(entry):
                    differing.append(entry)
                at = Head(entry.position, entry.seal)
            if at.position < self._head.position and (page.broken or not page.entries):
                raise page.broken or Broken(
                    Break.MISSING, at.position + 1, "In Odoo: an entry is missing.", REMEDY
                )
        if at != self._head:
            raise Broken(
                Break.SEAL,
                at.position,
                "In Odoo: the chain there does not lead to the head of the store.",
                REMEDY,
            )
        return differing

    def _would_lose(self, theirs: Entry) -> bool:
        """Whether Odoo has let go of content or lines that the store may still have in part."""
        found = self._store.entries(self._chain, after=theirs.position - 1, limit=1)
        if not theirs.withheld or not found or found[0].seal != theirs.seal:
            return False
        return found[0].withheld != COMPANY or self._has_any(found[0])

    def _has_any(self, ours: Entry) -> bool:
        if ours.content:
            return True
        return next(iter(self._store.entry_lines(self._chain, ours.position)), None) is not None

    def _same(self, theirs: Entry) -> bool:
        """Whether the store has that entry whole, or at least as much of it as Odoo has."""
        found = self._store.entries(self._chain, after=theirs.position - 1, limit=1)
        if not found or found[0].position != theirs.position:
            return False
        ours = found[0]
        if ours[:6] != theirs[:6]:
            return False
        if ours.withheld and not theirs.withheld:
            return False
        if ours.withheld == COMPANY and theirs.withheld != COMPANY:
            return False
        if (ours.salt, ours.content) != (theirs.salt, theirs.content) and not theirs.withheld:
            return False
        erased = self._held(theirs.position, theirs.position).get(theirs.position)
        if erased is None:
            return False
        if erased <= 0 or theirs.withheld:
            return True
        try:
            return erased <= sum(
                not row.content for rows in self._source.lines([theirs]) for row in rows
            )
        except Outdated:
            return True
