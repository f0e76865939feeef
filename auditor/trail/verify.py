"""Is what is stored, or what Odoo gives, what was sealed?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from auditor.odoo.client import Client
from auditor.stores.interface import (
    COMPANY,
    ERASED,
    LINES,
    RETENTION,
    RUN,
    Entry,
    Head,
    LineRow,
    TrailStore,
)
from auditor.telemetry import traced
from auditor.trail.chain import LinesCheck, Released, check_entry, named
from auditor.trail.errors import Break, Broken, Forked, Outdated, Rewound, TrailError
from auditor.trail.source import Source

ENTRIES_AT_ONCE = 200
LINES_AT_ONCE = 2000

_STORE_REMEDY = (
    "Somebody has changed the store. `sentinel-ops reconcile --repair` refills it from Odoo, after "
    "checking that Odoo still has what was sealed; keep a copy of the file first."
)
_ODOO_REMEDY = (
    "Somebody has changed the trail in Odoo since it was pulled. Keep the store: it has the "
    "original (sentinel-ops show)."
)

OnProgress = Callable[[int, int], None]
"""Called with (position checked, position of the head)."""


@dataclass
class Verified:
    """What was checked of one chain and found good, up to ``head``.

    :param withheld: entries without their content, or runs without their lines, by reason; of
        them only the seal could be checked.
    :param erased: lines without their content.
    :param unproven: lines of runs that were erased, which nothing commits to.
    :param kept: entries or lines that Odoo has erased or let go, and the store still has.
    :param lacking: entries of companies that whoever pulled could not see, and this user can.
    """

    chain: str
    head: Head
    start: Head
    runs: int = 0
    events: int = 0
    lines: int = 0
    erased: int = 0
    unproven: int = 0
    kept: int = 0
    lacking: int = 0
    withheld: Counter[str] = field(default_factory=Counter)

    def count(self, entry: Entry) -> None:
        """Take a good entry into account."""
        if entry.kind == RUN:
            self.runs += 1
        else:
            self.events += 1
        if entry.withheld:
            self.withheld[entry.withheld] += 1

    def add(self, check: LinesCheck) -> None:
        """Take checked lines into account."""
        self.lines += check.lines
        self.erased += check.erased
        self.unproven += check.unproven


@traced("verify")
def verify(store: TrailStore, chain: str, *, on_progress: OnProgress = lambda *_: None) -> Verified:
    """Check every digest and every seal of a chain in the store, and that nothing is missing.

    :raises Broken: naming the first place that is not what was sealed.
    :raises StoreError: the store can't be read.
    """
    end, at = store.head(chain), store.start(chain)
    result = Verified(chain, end, at)
    released, gone = Released(), _Gone()
    try:
        orphan = min(store.orphans(chain), default=0)
        while entries := store.entries(chain, after=at.position, limit=ENTRIES_AT_ONCE):
            for entry in entries:
                if entry.position > end.position:
                    raise _beyond(entry, end)
                at = check_entry(chain, entry, at)
                if orphan and entry.position > orphan:
                    raise _orphaned(orphan)
                check = LinesCheck([entry])
                if entry.kind == RUN:
                    for rows in pieces(store.entry_lines(chain, entry.position)):
                        check.take(rows)
                    check.end()
                result.count(entry)
                result.add(check)
                released.learn(entry)
                gone.learn(entry, check)
            on_progress(at.position, end.position)
        if at != end:
            raise Broken(
                Break.HEAD,
                min(at.position + 1, end.position),
                f"The end of the chain is missing: it was stored up to position {end.position} "
                f"with the seal {end.seal[:12]}; now it ends at {at.position} with "
                f"{at.seal[:12]}.",
            )
        if orphan:
            raise _orphaned(orphan)
        # Events of companies that this store was not given, or from before it began, are not there
        # to tell.
        if not result.withheld[COMPANY] and not result.start.position:
            gone.check(released)
    except Broken as error:
        error.remedy = error.remedy or _STORE_REMEDY
        raise
    return result


class _Gone:
    """What is without its content, to be compared with what the chain itself tells of."""

    def __init__(self) -> None:
        self._erased = self._first_erased = 0
        self._last: dict[str, int] = {}

    def learn(self, entry: Entry, check: LinesCheck) -> None:
        if check.erased:
            self._erased += check.erased
            self._first_erased = self._first_erased or entry.position
        if entry.withheld:
            self._last[entry.withheld] = entry.position

    def check(self, released: Released) -> None:
        if self._erased > released.erased:
            raise self._more(
                self._first_erased,
                f"erased lines ({self._erased}, from position {self._first_erased} on)",
                f"{released.erased} were",
            )
        for reason, told in (
            (ERASED, 0),
            (RETENTION, released.entries),
            (LINES, max(released.lines, released.entries)),
        ):
            place = self._last.get(reason, 0)
            if place > told:
                raise self._more(
                    place,
                    f"position {place} is without its {'lines' if reason == LINES else 'content'}",
                    f"retention came to {told}",
                )

    @staticmethod
    def _more(place: int, what: str, told: str) -> Broken:
        return Broken(
            Break.WITHHELD,
            place,
            f"More is gone than the chain itself tells of: {what}; by its events, {told}.",
            "If something was erased in Odoo a moment ago, pull again: the event follows. "
            + _STORE_REMEDY,
        )


def _orphaned(place: int) -> Broken:
    return Broken(
        Break.LINE_EXTRA,
        place,
        f"There are lines at position {place}, and no run that they belong to.",
    )


def _beyond(entry: Entry, end: Head) -> Broken:
    return Broken(
        Break.HEAD,
        entry.position,
        f"The {named(entry)} stands behind the head of the chain, which was stored up to position "
        f"{end.position}: the entry was put in, or the head was set back.",
    )


def pieces(rows: Iterable[LineRow]) -> Iterator[list[LineRow]]:
    """Yield the rows in lists of bounded length."""
    piece: list[LineRow] = []
    for row in rows:
        piece.append(row)
        if len(piece) == LINES_AT_ONCE:
            yield piece
            piece = []
    if piece:
        yield piece


@traced("verify_against")
def verify_against(
    client: Client, store: TrailStore, chain: str, *, on_progress: OnProgress = lambda *_: None
) -> Verified:
    """Read all of the chain in Odoo again and check it against the store, content by content.

    Both sides are checked against the seals that the store has, so that whatever is equal to what
    was sealed is equal to each other. The store is expected to have been verified.

    :raises Forked: Odoo has another seal at the head of the store.
    :raises Rewound: Odoo's chain ends before.
    :raises Broken: naming the first place at which Odoo does not have what was sealed.
    :raises OdooError: Odoo can't be asked.
    """
    end, at = store.head(chain), store.start(chain)
    source = Source(client, chain)
    result = Verified(chain, end, at)
    trouble: TrailError | None = None
    try:
        source.entries(end)
    except (Forked, Rewound) as error:
        # It is named all the same; where it begins says more.
        trouble = error
    while at.position < end.position:
        page = source.entries(at, removed=True)
        if page.start != at:
            result.kept += _gone(store, chain, at, page.start)
            at = page.start
        before = replace(result, withheld=Counter(result.withheld))
        entries = [entry for entry in page.entries if entry.position <= end.position]
        for entry, ours in _pairs(store, chain, at, entries):
            if entry.seal != ours.seal:
                raise _rewritten(entry, ours)
            _compare_withheld(entry, ours, result)
            at = Head(entry.position, entry.seal)
            result.count(entry)
        try:
            _check_lines(source, store, chain, entries, result)
        except Outdated:
            at, result = page.start, before
            continue
        if at.position < end.position and (page.broken or not entries):
            if page.broken:
                page.broken.remedy = _ODOO_REMEDY
            raise page.broken or trouble or _missing(at)
        on_progress(at.position, end.position)
    if trouble:
        raise trouble
    return result


def _gone(store: TrailStore, chain: str, at: Head, start: Head) -> int:
    """Return how many entries retention took in Odoo, after checking that it says so truly."""
    ours = store.entries(chain, after=start.position - 1, limit=1)
    if ours and ours[0].position == start.position and ours[0].seal != start.seal:
        raise _rewritten(ours[0]._replace(seal=start.seal), ours[0])
    return start.position - at.position


def _pairs(
    store: TrailStore, chain: str, after: Head, entries: Sequence[Entry]
) -> Iterator[tuple[Entry, Entry]]:
    ours = store.entries(chain, after=after.position, limit=len(entries)) if entries else []
    if len(ours) != len(entries):
        raise Broken(
            Break.MISSING, after.position + 1, "An entry is missing in the store.", _STORE_REMEDY
        )
    return zip(entries, ours, strict=True)


def _rewritten(theirs: Entry, ours: Entry) -> Broken:
    return Broken(
        Break.SEAL,
        ours.position,
        f"In Odoo: the chain was rewritten: the {named(ours)} has the seal {theirs.seal[:12]} "
        f"there and {ours.seal[:12]} in the store.",
        _ODOO_REMEDY,
    )


def _missing(at: Head) -> Broken:
    return Broken(
        Break.MISSING,
        at.position + 1,
        f"In Odoo: an entry is missing, at position {at.position + 1}; the store has it.",
        _ODOO_REMEDY,
    )


def _compare_withheld(theirs: Entry, ours: Entry, result: Verified) -> None:
    if theirs.withheld and not ours.withheld:
        result.kept += 1
    elif ours.withheld == COMPANY and not theirs.withheld:
        result.lacking += 1
    elif ours.withheld and not theirs.withheld:
        raise Broken(
            Break.WITHHELD,
            ours.position,
            f"The store lacks what Odoo has: of the {named(ours)} it says that it was withheld "
            f"({ours.withheld}), and Odoo gives it.",
            _STORE_REMEDY,
        )


def _check_lines(
    source: Source, store: TrailStore, chain: str, entries: Sequence[Entry], result: Verified
) -> None:
    try:
        with closing(source.lines(entries)) as received:
            for rows in received:
                result.lines += len(rows)
                erased = sum(not row.content for row in rows)
                if erased:
                    result.erased += erased
                    result.kept += _still_here(store, chain, rows)
    except Broken as broken:
        broken.remedy = _ODOO_REMEDY
        line = _first_difference(source, store, chain, entries, broken)
        if line:
            raise Broken(
                broken.kind,
                broken.position,
                f"{broken.message} The first that differs from the store is line {line}.",
                _ODOO_REMEDY,
                line=line,
            ) from None
        raise


def _still_here(store: TrailStore, chain: str, rows: Sequence[LineRow]) -> int:
    """Count the lines that have no content in Odoo any more and have it in the store."""
    count = 0
    for place in sorted({row.run_position for row in rows if not row.content}):
        gone = {row.position for row in rows if row.run_position == place and not row.content}
        count += sum(
            bool(line.content) and line.position in gone for line in store.entry_lines(chain, place)
        )
    return count


def _first_difference(
    source: Source, store: TrailStore, chain: str, entries: Sequence[Entry], broken: Broken
) -> int:
    """Return the position of the first line of the broken run that Odoo has otherwise; 0: none."""
    entry = next((each for each in entries if each.position == broken.position), None)
    if entry is None or entry.withheld == LINES:
        return 0
    ours = store.entry_lines(chain, entry.position)
    for row in source.unchecked_lines(entry):
        mine = next(ours, None)
        if mine is None or (row.position, row.digest) != (mine.position, mine.digest):
            return min(row.position, mine.position) if mine else row.position
    rest = next(ours, None)
    return rest.position if rest else 0
