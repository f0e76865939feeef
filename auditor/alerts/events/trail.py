"""Walk what was sealed since the last time, and look at each run and event in turn."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.alerts.events import findings, runs, stops
from auditor.alerts.events.facts import Facts, moment
from auditor.alerts.events.recall import Recall
from auditor.alerts.state import Mark
from auditor.stores.interface import RUN, StoredRun, StoreError
from auditor.stores.reading import sealed_run

if TYPE_CHECKING:
    from auditor.alerts.judging import Observation
    from auditor.stores.interface import Entry, TrailStore

logger = logging.getLogger(__name__)

PAGE = 200
FIRST_LOOK = timedelta(days=1)
"""Of a trail that was never judged, what is older is history and no alert."""


@dataclass(frozen=True)
class Walked:
    """What was seen on the way, in order, and how far it went."""

    observations: tuple[Observation, ...]
    mark: Mark


@dataclass(frozen=True)
class Chain:
    """A chain of the Odoo that is watched."""

    uid: str
    database: str
    url: str


def walk(
    store: TrailStore, chain: Chain, mark: Mark | None, facts: Facts, *, stops_seen: bool
) -> Walked:
    """Look at everything behind ``mark``.

    :param stops_seen: Odoo itself says what is stopped right now, so the trail need not.
    :raises StoreError: the store can't be read.
    """
    head = store.head(chain.uid).position
    position = mark.position if mark else _first_place(store, chain.uid, head, facts)
    if position >= head:
        return Walked((), Mark(position))
    seen: list[Observation] = []
    recall = Recall(store)
    for entry in _entries(store, chain.uid, position):
        position = entry.position
        if not entry.content:
            # Withheld from this reader, or erased: nothing can be said about it.
            continue
        if entry.kind == RUN:
            seen += _look_at_run(store, recall, chain, entry, facts)
        elif not stops_seen:
            seen += _look_at_event(entry, facts)
    return Walked(tuple(seen), Mark(position))


def _first_place(store: TrailStore, chain: str, head: int, facts: Facts) -> int:
    since = facts.now - FIRST_LOOK
    until = facts.now + FIRST_LOOK
    days = store.days(chain, since.date().isoformat(), until.date().isoformat())
    return min((day.first for day in days), default=head + 1) - 1


def _entries(store: TrailStore, chain: str, after: int) -> Iterator[Entry]:
    while True:
        page = store.entries(chain, after=after, limit=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].position


def _look_at_run(
    store: TrailStore, recall: Recall, chain: Chain, entry: Entry, facts: Facts
) -> list[Observation]:
    try:
        run = sealed_run(entry.position, entry.content)
    except StoreError as error:
        # verify is for that; one edited row must not keep the alerts of all others from people.
        logger.warning("a run cannot be judged", extra={"because": error.message})
        return []
    stored = StoredRun(chain.uid, chain.database, chain.url, run)
    at = moment(run.ended_at) or moment(entry.sealed_at) or facts.now
    return [
        *runs.observe(store, stored, at, facts),
        *findings.observe(store, recall, stored, at, facts),
    ]


def _look_at_event(entry: Entry, facts: Facts) -> list[Observation]:
    try:
        event = json.loads(entry.content)
    except ValueError:
        logger.warning("an event cannot be judged", extra={"position": entry.position})
        return []
    return stops.from_event(event, facts) if isinstance(event, dict) else []
