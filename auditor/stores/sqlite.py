"""The embedded store: one SQLite file.

Write-ahead logging, so that ``show`` reads while ``pull`` writes. A batch is one
``BEGIN IMMEDIATE`` transaction: a second pull waits, then finds that the position has moved.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from itertools import chain as chained
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from auditor.installing import UPGRADE_AUDITOR
from auditor.odoo.answers import SealedLine
from auditor.stores.figures import RunFigures, gather
from auditor.stores.interface import (
    EMPTY,
    NO_SEAL,
    ChainSummary,
    Day,
    Entry,
    Head,
    LineRow,
    MovedOn,
    StoredLine,
    StoredRun,
    StoreError,
)
from auditor.stores.migrations import APPLICATION_ID, MIGRATIONS
from auditor.stores.reading import sealed_line, sealed_run
from auditor.trail.chain import seals_digest

BUSY_SECONDS = 60.0
"""How long a pull waits for another one's batch."""
_LARGEST_INTEGER = 2**63 - 1

CACHE_KIB = 8 * 1024
"""Pages held in memory, so that the indexes of a large store are not read again for each line."""

ROWS_A_STATEMENT = 200
"""Each statement gives up the interpreter's lock once: while it works, the thread that reads ahead
gets on instead of taking turns with every row."""

_ENTRY = "position, kind, uid, sealed_at, digest, seal, withheld, salt, content"
_LINE = "run_position, position, digest, salt, content"
_SELECT_RUN = (
    "SELECT chains.chain, chains.database, chains.url, entries.position, entries.content "
    "FROM entries JOIN chains ON chains.id = entries.chain "
    "WHERE entries.kind = 'run' AND entries.content <> '' "
)
_REQUESTED = "json_extract(entries.content, '$.requested_at')"


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


