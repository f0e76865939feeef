"""The embedded store: one SQLite file.

Write-ahead logging, so that ``show`` reads while ``pull`` writes. A batch is one
``BEGIN IMMEDIATE`` transaction: a second pull waits, then finds that the position has moved.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from auditor.odoo.answers import SealedLine, SealedRun
from auditor.stores.interface import ChainSummary, MovedOn, StoredLine, StoredRun, StoreError
from auditor.stores.migrations import APPLICATION_ID, MIGRATIONS

BUSY_SECONDS = 60.0
"""How long a pull waits for another one's batch."""
_LARGEST_INTEGER = 2**63 - 1

_RUN_COLUMNS = (
    "uid job job_name mode status verdict shape requested_at started_at ended_at requested_by "
    "requested_by_id run_as run_as_id company source reason request_id plan population matched "
    "selected amount currency line_count error"
).split()
_LINE_COLUMNS = (
    "position model record name outcome reason message operation amount currency at"
).split()
_LINE_JSON = ("before", "intended", "after")

_INSERT_RUN = (
    f"INSERT INTO runs (chain, position, {', '.join(_RUN_COLUMNS)}, payload, pulled_at) "
    f"VALUES (?, ?, {', '.join('?' * len(_RUN_COLUMNS))}, ?, ?)"
)
_INSERT_LINE = (
    f"INSERT INTO lines (chain, run_position, {', '.join((*_LINE_COLUMNS, *_LINE_JSON))}, extra) "
    f"VALUES (?, ?, {', '.join('?' * (len(_LINE_COLUMNS) + len(_LINE_JSON)))}, ?)"
)
_SELECT_RUN = (
    "SELECT runs.chain, chains.database, chains.url, runs.payload FROM runs "
    "JOIN chains ON chains.chain = runs.chain "
)


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


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
                "Upgrade this auditor: pip install --upgrade sentinel-ops",
            )
        if version == len(MIGRATIONS):
            return
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
            )
        if isinstance(error, sqlite3.IntegrityError):
            return StoreError(f"The store {self.path} refuses a row: {error}.")
        return StoreError(
            f"The store {self.path} cannot be used: {error}.",
            "Check the disk and the file's permissions; pull builds a removed store again from "
            "Odoo.",
        )

    def position(self, chain: str) -> int:
        """See the interface."""
        row = self._all("SELECT position FROM chains WHERE chain = ?", (chain,))
        return int(row[0][0]) if row else 0

    @contextmanager
    def batch(self, chain: str, *, expected: int, database: str, url: str) -> Iterator[SqliteBatch]:
        """See the interface."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                if self.position(chain) != expected:
                    raise MovedOn
                self._db.execute(
                    "INSERT INTO chains VALUES (?, ?, ?, 0, ?) ON CONFLICT (chain) DO UPDATE "
                    "SET database = excluded.database, url = excluded.url",
                    (chain, database, url, _now()),
                )
                yield SqliteBatch(self._db, chain)
                # The one commit of a pull: rows and the position that accounts for them.
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self._error(error) from error

    def chains(self) -> list[ChainSummary]:
        """See the interface."""
        return [
            ChainSummary(*row)
            for row in self._all(
                "SELECT chain, database, url, position, "
                "(SELECT count(*) FROM runs WHERE runs.chain = chains.chain), "
                "(SELECT count(*) FROM lines WHERE lines.chain = chains.chain), pulled_at "
                "FROM chains ORDER BY database, chain"
            )
        ]

    def recent_runs(self, *, limit: int, job: str = "") -> list[StoredRun]:
        """See the interface."""
        where, values = ("WHERE runs.job = ? ", [job]) if job else ("", [])
        order = "ORDER BY runs.requested_at DESC, runs.position DESC LIMIT ?"
        return self._runs(_SELECT_RUN + where + order, [*values, limit or -1])

    def find_runs(self, uid: str) -> list[StoredRun]:
        """See the interface."""
        return self._runs(
            _SELECT_RUN + "WHERE runs.uid >= ? AND runs.uid < ? ORDER BY runs.uid LIMIT 20",
            [uid, uid + "\uffff"],
        )

    def lines(self, stored: StoredRun, *, limit: int, outcome: str = "") -> list[SealedLine]:
        """See the interface."""
        sql = "SELECT * FROM lines WHERE chain = ? AND run_position = ? "
        values: list[object] = [stored.chain, int(stored.run.position)]
        if outcome:
            sql += "AND outcome = ? "
            values.append(outcome)
        sql += "ORDER BY position LIMIT ?"
        return [self._line(row, stored.run.uid) for row in self._dicts(sql, [*values, limit or -1])]

    def history(self, model: str, record: str) -> Iterator[StoredLine]:
        """See the interface."""
        by_id = record.isdecimal() and int(record) <= _LARGEST_INTEGER
        sql = (
            "SELECT lines.*, runs.payload AS run_payload, chains.database, chains.url FROM lines "
            "JOIN runs ON runs.chain = lines.chain AND runs.position = lines.run_position "
            "JOIN chains ON chains.chain = lines.chain "
            f"WHERE lines.model = ? AND lines.{'record' if by_id else 'name'} = ? "
            "ORDER BY lines.at, lines.chain, lines.run_position, lines.position"
        )
        for row in self._dicts(sql, [model, int(record) if by_id else record]):
            run = SealedRun.model_validate_json(row.pop("run_payload"))
            stored = StoredRun(row["chain"], row.pop("database"), row.pop("url"), run)
            yield StoredLine(stored, self._line(row, run.uid))

    def close(self) -> None:
        """See the interface."""
        self._db.close()

    def _all(self, sql: str, values: Iterable[object] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(sql, tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise self._error(error) from error

    def _dicts(self, sql: str, values: Iterable[object]) -> Iterator[dict[str, Any]]:
        try:
            cursor = self._db.execute(sql, tuple(values))
            names = [column[0] for column in cursor.description]
            for row in cursor:
                yield dict(zip(names, row, strict=True))
        except sqlite3.Error as error:
            raise self._error(error) from error

    def _runs(self, sql: str, values: Iterable[object]) -> list[StoredRun]:
        return [
            StoredRun(chain, database, url, SealedRun.model_validate_json(payload))
            for chain, database, url, payload in self._all(sql, values)
        ]

    @staticmethod
    def _line(row: dict[str, Any], run: str) -> SealedLine:
        del row["chain"]
        extra = json.loads(row.pop("extra"))
        for name in _LINE_JSON:
            row[name] = json.loads(row[name])
        row["run_position"] = str(row["run_position"])
        return SealedLine.model_validate({**row, **extra, "run": run})


class SqliteBatch:
    """See :class:`auditor.stores.interface.Batch`."""

    def __init__(self, db: sqlite3.Connection, chain: str) -> None:
        self._db = db
        self._chain = chain
        self._now = _now()

    def add_runs(self, runs: Iterable[SealedRun]) -> None:
        """See the interface."""
        self._db.executemany(
            _INSERT_RUN,
            (
                (
                    self._chain,
                    int(run.position),
                    *(getattr(run, name) for name in _RUN_COLUMNS),
                    _json(run.model_dump(mode="json", exclude_unset=True)),
                    self._now,
                )
                for run in runs
            ),
        )

    def add_lines(self, lines: Iterable[SealedLine]) -> None:
        """See the interface."""
        self._db.executemany(
            _INSERT_LINE,
            (
                (
                    self._chain,
                    int(line.run_position),
                    *(getattr(line, name) for name in _LINE_COLUMNS),
                    *(_json(getattr(line, name)) for name in _LINE_JSON),
                    _json(line.model_extra or {}),
                )
                for line in lines
            ),
        )

    def advance(self, position: int) -> None:
        """See the interface."""
        self._db.execute(
            "UPDATE chains SET position = ?, pulled_at = ? WHERE chain = ?",
            (position, self._now, self._chain),
        )
