"""Copy sealed runs and their lines into the store, exactly once, in the order of the chain.

The store remembers how far it got. Runs are taken in batches of a bounded number of lines; a batch
and its new position land in one transaction, so a pull killed anywhere leaves no gap and no double,
and the next one goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.odoo.answers import SealedLine, SealedRun
from auditor.odoo.client import AFTER_ALL_LINES, Client
from auditor.odoo.errors import PageTooLarge
from auditor.stores.interface import Batch, MovedOn, TrailStore
from auditor.trail.errors import ChainChanged, Gap, LineMismatch, Rewound

if TYPE_CHECKING:
    from auditor.odoo.answers import Health

logger = logging.getLogger(__name__)

RUNS_A_PAGE = 200
LINES_A_PAGE = 5000
LINES_A_BATCH = 20_000
"""A batch takes fewer runs rather than more lines, so that a second pull never waits for long; a
single run with more lines still lands whole."""

_REMEDY = (
    "Nothing was stored of it and everything stored before is untouched. Tell who looks after "
    "Odoo: the trail may have been tampered with."
)


@dataclass(frozen=True)
class Pulled:
    """What a pull did."""

    chain: str
    database: str
    runs: int
    lines: int
    position: int


OnProgress = Callable[[int, int], None]
"""Called with (position stored, last position known in Odoo)."""


def pull(
    client: Client, store: TrailStore, *, url: str, on_progress: OnProgress = lambda *_: None
) -> Pulled:
    """Copy everything sealed since the last time.

    :param url: where Odoo is, for people who read the store; without credentials.
    :raises OdooError: Odoo can't be asked or answers nonsense.
    :raises TrailError: the trail contradicts itself or the store.
    :raises StoreError: the store can't be written.
    """
    return _Pull(client, store, client.health(), url, on_progress).everything()


class _Pull:
    def __init__(
        self,
        client: Client,
        store: TrailStore,
        health: Health,
        url: str,
        on_progress: OnProgress,
    ) -> None:
        self._client = client
        self._store = store
        self._chain = health.chain
        self._database = health.database
        self._url = url
        self._on_progress = on_progress
        self._runs_a_page = RUNS_A_PAGE
        self._lines_a_page = LINES_A_PAGE

    def everything(self) -> Pulled:
        runs = lines = 0
        while True:
            position = self._store.position(self._chain)
            page, head = self._next_runs(position)
            self._on_progress(position, head)
            if not page:
                return Pulled(self._chain, self._database, runs, lines, position)
            try:
                with self._store.batch(
                    self._chain, expected=position, database=self._database, url=self._url
                ) as batch:
                    lines += self._land(batch, position, page)
            except MovedOn:
                logger.info("another pull was faster", extra={"position": position})
                continue
            runs += len(page)
            logger.info(
                "batch landed",
                extra={"chain": self._chain, "position": page[-1].position, "runs": len(page)},
            )

    def _next_runs(self, position: int) -> tuple[list[SealedRun], int]:
        """Return the runs of the next batch and the chain's last position."""
        while True:
            try:
                page, runs = self._client.export_runs(after=position, limit=self._runs_a_page)
            except PageTooLarge:
                if self._runs_a_page == 1:
                    raise
                self._runs_a_page = max(1, self._runs_a_page // 4)
                continue
            break
        self._same_chain(page.chain)
        head = _position(page.head)
        if head < position:
            raise Rewound(
                f"The chain in Odoo ends at position {head}, the store has it up to {position}.",
                "The database may have been restored from an older copy. Keep this store as the "
                "proof of what was, and pull into a new one (SENTINEL_STORE).",
            )
        for expected, run in enumerate(runs, start=position + 1):
            if _position(run.position) != expected:
                raise Gap(
                    f"Odoo gave the run at position {run.position or 'none'} of the chain where "
                    f"{expected} must come.",
                    _REMEDY,
                )
        if not runs and head > position:
            raise Gap(
                f"The chain in Odoo ends at position {head}, but Odoo gives no run behind "
                f"{position}.",
                _REMEDY,
            )
        return _first_batch(runs), head

    def _land(self, batch: Batch, position: int, runs: list[SealedRun]) -> int:
        """Add ``runs`` with all their lines and return how many lines there were."""
        batch.add_runs(runs)
        received = {_position(run.position): 0 for run in runs}
        uids = {_position(run.position): run.uid for run in runs}
        until = position + len(runs)
        after, after_line = position, AFTER_ALL_LINES
        while True:
            lines, more = self._next_lines(after, after_line, until)
            for line in lines:
                place = _position(line.run_position)
                if uids.get(place) != line.run:
                    raise LineMismatch(
                        f"Odoo gave a line of run {line.run} at position {line.run_position}, "
                        "which is none of the runs asked for.",
                        _REMEDY,
                    )
                if (place, line.position) <= (after, after_line):
                    raise LineMismatch(
                        f"Odoo gave line {line.position} of run {line.run} twice or out of order.",
                        _REMEDY,
                    )
                after, after_line = place, line.position
                received[place] += 1
            batch.add_lines(lines)
            if not more:
                break
            if not lines:
                raise LineMismatch("Odoo promises more lines and gives none.", _REMEDY)
        for run in runs:
            count = received[_position(run.position)]
            if count != run.line_count:
                raise LineMismatch(
                    f"Run {run.uid} says it has {run.line_count} lines; Odoo gave {count}.",
                    _REMEDY,
                )
        batch.advance(until)
        return sum(received.values())

    def _next_lines(self, after: int, after_line: int, until: int) -> tuple[list[SealedLine], bool]:
        while True:
            try:
                page, lines = self._client.export_lines(
                    after=after, after_line=after_line, until=until, limit=self._lines_a_page
                )
            except PageTooLarge:
                if self._lines_a_page == 1:
                    raise
                self._lines_a_page = max(1, self._lines_a_page // 4)
                continue
            self._same_chain(page.chain)
            return lines, page.more

    def _same_chain(self, chain: str) -> None:
        if chain != self._chain:
            raise ChainChanged(
                f"The database answers with chain {chain}, a moment ago it was {self._chain}.",
                "Someone may have replaced or neutralized the database; pull again.",
            )


def _first_batch(runs: list[SealedRun]) -> list[SealedRun]:
    """Return the first runs that together stay within the batch, at least one."""
    total = 0
    for index, run in enumerate(runs):
        total += run.line_count
        if index and total > LINES_A_BATCH:
            return runs[:index]
    return runs


def _position(text: str) -> int:
    """Return a position; 0 for what is none, which no run may have."""
    return int(text) if text.isdecimal() and text.isascii() else 0
