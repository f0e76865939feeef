"""The store itself: batches in, what is stored out."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any
from uuid import uuid4

from auditor.odoo.answers import SealedLine
from auditor.stores.bigquery.address import APPEND, Address
from auditor.stores.bigquery.ahead import LinesAhead
from auditor.stores.bigquery.catalog import prepare
from auditor.stores.bigquery.errors import is_concurrent
from auditor.stores.bigquery.schema import LOG, STAGING_PREFIX
from auditor.stores.bigquery.service import RETRY_SECONDS, Parameter, RuledOut, Service
from auditor.stores.bigquery.staging import Staging
from auditor.stores.bigquery.statements import MOVED_ON, OTHER_SEAL, Script, text
from auditor.stores.figures import RunFigures, gather
from auditor.stores.interface import (
    COMPANY,
    EMPTY,
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
from auditor.stores.reading import sealed_line, sealed_run

logger = logging.getLogger(__name__)

_LARGEST_INTEGER = 2**63 - 1
_ENTRY = "position, kind, uid, sealed_text, digest, seal, withheld, salt, content"
# A run's content is there unless it was withheld; the wide column itself is not asked.
_RUN = "e.kind = 'run' AND e.withheld IN ('', 'lines')"


class BigQueryStore:
    """See :class:`auditor.stores.interface.TrailStore`.

    :param create: make dataset, tables and views when they are missing.
    :param retry_seconds: how long one request is repeated while BigQuery is busy.
    :raises StoreError: BigQuery can't be reached or used, or the dataset is none of ours.
    """

    def __init__(
        self, address: Address, *, create: bool = True, retry_seconds: float = RETRY_SECONDS
    ) -> None:
        self.address = address
        self._service = Service(address, retry_seconds=retry_seconds)
        self._dataset = self._service.dataset_id
        self._append = address.mode == APPEND
        self._ahead = LinesAhead(self._lines_between)
        try:
            prepare(self._service, create=create)
        except BaseException:
            self._service.close()
            raise

    def head(self, chain: str) -> Head:
        """See the interface."""
        return self._heads(chain)[0]

    def start(self, chain: str) -> Head:
        """See the interface."""
        return self._heads(chain)[1]

    def _heads(self, chain: str) -> tuple[Head, Head]:
        rows = self._all(
            "SELECT position, seal, start, start_seal FROM `{d}.chains` WHERE chain = @chain",
            [("chain", "STRING", chain)],
        )
        if len(rows) > 1:
            raise StoreError(
                f"The table chains in {self._dataset} has {len(rows)} rows for the chain {chain}: "
                "it was edited.",
                "Remove all but the row that sentinel-ops wrote; the table's history in BigQuery "
                "shows which (FOR SYSTEM_TIME AS OF).",
            )
        if not rows:
            return EMPTY, EMPTY
        position, seal, start, start_seal = rows[0]
        return Head(position, seal), Head(start, start_seal) if start else EMPTY

    @contextmanager
    def batch(
        self, chain: str, *, expected: Head, database: str, url: str
    ) -> Iterator[BigQueryBatch]:
        """See the interface."""
        head, start = self._heads(chain)
        if head != expected:
            raise MovedOn
        with self._staging(chain) as staging:
            batch = BigQueryBatch(staging, expected, start)
            yield batch
            if not staging.rows and batch.head == expected and batch.start == start:
                return
            # In append mode nothing can look and write at once: a second pull after this look
            # doubles rows, which the views sort out.
            if self._append and self.head(chain) != expected:
                raise MovedOn
            staging.add_head(batch.head, batch.start, database, url)
            self._land(chain, staging, expected, batch.head)

    def replace(self, chain: str, entry: Entry, lines: Iterable[LineRow]) -> None:
        """See the interface."""
        head, start = self._heads(chain)
        with self._staging(chain) as staging:
            staging.add_entries([entry])
            staging.add_lines(lines)
            if self._append:
                self._add_same_head(chain, staging, head, start)
            staging.flush()
            if not self._append:
                self._run(
                    chain,
                    staging,
                    self._script(chain, staging).replace(entry.position, staging.rows),
                )
            elif staging.erased:
                self._say_still_readable(chain, entry.position, staging)

    def _say_still_readable(self, chain: str, position: int, staging: Staging) -> None:
        """Name what removes the rows that append mode itself can't remove."""
        logger.warning(
            "what was erased can still be read in %s: append mode removes no rows",
            f"{self._dataset}.{LOG}",
            extra={
                "position": position,
                "remedy": f"where DML is allowed: DELETE FROM `{self._dataset}.{LOG}` WHERE "
                f"chain = {text(chain)} AND place = {position} AND line > 0 "
                f"AND batch != '{staging.batch}'; or pull into another dataset in merge mode and "
                "delete this one",
            },
        )

    def _add_same_head(self, chain: str, staging: Staging, head: Head, start: Head) -> None:
        names = self._all(
            "SELECT database, url FROM `{d}.chains` WHERE chain = @chain",
            [("chain", "STRING", chain)],
        )
        database, url = names[0] if names else ("", "")
        staging.add_head(head, start, database, url)

    @contextmanager
    def _staging(self, chain: str) -> Iterator[Staging]:
        self._ahead.forget()
        table = LOG if self._append else STAGING_PREFIX + uuid4().hex
        staging = Staging(self._service, table, chain, make=not self._append)
        try:
            yield staging
        finally:
            staging.close()

    def _script(self, chain: str, staging: Staging) -> Script:
        return Script(self._dataset, staging.table, chain)

    def _land(self, chain: str, staging: Staging, expected: Head, head: Head) -> None:
        staging.flush()
        if self._append:
            return
        script = self._script(chain, staging).land(
            expected=expected,
            until=head.position,
            rows=staging.rows,
            first=staging.first,
            last=staging.last,
        )
        if self._run(chain, staging, script) != [(head.position, head.seal)]:
            raise MovedOn

    def _run(self, chain: str, staging: Staging, script: str) -> list[tuple[Any, ...]]:
        try:
            return self._service.run(script, doing="landing a batch")
        except RuledOut as said:
            if said.word == MOVED_ON:
                raise MovedOn from said
            if said.word == OTHER_SEAL:
                raise StoreError(
                    f"The store {self._dataset} already has entries of the chain {chain} from "
                    f"{staging.first} to {staging.last}, with other seals than Odoo gives: the "
                    "chain was forked (Odoo restored from a backup?) or the store was edited. "
                    "Nothing was changed.",
                    "sentinel-ops verify names the first place; keep both as evidence.",
                ) from said
            raise StoreError(
                f"Rows of a batch did not arrive in {self._dataset}; nothing has landed.",
                "Try again: pull goes on from what the store has.",
            ) from said
        except StoreError as error:
            if is_concurrent(error):
                raise MovedOn from error
            raise

    def entries(self, chain: str, *, after: int, limit: int) -> list[Entry]:
        """See the interface."""
        where = "FROM `{d}.entries` WHERE chain = @chain AND position > @after"
        key: list[Parameter] = [("chain", "STRING", chain), ("after", "INT64", after)]
        within = self._months(f"SELECT sealed_at {where} ORDER BY position LIMIT {limit:d}", key)
        if within is None:
            return []
        return [
            Entry(*row)
            for row in self._all(
                f"SELECT {_ENTRY} {where} AND sealed_at BETWEEN @first AND @last "
                f"ORDER BY position, seal LIMIT {limit:d}",
                [*key, *within],
            )
        ]

    def entry_lines(self, chain: str, run_position: int) -> Iterator[LineRow]:
        """See the interface."""
        return self._ahead.lines(chain, run_position)

    def _lines_between(self, chain: str, first: int, last: int) -> tuple[int, Iterator[LineRow]]:
        where = "FROM `{d}.lines` WHERE chain = @chain AND run_position BETWEEN @low AND @high"
        key: list[Parameter] = [
            ("chain", "STRING", chain),
            ("low", "INT64", first),
            ("high", "INT64", last),
        ]
        until, earliest, latest = self._all(
            f"SELECT MAX(run_position), MIN(sealed_at), MAX(sealed_at) {where}", key
        )[0]
        if until is None:
            return first, iter(())
        rows = self._rows(
            f"SELECT run_position, position, digest, salt, content {where} "
            "AND sealed_at BETWEEN @first AND @last ORDER BY run_position, position",
            [*key, *_within(earliest, latest)],
        )
        return until, (LineRow(*row) for row in rows)

    def first_unseen(self, chain: str, *, after: int) -> int:
        """See the interface."""
        rows = self._all(
            "SELECT MIN(position) FROM `{d}.entries` "
            "WHERE chain = @chain AND position > @after AND withheld = @withheld",
            [
                ("chain", "STRING", chain),
                ("after", "INT64", after),
                ("withheld", "STRING", COMPANY),
            ],
        )
        return rows[0][0] or 0

    def orphans(self, chain: str) -> list[int]:
        """See the interface."""
        return [
            row[0]
            for row in self._all(
                "SELECT DISTINCT l.run_position FROM `{d}.lines` AS l LEFT JOIN ("
                "SELECT position FROM `{d}.entries` WHERE chain = @chain AND kind = 'run') AS e "
                "ON e.position = l.run_position WHERE l.chain = @chain AND e.position IS NULL "
                "ORDER BY 1 LIMIT 100",
                [("chain", "STRING", chain)],
            )
        ]

    def days(self, chain: str, since: str, until: str) -> list[Day]:
        """See the interface."""
        key: list[Parameter] = [
            ("chain", "STRING", chain),
            ("since", "STRING", since),
            ("until", "STRING", until),
        ]
        within = (
            "chain = @chain AND sealed_at >= TIMESTAMP(@since) "
            "AND sealed_at < TIMESTAMP_ADD(TIMESTAMP(@until), INTERVAL 1 DAY)"
        )
        lines = {
            str(day): count
            for day, count in self._all(
                f"SELECT DATE(sealed_at), COUNT(*) FROM `{{d}}.lines` WHERE {within} GROUP BY 1",
                key,
            )
        }
        days: dict[str, _DayOfSeals] = {}
        # Seals are hashed here: joined to one text, those of a busy day may be too long for a row.
        for day, position, seal in self._rows(
            f"SELECT SUBSTR(sealed_text, 1, 10), position, seal FROM `{{d}}.entries` "
            f"WHERE {within} ORDER BY position",
            key,
        ):
            days.setdefault(day, _DayOfSeals()).add(position, seal)
        return [days[day].day(day, lines.get(day, 0)) for day in sorted(days)]

    def chains(self) -> list[ChainSummary]:
        """See the interface."""
        return [
            ChainSummary(
                chain,
                database or "",
                url or "",
                Head(position, seal),
                Head(start, start_seal) if start else EMPTY,
                runs or 0,
                events or 0,
                lines or 0,
                pulled_at.strftime("%Y-%m-%d %H:%M:%S"),
            )
            for (
                chain,
                database,
                url,
                position,
                seal,
                start,
                start_seal,
                runs,
                events,
                lines,
                pulled_at,
            ) in self._all(
                "SELECT c.chain, c.database, c.url, c.position, c.seal, c.start, c.start_seal, "
                "e.runs, e.events, l.number, c.pulled_at FROM `{d}.chains` AS c "
                "LEFT JOIN (SELECT chain, COUNTIF(kind = 'run') AS runs, "
                "COUNTIF(kind != 'run') AS events FROM `{d}.entries` GROUP BY chain) AS e "
                "ON e.chain = c.chain LEFT JOIN (SELECT chain, COUNT(*) AS number "
                "FROM `{d}.lines` GROUP BY chain) AS l ON l.chain = c.chain "
                "ORDER BY c.database, c.chain"
            )
        ]

    def recent_runs(self, *, limit: int, job: str = "") -> list[StoredRun]:
        """See the interface."""
        which = " AND e.job = @job" if job else ""
        cut = f" LIMIT {limit:d}" if limit else ""
        return self._runs(
            f"{_RUN}{which}",
            f"ORDER BY e.requested_at DESC, e.position DESC{cut}",
            [("job", "STRING", job)] if job else [],
        )

    def find_runs(self, uid: str) -> list[StoredRun]:
        """See the interface."""
        return self._runs(
            f"{_RUN} AND STARTS_WITH(e.uid, @uid)",
            "ORDER BY e.uid LIMIT 20",
            [("uid", "STRING", uid)],
        )

    def _runs(self, which: str, order: str, parameters: list[Parameter]) -> list[StoredRun]:
        within = self._months(
            f"SELECT e.sealed_at FROM `{{d}}.entries` AS e WHERE {which} {order}", parameters
        )
        if within is None:
            return []
        return [
            StoredRun(chain, database or "", url or "", sealed_run(position, content))
            for chain, database, url, position, content in self._all(
                "SELECT e.chain, c.database, c.url, e.position, e.content FROM `{d}.entries` AS e "
                "JOIN `{d}.chains` AS c ON c.chain = e.chain "
                f"WHERE e.sealed_at BETWEEN @first AND @last AND {which} {order}",
                [*parameters, *within],
            )
        ]

    def lines(self, stored: StoredRun, *, limit: int, outcome: str = "") -> list[SealedLine]:
        """See the interface."""
        key: list[Parameter] = [
            ("chain", "STRING", stored.chain),
            ("position", "INT64", int(stored.run.position)),
        ]
        which = ""
        if outcome:
            which = " AND outcome = @outcome"
            key.append(("outcome", "STRING", outcome))
        cut = f" LIMIT {limit:d}" if limit else ""
        where = f"FROM `{{d}}.lines` WHERE chain = @chain AND run_position = @position{which}"
        within = self._months(f"SELECT sealed_at {where}", key)
        if within is None:
            return []
        return [
            sealed_line(LineRow(*row), stored.run.uid)
            for row in self._rows(
                f"SELECT run_position, position, digest, salt, content {where} "
                f"AND sealed_at BETWEEN @first AND @last ORDER BY position{cut}",
                [*key, *within],
            )
        ]

    def history(self, model: str, record: str) -> Iterator[StoredLine]:
        """See the interface."""
        by_id = record.isdecimal() and int(record) <= _LARGEST_INTEGER
        key: list[Parameter] = [
            ("model", "STRING", model),
            ("record", "INT64", int(record)) if by_id else ("record", "STRING", record),
        ]
        which = f"l.model = @model AND l.{'record' if by_id else 'name'} = @record"
        within = self._months(f"SELECT l.sealed_at FROM `{{d}}.lines` AS l WHERE {which}", key)
        if within is None:
            return
        for chain, database, url, position, content, *line in self._rows(
            "SELECT c.chain, c.database, c.url, e.position, e.content, "
            "l.run_position, l.position AS line, l.digest, l.salt, l.content AS line_content "
            "FROM `{d}.lines` AS l "
            "JOIN `{d}.entries` AS e ON e.chain = l.chain AND e.position = l.run_position "
            "JOIN `{d}.chains` AS c ON c.chain = l.chain "
            f"WHERE {which} AND {_RUN} AND l.sealed_at BETWEEN @first AND @last "
            "AND e.sealed_at BETWEEN @first AND @last "
            "ORDER BY l.at, c.chain, e.position, l.position",
            [*key, *within],
        ):
            run = sealed_run(position, content)
            stored = StoredRun(chain, database or "", url or "", run)
            yield StoredLine(stored, sealed_line(LineRow(*line), run.uid))

    def run_figures(self) -> RunFigures:
        """See the interface."""
        return gather(
            self._all,
            runs="(SELECT e.*, c.database FROM `{d}.entries` AS e JOIN `{d}.chains` AS c "
            f"ON c.chain = e.chain WHERE {_RUN} AND e.job IS NOT NULL)",
            chains="`{d}.chains`",
            open_findings="`{d}.v_open_findings`",
        )

    def close(self) -> None:
        """See the interface."""
        self._service.close()

    def _months(self, sql: str, parameters: Sequence[Parameter]) -> list[Parameter] | None:
        """Return the bounds of the ``sealed_at`` that ``sql`` selects, None when it selects none.

        BigQuery reads, and bills, all of a column in the partitions concerned: they are found from
        narrow columns, so that the wide one is read there only.
        """
        bounds = self._all(f"SELECT MIN(sealed_at), MAX(sealed_at) FROM ({sql})", parameters)
        first, last = bounds[0]
        if first is None:
            return None
        return _within(first, last)

    def _rows(self, sql: str, parameters: Sequence[Parameter] = ()) -> Iterator[tuple[Any, ...]]:
        return self._service.rows(
            sql.replace("{d}", self._dataset), parameters, doing="reading the trail"
        )

    def _all(self, sql: str, parameters: Sequence[Parameter] = ()) -> list[tuple[Any, ...]]:
        return list(self._rows(sql, parameters))


