"""kill -9 of a writer at random points, of the emulator too, while Odoo's contents change.

One test for all stores: it knows nothing of them but the interface. SENTINEL_STORE_KILLS sets how
many kills there are; the few of a usual run are enough to notice a batch that lands in part.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections.abc import Callable
from contextlib import closing, suppress
from itertools import count
from pathlib import Path

import pytest

from auditor.stores.bigquery.address import APPEND, MERGE, Address
from auditor.stores.bigquery.store import BigQueryStore
from auditor.stores.interface import MovedOn, StoreError, TrailStore
from auditor.stores.sqlite import SqliteStore
from sentinel_env.bigquery_emulator import BigQueryEmulator
from tests.auditor import origin
from tests.auditor.origin import CHAIN, head, put, stored

_NUMBERS = count(1)
KILLS = {"sqlite": 40, MERGE: 10, APPEND: 6}
ENTRIES_A_KILL = 12
"""The writer is given more to do with every kill, so that each finds it at work."""
EMULATOR_EVERY = 4

Open = Callable[[], TrailStore]


def write(open_store: Open, last: int, version: int) -> None:
    """Fill the store up to ``last`` in small batches, with what Odoo has in ``version``."""
    done = False
    while not done:
        with suppress(MovedOn, StoreError), closing(open_store()) as store:
            while (at := store.head(CHAIN).position) < last:
                put(store, at + 1, min(at + 3, last), version=version)
            done = True


@pytest.fixture(params=["sqlite", MERGE, APPEND])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, Open, BigQueryEmulator | None]:
    """Give the kind of store, a way to open it, and the server below it."""
    kind: str = request.param
    if kind == "sqlite":
        return kind, lambda: SqliteStore(tmp_path / "trail.sqlite3"), None
    emulator: BigQueryEmulator = request.getfixturevalue("bigquery_emulator")
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", emulator.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    address = Address("a-project", f"killed_{next(_NUMBERS)}", kind)
    return kind, lambda: BigQueryStore(address, retry_seconds=20), emulator


def test_every_entry_once_whoever_dies(
    place: tuple[str, Open, BigQueryEmulator | None],
) -> None:
    kind, open_store, emulator = place
    kills = int(os.environ.get("SENTINEL_STORE_KILLS", KILLS[kind]))
    seed = int(os.environ.get("SENTINEL_STORE_SEED", "20261123"))
    chance = random.Random(seed)
    # Forked, so that a writer is at work at once.
    processes = multiprocessing.get_context("fork")
    open_store().close()
    hit = servers = 0
    version = last = 0
    longest = 0.05 if kind == "sqlite" else 6.0
    while hit < kills:
        version += 1
        last += ENTRIES_A_KILL
        writer = processes.Process(target=write, args=(open_store, last, version))
        writer.start()
        writer.join(chance.uniform(0, longest))
        if emulator and chance.randrange(EMULATOR_EVERY) == 0:
            emulator.kill()
            servers += 1
            emulator.start()
            writer.join(chance.uniform(0, longest))
        hit += writer.is_alive()
        writer.kill()
        writer.join()
        writer.close()
        with closing(open_store()) as store:
            # Whatever was cut off where: what counts is whole, and of one version.
            at = store.head(CHAIN)
            assert at == head(at.position)
            last = max(last - ENTRIES_A_KILL, at.position) if hit < kills else last
    write(open_store, last, version)
    with closing(open_store()) as store:
        assert store.head(CHAIN) == head(last)
        found = stored(store)
        assert list(found) == list(range(1, last + 1))
        assert store.orphans(CHAIN) == []
        old = [
            position
            for position, (entry, lines) in found.items()
            if (entry, lines) != (origin.entry(position, version), origin.lines(position, version))
        ]
        for position in old:
            # Landed before Odoo's content changed: as it was then, the lines with their entry.
            assert any(
                found[position] == (origin.entry(position, then), origin.lines(position, then))
                for then in range(1, version)
            ), f"position {position} is of no version (seed {seed})"
        for position in chance.sample(old, min(3, len(old))):
            store.replace(CHAIN, origin.entry(position, version), origin.lines(position, version))
            found[position] = (origin.entry(position, version), origin.lines(position, version))
        assert stored(store) == found
    print(f"{kind}: {hit} writers and {servers} servers killed, {last} entries, seed {seed}")


def test_two_writers_at_once_do_no_harm(
    place: tuple[str, Open, BigQueryEmulator | None],
) -> None:
    _kind, open_store, _emulator = place
    last = 18
    open_store().close()
    processes = multiprocessing.get_context("fork")
    writers = [processes.Process(target=write, args=(open_store, last, 2)) for _ in range(2)]
    started = time.monotonic()
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
        assert writer.exitcode == 0, f"still at it after {time.monotonic() - started:.0f} s"
    with closing(open_store()) as store:
        assert stored(store) == origin.as_sealed(last, 2)
        assert store.head(CHAIN) == head(last)
