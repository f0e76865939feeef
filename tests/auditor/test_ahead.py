"""Reading goes on while what was read is written; memory stays bounded, errors come out."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from auditor.odoo.client import connect
from auditor.stores.interface import Batch, Entry, Head, LineRow
from auditor.stores.sqlite import SqliteStore
from auditor.trail.ahead import DEPTH, ahead
from auditor.trail.pull import pull
from auditor.trail.source import LINES_A_PAGE
from tests.auditor.conftest import Odoo


def test_it_works_ahead_and_not_further() -> None:
    made = threading.Semaphore(0)
    count = 0

    def source() -> Iterator[int]:
        nonlocal count
        for number in range(100):
            count += 1
            made.release()
            yield number

    with ahead(source()) as pieces:
        first = next(pieces)
        # While this one holds the first piece, the next ones are made: one in hand, the rest wait.
        for _ in range(DEPTH + 2):
            assert made.acquire(timeout=10)
        assert not made.acquire(timeout=0.5)
        assert count == DEPTH + 2
        assert [first, *pieces] == list(range(100))


def test_errors_come_out_where_they_belong() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise KeyError("broken")

    with ahead(source()) as pieces:
        assert next(pieces) == 1
        with pytest.raises(KeyError, match="broken"):
            next(pieces)


def test_who_leaves_early_leaves_no_thread_behind() -> None:
    def source() -> Iterator[int]:
        yield from range(1000)

    before = threading.active_count()
    with ahead(source()) as pieces:
        next(pieces)
    assert threading.active_count() == before


class Watched(SqliteStore):
    """A store that notes how many lines it is given at once."""

    pieces: list[int]

    @contextmanager
    def batch(  # type: ignore[override]
        self, chain: str, *, expected: Head, database: str, url: str
    ) -> Iterator[Batch]:
        self.pieces = []
        with super().batch(chain, expected=expected, database=database, url=url) as real:
            yield WatchedBatch(real, self.pieces)


class WatchedBatch:
    def __init__(self, real: Batch, pieces: list[int]) -> None:
        self._real = real
        self._pieces = pieces

    def begin(self, start: Head) -> None:
        self._real.begin(start)

    def add_entries(self, entries: Sequence[Entry]) -> None:
        self._real.add_entries(entries)

    def add_lines(self, lines: Sequence[LineRow]) -> None:
        self._pieces.append(len(lines))
        self._real.add_lines(lines)

    def advance(self, head: Head) -> None:
        self._real.advance(head)


@pytest.mark.parametrize("streams", [False, True])
def test_a_long_run_lands_whole_in_small_pieces(
    odoo: Odoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, streams: bool
) -> None:
    from auditor.odoo import streaming
    from auditor.trail import source

    monkeypatch.setattr(source, "STREAM_FROM", 1000 if streams else 10**9)
    monkeypatch.setattr(streaming, "_PIECE", 64 * 1024)
    lines = 4 * LINES_A_PAGE + 3
    odoo.standin.seal(lines=lines)
    store = Watched(tmp_path / "t.sqlite3")
    client = connect(odoo.connection("auditor"))
    assert pull(client, store, url=odoo.url).lines == lines
    assert sum(store.pieces) == lines
    assert max(store.pieces) <= LINES_A_PAGE
    assert bool(odoo.standin.counted("stream")) == streams
    assert bool(odoo.standin.counted("export_lines")) != streams
