"""What the auditor needs from a store of the trail.

A store is the only memory the auditor has: it knows how far each chain was copied and what its last
seal was, so a lost machine loses nothing and doubles nothing. What was sealed is kept as the text
that was sealed, byte for byte; columns for queries are derived from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from auditor.errors import AuditorError
from auditor.odoo.answers import SealedLine, SealedRun
from auditor.stores.figures import RunFigures

NO_SEAL = "0" * 64
"""What stands before the first place of a chain."""

RUN, EVENT = "run", "event"
"""The kinds of entries."""

COMPANY, ERASED, RETENTION, LINES = "company", "erased", "retention", "lines"
"""Why an entry is given without its content, or (``lines``) a run without its lines."""


class StoreError(AuditorError):
    """The store can't be used.

    :param passing: somebody else is using it, so that it may go well in a while.
    :param missing: there is none yet, and none was to be made.
    """

    def __init__(
        self, message: str, remedy: str = "", *, passing: bool = False, missing: bool = False
    ) -> None:
        super().__init__(message, remedy)
        self.passing = passing
        self.missing = missing


class MovedOn(Exception):
    """Another pull has moved the head meanwhile; look again and go on from there."""


@dataclass(frozen=True)
class Head:
    """Where a chain stands.

    :param position: of the last place; 0 when there is none yet.
    :param seal: of that place, hex; :data:`NO_SEAL` when there is none yet.
    """

    position: int
    seal: str


EMPTY = Head(0, NO_SEAL)
"""The head of a chain of which nothing is there yet."""


class Entry(NamedTuple):
    """One place of a chain, a finished run or an event; ``content`` as sealed."""

    position: int
    kind: str
    uid: str
    sealed_at: str
    digest: str
    seal: str
    withheld: str
    salt: str
    content: str


class LineRow(NamedTuple):
    """One line of a run; ``content`` is the JSON text as sealed.

    An erased line has neither salt nor content, only its digest. Odoo gives the digest of no other
    line; stores keep that of every line, so that an edited one can be told from its neighbours.
    """

    run_position: int
    position: int
    digest: str
    salt: str
    content: str


@dataclass(frozen=True)
class Day:
    """What was sealed in one day.

    :param day: ``YYYY-MM-DD``, the UTC date of ``sealed_at``.
    :param first: position of its first entry; ``last`` of its last one.
    :param lines: in Odoo the sum of its runs' ``line_count``; in a store the lines that are there.
    :param digest: SHA-256, hex, over the raw seals in order of position.
    """

    day: str
    first: int
    last: int
    count: int
    lines: int
    digest: str


@dataclass(frozen=True)
class ChainSummary:
    """How much of one chain is stored."""

    chain: str
    database: str
    url: str
    head: Head
    start: Head
    runs: int
    events: int
    lines: int
    pulled_at: str


@dataclass(frozen=True)
class StoredRun:
    """A run with the chain it was pulled from."""

    chain: str
    database: str
    url: str
    run: SealedRun


@dataclass(frozen=True)
class StoredLine:
    """A line together with the run that it belongs to."""

    stored: StoredRun
    line: SealedLine


class Batch(Protocol):
    """Entries and lines that land together, with the new head, or not at all."""

    def begin(self, start: Head) -> None:
        """Note that the chain is stored from behind ``start`` on, for retention took the rest.

        Only ever called for a chain of which nothing is stored; without it that is :data:`EMPTY`.
        """
        ...

    def add_entries(self, entries: Sequence[Entry]) -> None:
        """Add entries, in order; may be called many times."""
        ...

    def add_lines(self, lines: Sequence[LineRow]) -> None:
        """Add lines of runs of this batch, in order.

        May be called many times: a run may have more lines than fit in memory.
        """
        ...

    def advance(self, head: Head) -> None:
        """Set the head behind which the next pull starts."""
        ...


class TrailStore(Protocol):
    """A store of entries and lines, keyed by the chain and the position in it."""

    def head(self, chain: str) -> Head:
        """Where the stored part of ``chain`` ends, :data:`EMPTY` when nothing is stored."""
        ...

    def start(self, chain: str) -> Head:
        """Behind what the stored part of ``chain`` begins, see :meth:`Batch.begin`."""
        ...

    def batch(
        self, chain: str, *, expected: Head, database: str, url: str
    ) -> AbstractContextManager[Batch]:
        """Open a batch: it lands when the block ends well, and vanishes when it does not.

        :param expected: the head the caller starts from.
        :raises MovedOn: the chain has another head by now.
        :raises StoreError: the store can't be written.
        """
        ...

    def entries(self, chain: str, *, after: int, limit: int) -> list[Entry]:
        """At most ``limit`` entries behind position ``after``, in order, as they are stored."""
        ...

    def entry_lines(self, chain: str, run_position: int) -> Iterator[LineRow]:
        """Every line stored under that position, in order; none is held in memory for long."""
        ...

    def first_unseen(self, chain: str, *, after: int) -> int:
        """Position of the first entry behind ``after`` stored as :data:`COMPANY`; 0 for none."""
        ...

    def orphans(self, chain: str) -> list[int]:
        """Positions, in order, under which lines are stored but no run; at most a hundred."""
        ...

    def replace(self, chain: str, entry: Entry, lines: Iterable[LineRow]) -> None:
        """Put ``entry`` and exactly ``lines`` in its place, all of it or nothing.

        The head stays where it is. An error that ``lines`` raises leaves the place as it was;
        ``lines`` may come from :meth:`entry_lines` of the same place.

        :raises StoreError: the store can't be written.
        """
        ...

    def days(self, chain: str, since: str, until: str) -> list[Day]:
        """Days from ``since`` to ``until`` (both ``YYYY-MM-DD``, inclusive) with any entry."""
        ...

    def chains(self) -> list[ChainSummary]:
        """What is stored, by chain."""
        ...

    def recent_runs(self, *, limit: int, job: str = "") -> list[StoredRun]:
        """Newest runs first, of every chain."""
        ...

    def find_runs(self, uid: str) -> list[StoredRun]:
        """Runs whose uid begins with ``uid``."""
        ...

    def lines(self, stored: StoredRun, *, limit: int, outcome: str = "") -> list[SealedLine]:
        """Lines of a run in their order; ``limit`` 0 means all."""
        ...

    def history(self, model: str, record: str) -> Iterator[StoredLine]:
        """Everything that happened to one record, oldest first.

        :param record: database id or exact name.
        """
        ...

    def run_figures(self) -> RunFigures:
        """Figures about all runs, for monitoring."""
        ...

    def close(self) -> None:
        """Let go of the store."""
        ...
