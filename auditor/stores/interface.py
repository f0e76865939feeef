"""What the auditor needs from a store of the trail.

A store is the only memory the auditor has: it knows how far each chain was copied, so a lost
machine loses nothing and doubles nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from auditor.errors import AuditorError
from auditor.odoo.answers import SealedLine, SealedRun


class StoreError(AuditorError):
    """The store can't be used."""


class MovedOn(Exception):
    """Another pull has moved the position meanwhile; look again and go on from there."""


@dataclass(frozen=True)
class ChainSummary:
    """How much of one chain is stored."""

    chain: str
    database: str
    url: str
    position: int
    runs: int
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
    """Runs and lines that land together, with the new position, or not at all."""

    def add_runs(self, runs: Iterable[SealedRun]) -> None:
        """Add sealed runs."""
        ...

    def add_lines(self, lines: Iterable[SealedLine]) -> None:
        """Add lines of runs of this batch."""
        ...

    def advance(self, position: int) -> None:
        """Set the position behind which the next pull starts."""
        ...


class TrailStore(Protocol):
    """A store of runs and lines, keyed by the chain and the position in it."""

    def position(self, chain: str) -> int:
        """Position of the last run stored of ``chain``, 0 when there is none."""
        ...

    def batch(
        self, chain: str, *, expected: int, database: str, url: str
    ) -> AbstractContextManager[Batch]:
        """Open a batch: it lands when the block ends well, and vanishes when it does not.

        :param expected: the position the caller starts from.
        :raises MovedOn: the chain is at another position by now.
        :raises StoreError: the store can't be written.
        """
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

    def close(self) -> None:
        """Let go of the store."""
        ...