class BigQueryBatch:
    """See :class:`auditor.stores.interface.Batch`."""

    def __init__(self, staging: Staging, head: Head, start: Head) -> None:
        self.head, self.start = head, start
        self._staging = staging

    def begin(self, start: Head) -> None:
        """See the interface."""
        self.start = start

    def add_entries(self, entries: Sequence[Entry]) -> None:
        """See the interface."""
        self._staging.add_entries(entries)

    def add_lines(self, lines: Sequence[LineRow]) -> None:
        """See the interface."""
        self._staging.add_lines(lines)

    def advance(self, head: Head) -> None:
        """See the interface."""
        self.head = head


class _DayOfSeals:
    """What makes up one day, taken in order of position."""

    def __init__(self) -> None:
        self._first = self._last = self._count = 0
        self._hash = hashlib.sha256()

    def add(self, position: int, seal: str) -> None:
        self._first = self._first or position
        self._last = position
        self._count += 1
        # An edited seal that is no hex makes another digest, as it must, and no error.
        with suppress(ValueError):
            self._hash.update(bytes.fromhex(seal))

    def day(self, day: str, lines: int) -> Day:
        return Day(day, self._first, self._last, self._count, lines, self._hash.hexdigest())


def _within(first: datetime, last: datetime) -> list[Parameter]:
    return [("first", "TIMESTAMP", first), ("last", "TIMESTAMP", last)]
