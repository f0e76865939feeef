"""What an export holds: entries in the order of the chain, each run followed by its lines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.stores.interface import RUN, ChainSummary, Entry, LineRow, StoreError
from auditor.trail.period import Period, entries_in, places

if TYPE_CHECKING:
    from auditor.stores.interface import TrailStore

LINE = "line"
Progress = Callable[[int, int], None]


class Row(NamedTuple):
    """An entry, or a line of the run ``entry``.

    :param facts: the content, read; empty when it is withheld.
    """

    chain: ChainSummary
    entry: Entry
    line: LineRow | None
    facts: dict[str, Any]

    @property
    def kind(self) -> str:
        """``run``, ``event`` or ``line``."""
        return self.entry.kind if self.line is None else LINE

    @property
    def sealed(self) -> Entry | LineRow:
        """What carries the row's digest, salt and content."""
        return self.entry if self.line is None else self.line


def rows(
    store: TrailStore, period: Period, *, counts: Counter[str], on_progress: Progress
) -> Iterator[Row]:
    """Give what every chain of the store has of the period, one row in memory at a time.

    :param counts: rows given so far, by kind.
    :param on_progress: told entries given and entries to give, of all chains.
    :raises StoreError: the store can't be read, or what it has is no JSON.
    """
    parts = [(chain, places(store, chain.chain, period)) for chain in store.chains()]
    total = sum(within.count for _chain, within in parts if within)
    done = 0
    for chain, within in parts:
        if within is None:
            continue
        for entry in entries_in(store, chain.chain, within):
            counts[entry.kind] += 1
            yield Row(chain, entry, None, _facts(entry.content, entry.position))
            if entry.kind == RUN:
                for line in store.entry_lines(chain.chain, entry.position):
                    counts[LINE] += 1
                    yield Row(chain, entry, line, _facts(line.content, entry.position))
            done += 1
            on_progress(done, total)


def _facts(content: str, position: int) -> dict[str, Any]:
    if not content:
        return {}
    try:
        facts = json.loads(content)
    except ValueError:
        facts = None
    # A raw line break would end the row in the middle; nothing sealed has one.
    if not isinstance(facts, dict) or "\n" in content or "\r" in content:
        raise StoreError(
            f"What the store has at position {position} is not what was sealed.",
            "sentinel-ops verify tells what was edited.",
        )
    return facts
