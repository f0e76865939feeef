"""Copy the sealed chain into the store, exactly once, in order, checked before it lands.

The store remembers how far it got and with which seal. Entries are taken in batches of a bounded
number of lines; a batch and its new head land in one transaction, so a pull killed anywhere leaves
no gap and no double, and the next one goes on. Where the chain is broken, everything before the
break lands and nothing behind it.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.odoo.client import Client
from auditor.odoo.errors import OdooError
from auditor.stores.interface import RUN, Batch, Entry, Head, MovedOn, TrailStore
from auditor.telemetry import span
from auditor.trail.chain import erased_record, facts
from auditor.trail.errors import Broken, Outdated, TrailError
from auditor.trail.source import Page, Source

if TYPE_CHECKING:
    from auditor.odoo.answers import Health

logger = logging.getLogger(__name__)

LINES_A_BATCH = 20_000
"""A batch takes fewer entries rather than more lines, so that a second pull never waits for long; a
single run with more lines still lands whole."""


@dataclass(frozen=True)
class Pulled:
    """What a pull did.

    :param start: behind what the stored part begins; not position 0 when retention took the rest.
    """

    chain: str
    database: str
    runs: int
    events: int
    lines: int
    head: Head
    start: Head


OnProgress = Callable[[int, int], None]
"""Called with (position stored, last position known in Odoo)."""


def pull(
    client: Client,
    store: TrailStore,
    *,
    url: str,
    consumer: str = "",
    on_progress: OnProgress = lambda *_: None,
) -> Pulled:
    """Copy everything sealed since the last time.

    :param url: where Odoo is, for people who read the store; without credentials.
    :param consumer: in whose name Odoo is told what has landed, so that retention may take it;
        ``""`` tells it nothing.
    :raises OdooError: Odoo can't be asked or answers nonsense.
    :raises TrailError: the chain is broken, forked, rewound or replaced.
    :raises StoreError: the store can't be written.
    """
    with span("pull") as note:
        work = _Pull(client, store, client.health(), url, on_progress)
        try:
            pulled = work.everything()
        except TrailError:
            try:
                work.acknowledge(consumer)
            except OdooError as error:
                logger.warning(
                    "what had landed was not acknowledged", extra={"because": error.message}
                )
            raise
        work.acknowledge(consumer)
        note.set(
            chain=pulled.chain,
            runs=pulled.runs,
            events=pulled.events,
            position=pulled.head.position,
        )
        return pulled


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
        self._source = Source(client, health.chain)
        self._url = url
        self._on_progress = on_progress
        self._known = False
        self._gone = 0
        self._runs = self._events = self._lines = 0

    def everything(self) -> Pulled:
        while True:
            head = self._store.head(self._chain)
            page = self._source.entries(head)
            self._known, self._gone = True, page.gone
            self._on_progress(head.position, page.end.position)
            if not page.entries:
                if page.broken:
                    raise page.broken
                return Pulled(
                    self._chain,
                    self._database,
                    self._runs,
                    self._events,
                    self._lines,
                    head,
                    self._store.start(self._chain),
                )
            try:
                self._land(head, page, _first_batch(page.entries))
            except MovedOn:
                logger.info("another pull was faster", extra={"position": head.position})
            except Outdated:
                logger.info(
                    "Odoo withholds something else by now", extra={"position": head.position}
                )

    def _land(self, head: Head, page: Page, entries: Sequence[Entry]) -> None:
        """Store ``entries`` with their lines; those before the broken one, if one is."""
        try:
            self._batch(head, page, entries)
        except Broken as broken:
            good = [entry for entry in entries if entry.position < broken.position]
            if good:
                self._batch(head, page, good)
            raise

    def _erase(self, entries: Sequence[Entry]) -> None:
        """Erase here what ``entries`` say was erased in Odoo; the digests stay.

        Before they land: a pull that is killed in between does it again.
        """
        for model, record in filter(None, map(erased_record, entries)):
            places: dict[int, set[int]] = defaultdict(set)
            for found in self._store.history(model, record):
                if found.stored.chain == self._chain:
                    places[int(found.line.run_position)].add(found.line.position)
            for place, gone in places.items():
                (run,) = self._store.entries(self._chain, after=place - 1, limit=1)
                self._store.replace(
                    self._chain,
                    run,
                    (
                        line._replace(salt="", content="") if line.position in gone else line
                        for line in self._store.entry_lines(self._chain, place)
                    ),
                )

    def _batch(self, head: Head, page: Page, entries: Sequence[Entry]) -> None:
        with span("batch", chain=self._chain, after=head.position, entries=len(entries)):
            self._land_together(head, page, entries)

    def _land_together(self, head: Head, page: Page, entries: Sequence[Entry]) -> None:
        self._erase(entries)
        with self._store.batch(
            self._chain, expected=head, database=self._database, url=self._url
        ) as batch:
            if page.start != head:
                batch.begin(page.start)
            batch.add_entries(entries)
            lines = self._add_lines(batch, entries)
            batch.advance(Head(entries[-1].position, entries[-1].seal))
        runs = sum(entry.kind == RUN for entry in entries)
        self._runs += runs
        self._events += len(entries) - runs
        self._lines += lines
        logger.info(
            "batch landed",
            extra={"chain": self._chain, "position": entries[-1].position, "lines": lines},
        )

    def _add_lines(self, batch: Batch, entries: Sequence[Entry]) -> int:
        count = 0
        with closing(self._source.lines(entries)) as pieces:
            for rows in pieces:
                batch.add_lines(rows)
                count += len(rows)
        return count

    def acknowledge(self, consumer: str) -> None:
        """Tell Odoo what has landed; nothing when the chains were found to differ."""
        if not consumer or not self._known:
            return
        head = self._held()
        if head.position:
            self._client.acknowledge(consumer, position=head.position, seal=head.seal)

    def _held(self) -> Head:
        """Return how far the store has everything that Odoo could still give.

        What Odoo withheld from who pulled it is not here, though the chain goes on behind it: it
        must not go there before it came. Lines that retention took (and entries, further below)
        nobody can bring any more.
        """
        unseen = self._store.first_unseen(self._chain, after=self._gone)
        if not unseen:
            return self._store.head(self._chain)
        logger.warning(
            "the store lacks what the auditor's user could not see in Odoo, so that Odoo is asked "
            "to keep everything from there on",
            extra={
                "position": unseen,
                "remedy": "let that user belong to every company, then sentinel-ops reconcile "
                "--repair",
            },
        )
        if unseen == self._store.start(self._chain).position + 1:
            return self._store.start(self._chain)
        (before,) = self._store.entries(self._chain, after=unseen - 2, limit=1)
        return Head(before.position, before.seal)


def _first_batch(entries: list[Entry]) -> list[Entry]:
    """Return the first entries that together stay within the batch, at least one."""
    total = 0
    for index, entry in enumerate(entries):
        known = facts(entry)
        total += known.count if known else 0
        if index and total > LINES_A_BATCH:
            return entries[:index]
    return entries
