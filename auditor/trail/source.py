"""The chain as Odoo gives it, verified while it is read."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field

from auditor.odoo.client import AFTER_ALL_LINES, Client
from auditor.odoo.errors import PageTooLarge
from auditor.odoo.streaming import NoStream, StreamCut
from auditor.stores.interface import NO_SEAL, RUN, Entry, Head, LineRow
from auditor.trail.ahead import ahead
from auditor.trail.chain import LinesCheck, check_entry, digest, facts
from auditor.trail.errors import (
    Break,
    Broken,
    ChainChanged,
    Forked,
    Outdated,
    Removed,
    Rewound,
    TrailError,
)

ENTRIES_A_PAGE = 200
LINES_A_PAGE = 2000
STREAM_FROM = 10_000
"""Lines; fewer are asked for in pages, which need no second way of logging in."""

REMEDY = (
    "Everything before it was checked and is kept, nothing behind it was stored. Tell who looks "
    "after Odoo: the trail may have been tampered with. Keep the store: it proves what was."
)
_NEW_STORE = (
    "The database may have been restored from an older copy. Keep this store as the proof of what "
    "was, and pull into a new one (SENTINEL_STORE)."
)


@dataclass(frozen=True)
class Page:
    """Some entries that follow each other, all of them good.

    :param start: behind what they begin; another head than asked for when retention took the rest.
    :param end: where the chain ends in Odoo.
    :param gone: up to which position retention took everything there; 0 when it took nothing.
    :param broken: why there are not more, if that is an error.
    """

    entries: list[Entry]
    start: Head
    end: Head
    gone: int
    broken: TrailError | None = field(default=None)


class Source:
    """One chain in Odoo.

    :param chain: what it must be; Odoo answering with another one is an error.
    """

    def __init__(self, client: Client, chain: str) -> None:
        self._client = client
        self._chain = chain
        self._entries_a_page = ENTRIES_A_PAGE
        self._lines_a_page = LINES_A_PAGE
        self._streams = True
        self._read_again: set[int] = set()

    def entries(self, head: Head, *, removed: bool = False) -> Page:
        """Return entries behind ``head``, checked, after making sure that Odoo has ``head`` too.

        :param removed: go on behind what retention took, which is an error otherwise.
        :raises Rewound: Odoo's chain ends before ``head``.
        :raises Forked: Odoo has something else at ``head``.
        :raises Removed: retention took entries behind ``head``.
        :raises OdooError: Odoo can't be asked or answers nonsense.
        """
        # The entry at the head comes again: that is how a fork shows.
        found, start, end = self._page(max(0, head.position - 1))
        if end.position < head.position:
            raise Rewound(
                f"The chain in Odoo ends at position {end.position}, the store has it up to "
                f"{head.position}.",
                _NEW_STORE,
            )
        if start.position > head.position:
            if head.position and not removed:
                raise Removed(
                    f"Retention in Odoo took everything up to position {start.position} of the "
                    f"chain; the store has it up to {head.position} only.",
                    "What lies between is lost here. Keep this store, pull into a new one "
                    "(SENTINEL_STORE), and register this auditor as a consumer in Odoo "
                    "(--consumer), so that nothing goes before it is stored.",
                )
            head = start
        elif head.position:
            theirs = start if start.position == head.position else self._first(found, head)
            if theirs.position == head.position and theirs.seal != head.seal:
                raise Forked(
                    f"The chain in Odoo has forked: at position {head.position} it has the seal "
                    f"{theirs.seal[:12]}, the store {head.seal[:12]}.",
                    _NEW_STORE,
                )
            if theirs is not start:
                found = found[1:]
            if not found and end.position > head.position:
                found, start, end = self._page(head.position)
        return self._checked(found, head, end, start.position)

    @staticmethod
    def _first(found: Sequence[Entry], head: Head) -> Head:
        if not found or found[0].position != head.position:
            raise Broken(
                Break.MISSING,
                head.position,
                f"An entry is missing in Odoo: that at position {head.position}, which the store "
                "has.",
                REMEDY,
            )
        return Head(found[0].position, found[0].seal)

    def _checked(self, found: Sequence[Entry], start: Head, end: Head, gone: int) -> Page:
        good: list[Entry] = []
        at = start
        try:
            for entry in found:
                at = check_entry(self._chain, entry, at)
                facts(entry)
                good.append(entry)
            if not found and end.position > start.position:
                raise Broken(
                    Break.MISSING,
                    start.position + 1,
                    f"The chain in Odoo ends at position {end.position}, but Odoo gives no entry "
                    f"behind {start.position}.",
                )
            if at.position >= end.position and at.seal != end.seal:
                raise Broken(
                    Break.HEAD,
                    at.position,
                    f"Odoo says that its chain ends at position {end.position} with the seal "
                    f"{end.seal[:12]}; the entry there has {at.seal[:12]}.",
                )
        except Broken as error:
            error.message, error.remedy = f"In Odoo: {error.message}", REMEDY
            return Page(good, start, end, gone, error)
        return Page(good, start, end, gone)

    def _page(self, after: int, *, limit: int = ENTRIES_A_PAGE) -> tuple[list[Entry], Head, Head]:
        while True:
            try:
                page, found = self._client.export_runs(
                    after=after, limit=min(limit, self._entries_a_page)
                )
            except PageTooLarge:
                if self._entries_a_page == 1:
                    raise
                self._entries_a_page = max(1, self._entries_a_page // 4)
                continue
            break
        self._same_chain(page.chain)
        end, start = position(page.head), position(page.start)
        return (
            found,
            Head(start, page.start_seal if start else NO_SEAL),
            Head(end, page.head_seal if end else NO_SEAL),
        )

    def anchor(self, place: int) -> Head:
        """Return what Odoo says stands at position ``place``, to read on from there.

        Where retention took it that is the place retention came to.
        """
        found, start, _end = self._page(max(0, place - 1), limit=1)
        if start.position >= place or not found:
            return start
        return Head(found[0].position, found[0].seal)

    def days(self, head: Head) -> tuple[str, str]:
        """Return the first and the last day on which Odoo sealed what it has up to ``head``.

        As Odoo says it, unchecked, for asking by day: a day too few or too many shows itself when
        the entries are compared.
        """
        first, _start, _end = self._page(0, limit=1)
        last, _start, _end = self._page(max(0, head.position - 1), limit=1)
        found = [entry.sealed_at[:10] for entry in (*first, *last)]
        return min(found, default=""), max(found, default="")

    def unchecked_lines(self, entry: Entry) -> Iterator[LineRow]:
        """Yield the lines of one run as Odoo gives them, to find out what is wrong with them."""
        for rows in self._raw_lines([entry]):
            for row in rows:
                yield row._replace(digest=digest(row.salt, row.content)) if row.content else row

    def lines(self, entries: Sequence[Entry]) -> Generator[list[LineRow], None, None]:
        """Yield the lines of ``entries``, checked, each with its digest, in pieces.

        They are read ahead: while one piece is written the next one is fetched and checked.

        :param entries: entries that follow each other and were found good.
        :raises Broken: they are not the lines that were sealed; what was yielded is void then.
        :raises Outdated: nor are they meant to be, for retention took some, or the user sees other
            companies, since ``entries`` were read; what was yielded is void then, too.
        """
        if any(entry.kind == RUN for entry in entries):
            with ahead(self._lines(entries)) as pieces:
                yield from pieces

    def _lines(self, entries: Sequence[Entry]) -> Iterator[list[LineRow]]:
        check = LinesCheck(entries)
        try:
            for rows in self._raw_lines(entries):
                yield check.take(rows)
            check.end()
        except Broken as error:
            if self._outdated(entries, error.position):
                raise Outdated from error
            error.message, error.remedy = f"In Odoo: {error.message}", REMEDY
            raise

    def _outdated(self, entries: Sequence[Entry], place: int) -> bool:
        """Whether Odoo says otherwise by now what is withheld of the entry at ``place``.

        Believed once a place: what says otherwise each time would be asked for without end.
        """
        entry = next((each for each in entries if each.position == place), None)
        if entry is None or place in self._read_again:
            return False
        self._read_again.add(place)
        found, start, _end = self._page(place - 1, limit=1)
        if start.position >= place:
            return True
        now = found[0] if found else entry
        return (now.position, now.seal) == (place, entry.seal) and now.withheld != entry.withheld

    def _raw_lines(self, entries: Sequence[Entry]) -> Iterator[list[LineRow]]:
        after, after_line = entries[0].position - 1, AFTER_ALL_LINES
        until = entries[-1].position
        expected = sum(known.count for known in map(facts, entries) if known)
        if self._streams and expected >= STREAM_FROM:
            try:
                for rows in self._client.stream_lines(
                    chain=self._chain, after=after, after_line=after_line, until=until
                ):
                    yield rows
                    after, after_line = rows[-1].run_position, rows[-1].position
            except NoStream:
                self._streams = False
            except StreamCut:
                pass  # the rest comes in pages, behind the last row that came whole
            else:
                return
        while True:
            rows, more = self._lines_page(after, after_line, until)
            if rows:
                after, after_line = rows[-1].run_position, rows[-1].position
                yield rows
            if not more:
                return
            if not rows:
                raise Broken(
                    Break.LINE_MISSING, after, "Odoo promises more lines and gives none.", REMEDY
                )

    def _lines_page(self, after: int, after_line: int, until: int) -> tuple[list[LineRow], bool]:
        while True:
            try:
                page, rows = self._client.export_lines(
                    after=after, after_line=after_line, until=until, limit=self._lines_a_page
                )
            except PageTooLarge:
                if self._lines_a_page == 1:
                    raise
                self._lines_a_page = max(1, self._lines_a_page // 4)
                continue
            self._same_chain(page.chain)
            return rows, page.more

    def _same_chain(self, chain: str) -> None:
        if chain != self._chain:
            raise ChainChanged(
                f"The database answers with chain {chain}, a moment ago it was {self._chain}.",
                "Someone may have replaced or neutralized the database; pull again.",
            )


def position(text: str) -> int:
    """Return a position; 0 for what is none, which no entry may have."""
    return int(text) if text.isdecimal() and text.isascii() else 0