class SqliteStore:
    """See :class:`auditor.stores.interface.TrailStore`.

    :param create: make the file when it is missing; otherwise that is an error.
    :param busy: seconds to wait for another process's batch.
    :raises StoreError: the file can't be opened, is no store of ours, or of a newer release.
    """

    def __init__(self, path: Path, *, create: bool = True, busy: float = BUSY_SECONDS) -> None:
        self.path = path
        if not path.exists():
            if not create:
                raise StoreError(
                    f"Nothing has been pulled yet: there is no store at {path}.",
                    "sentinel-ops pull copies the trail from Odoo; SENTINEL_STORE names another "
                    "store.",
                    missing=True,
                )
            self._create_file()
        try:
            # Transactions are begun and ended by hand; the driver's guesses stay out of it.
            self._db = sqlite3.connect(path, timeout=busy, isolation_level=None)
            self._prepare()
        except sqlite3.Error as error:
            raise self._error(error) from error

    def _create_file(self) -> None:
        """Make the file readable by its owner only: the trail names people and money."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.touch(mode=0o600)
        except OSError as error:
            raise StoreError(
                f"The store {self.path} cannot be made: {error.strerror}.",
                "Set SENTINEL_STORE to a file in a folder that you may write to.",
            ) from error

    def _prepare(self) -> None:
        db = self._db
        db.execute("PRAGMA foreign_keys = ON")
        db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        version = self._version()
        identity = db.execute("PRAGMA application_id").fetchone()[0]
        if identity != APPLICATION_ID and (
            identity or version or db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        ):
            self._db.close()
            raise StoreError(
                f"{self.path} is a SQLite file of another program.",
                "Set SENTINEL_STORE to another file.",
            )
        if version > len(MIGRATIONS):
            self._db.close()
            raise StoreError(
                f"The store {self.path} was written by a newer auditor (schema {version}, this "
                f"one knows {len(MIGRATIONS)}).",
                UPGRADE_AUDITOR,
            )
        if version == len(MIGRATIONS):
            return
        # Rows of half a KiB: fewer pages to write, and to write again into the log.
        db.execute("PRAGMA page_size = 16384")
        db.execute("PRAGMA journal_mode = WAL")
        self._migrate()

    def _migrate(self) -> None:
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have migrated while this one waited for the lock.
            for number in range(self._version(), len(MIGRATIONS)):
                for statement in MIGRATIONS[number]:
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {number + 1}")
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def _error(self, error: sqlite3.Error) -> StoreError:
        if "locked" in str(error) or "busy" in str(error):
            return StoreError(
                f"The store {self.path} is in use by another pull.",
                "Wait for it to end and try again.",
                passing=True,
            )
        if isinstance(error, sqlite3.IntegrityError):
            return StoreError(f"The store {self.path} refuses a row: {error}.")
        return StoreError(
            f"The store {self.path} cannot be used: {error}.",
            "Check the disk and the file's permissions; pull builds a removed store again from "
            "Odoo.",
        )

    def head(self, chain: str) -> Head:
        """See the interface."""
        rows = self._all("SELECT position, seal FROM chains WHERE chain = ?", (chain,))
        return Head(*rows[0]) if rows else EMPTY

    def start(self, chain: str) -> Head:
        """See the interface."""
        rows = self._all("SELECT start, start_seal FROM chains WHERE chain = ?", (chain,))
        return Head(*rows[0]) if rows else EMPTY

    @contextmanager
    def batch(
        self, chain: str, *, expected: Head, database: str, url: str
    ) -> Iterator[SqliteBatch]:
        """See the interface."""
        with self._transaction():
            if self.head(chain) != expected:
                raise MovedOn
            self._db.execute(
                "INSERT INTO chains (chain, database, url, position, seal, start, start_seal, "
                "pulled_at) VALUES (?, ?, ?, 0, ?, 0, ?, ?) ON CONFLICT (chain) DO UPDATE "
                "SET database = excluded.database, url = excluded.url",
                (chain, database, url, NO_SEAL, NO_SEAL, _now()),
            )
            yield SqliteBatch(self._db, self._id(chain))

    def replace(self, chain: str, entry: Entry, lines: Iterable[LineRow]) -> None:
        """See the interface."""
        number = self._id(chain)
        place = (number, entry.position)
        with self._transaction():
            # Aside first: the lines may be read from the very place that they replace.
            self._db.execute(f"CREATE TEMP TABLE refill ({_LINE})")
            self._db.executemany("INSERT INTO refill VALUES (?, ?, ?, ?, ?)", lines)
            self._db.execute("DELETE FROM lines WHERE chain = ? AND run_position = ?", place)
            self._db.execute("DELETE FROM entries WHERE chain = ? AND position = ?", place)
            SqliteBatch(self._db, number).add_entries([entry])
            self._db.execute(
                f"INSERT INTO lines (chain, {_LINE}) SELECT ?, {_LINE} FROM refill", (number,)
            )
            self._db.execute("DROP TABLE refill")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                # The one commit there is: rows, and the head that accounts for them.
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self._error(error) from error

    def _id(self, chain: str) -> int:
        rows = self._all("SELECT id FROM chains WHERE chain = ?", (chain,))
        return int(rows[0][0]) if rows else 0

    def entries(self, chain: str, *, after: int, limit: int) -> list[Entry]:
        """See the interface."""
        return [
            Entry(*row)
            for row in self._all(
                f"SELECT {_ENTRY} FROM entries WHERE chain = ? AND position > ? "
                "ORDER BY position LIMIT ?",
                (self._id(chain), after, limit),
            )
        ]

    def entry_lines(self, chain: str, run_position: int) -> Iterator[LineRow]:
        """See the interface."""
        try:
            for row in self._db.execute(
                f"SELECT {_LINE} FROM lines WHERE chain = ? AND run_position = ? ORDER BY position",
                (self._id(chain), run_position),
            ):
                yield LineRow(*row)
        except sqlite3.Error as error:
            raise self._error(error) from error

    def orphans(self, chain: str) -> list[int]:
        """See the interface."""
        return [
            row[0]
            for row in self._all(
                "SELECT DISTINCT run_position FROM lines WHERE chain = ?1 AND NOT EXISTS ("
                "SELECT 1 FROM entries WHERE entries.chain = ?1 AND entries.kind = 'run' "
                "AND entries.position = lines.run_position) ORDER BY 1 LIMIT 100",
                (self._id(chain),),
            )
        ]

    def days(self, chain: str, since: str, until: str) -> list[Day]:
        """See the interface."""
        rows = self._all(
            "SELECT substr(sealed_at, 1, 10), position, seal, (SELECT count(*) FROM lines "
            "WHERE lines.chain = entries.chain AND lines.run_position = entries.position) "
            "FROM entries WHERE chain = ? AND substr(sealed_at, 1, 10) BETWEEN ? AND ? "
            "ORDER BY 1, 2",
            (self._id(chain), since, until),
        )
        days = []
        for day, group in groupby(rows, key=itemgetter(0)):
            of_day = list(group)
            days.append(
                Day(
                    day,
                    of_day[0][1],
                    of_day[-1][1],
                    len(of_day),
                    sum(row[3] for row in of_day),
                    seals_digest(row[2] for row in of_day),
                )
            )
        return days

    def chains(self) -> list[ChainSummary]:
        """See the interface."""
        return [
            ChainSummary(
                chain, database, url, Head(position, seal), Head(start, start_seal), *counts
            )
            for chain, database, url, position, seal, start, start_seal, *counts in self._all(
                "SELECT chain, database, url, position, seal, start, start_seal, "
                "(SELECT count(*) FROM entries WHERE chain = chains.id AND kind = 'run'), "
                "(SELECT count(*) FROM entries WHERE chain = chains.id AND kind <> 'run'), "
                "(SELECT count(*) FROM lines WHERE chain = chains.id), pulled_at "
                "FROM chains ORDER BY database, chain"
            )
        ]

    def recent_runs(self, *, limit: int, job: str = "") -> list[StoredRun]:
        """See the interface."""
        where, values = "", []
        if job:
            where, values = "AND json_extract(entries.content, '$.job') = ? ", [job]
        order = f"ORDER BY {_REQUESTED} DESC, entries.position DESC LIMIT ?"
        return self._runs(_SELECT_RUN + where + order, [*values, limit or -1])

    def find_runs(self, uid: str) -> list[StoredRun]:
        """See the interface."""
        return self._runs(
            _SELECT_RUN + "AND entries.uid >= ? AND entries.uid < ? ORDER BY entries.uid LIMIT 20",
            [uid, uid + "\uffff"],
        )

    def lines(self, stored: StoredRun, *, limit: int, outcome: str = "") -> list[SealedLine]:
        """See the interface."""
        sql = f"SELECT {_LINE} FROM lines WHERE chain = ? AND run_position = ? "
        values: list[object] = [self._id(stored.chain), int(stored.run.position)]
        if outcome:
            sql += "AND content <> '' AND json_extract(content, '$.outcome') = ? "
            values.append(outcome)
        sql += "ORDER BY position LIMIT ?"
        return [
            sealed_line(LineRow(*row), stored.run.uid)
            for row in self._all(sql, [*values, limit or -1])
        ]

    def history(self, model: str, record: str) -> Iterator[StoredLine]:
        """See the interface."""
        by_id = record.isdecimal() and int(record) <= _LARGEST_INTEGER
        key = "record" if by_id else "name"
        rows = self._all(
            "SELECT chains.chain, chains.database, chains.url, entries.position, entries.content, "
            f"{', '.join('lines.' + name for name in _LINE.split(', '))} FROM lines "
            "JOIN entries ON entries.chain = lines.chain AND entries.position = lines.run_position "
            "JOIN chains ON chains.id = lines.chain "
            f"WHERE lines.content <> '' AND json_extract(lines.content, '$.{key}') = ? "
            "AND json_extract(lines.content, '$.model') = ? AND entries.content <> '' "
            "ORDER BY json_extract(lines.content, '$.at'), chains.chain, entries.position, "
            "lines.position",
            [int(record) if by_id else record, model],
        )
        for chain, database, url, position, content, *line in rows:
            run = sealed_run(position, content)
            stored = StoredRun(chain, database, url, run)
            yield StoredLine(stored, sealed_line(LineRow(*line), run.uid))

    def run_figures(self) -> RunFigures:
        """See the interface."""
        return gather(self._all, runs="runs")

    def close(self) -> None:
        """See the interface."""
        self._db.close()

    def _all(self, sql: str, values: Iterable[object] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(sql, tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise self._error(error) from error

    def _runs(self, sql: str, values: Iterable[object]) -> list[StoredRun]:
        return [
            StoredRun(chain, database, url, sealed_run(position, content))
            for chain, database, url, position, content in self._all(sql, values)
        ]


class SqliteBatch:
    """See :class:`auditor.stores.interface.Batch`.

    :param number: the chain's number in this store.
    """

    def __init__(self, db: sqlite3.Connection, number: int) -> None:
        self._db = db
        self._number = number
        self._insert_entry = (
            f"INSERT INTO entries (chain, {_ENTRY}) VALUES ({number}, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        row = f"({number}, ?, ?, ?, ?, ?)"
        self._insert_line = f"INSERT INTO lines (chain, {_LINE}) VALUES {row}"
        self._insert_lines = self._insert_line + f", {row}" * (ROWS_A_STATEMENT - 1)

    def begin(self, start: Head) -> None:
        """See the interface."""
        self._db.execute(
            "UPDATE chains SET start = ?, start_seal = ? WHERE id = ?",
            (start.position, start.seal, self._number),
        )

    def add_entries(self, entries: Sequence[Entry]) -> None:
        """See the interface."""
        self._db.executemany(self._insert_entry, entries)

    def add_lines(self, lines: Sequence[LineRow]) -> None:
        """See the interface."""
        whole = len(lines) - len(lines) % ROWS_A_STATEMENT
        for first in range(0, whole, ROWS_A_STATEMENT):
            rows = lines[first : first + ROWS_A_STATEMENT]
            self._db.execute(self._insert_lines, tuple(chained.from_iterable(rows)))
        self._db.executemany(self._insert_line, lines[whole:])

    def advance(self, head: Head) -> None:
        """See the interface."""
        self._db.execute(
            "UPDATE chains SET position = ?, seal = ?, pulled_at = ? WHERE id = ?",
            (head.position, head.seal, _now(), self._number),
        )
