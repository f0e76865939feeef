"""The scripts that land a batch, or put one place right: one transaction each.

Values stand in them as literals: what a script may write is known before it runs, constants prune
partitions, and not everything that speaks BigQuery binds parameters in scripts.
"""

from __future__ import annotations

import re
from base64 import b64encode

from auditor.stores.bigquery.schema import (
    CHAINS_TABLE,
    ENTRIES_TABLE,
    HEAD_LINE,
    LINES_TABLE,
    Table,
    derived,
)
from auditor.stores.bigquery.service import RULED_OUT
from auditor.stores.interface import Head

MOVED_ON, INCOMPLETE, OTHER_SEAL = "moved-on", "incomplete", "other-seal"
_PLAIN = re.compile(r"[A-Za-z0-9._-]*\Z")


def text(value: str) -> str:
    """Return ``value`` as an expression that no character in it can leave."""
    if _PLAIN.match(value):
        return f"'{value}'"
    return f"SAFE_CONVERT_BYTES_TO_STRING(FROM_BASE64('{b64encode(value.encode()).decode()}'))"


def moment(sealed_at: str) -> str:
    """Return a time of the canonical form as a literal."""
    return f"TIMESTAMP '{sealed_at.replace('T', ' ').rstrip('Z')}+00'"


class Script:
    """Statements over one dataset and one staging table.

    :param dataset: ``project.dataset``.
    :param staged: the staging table's name in it.
    """

    def __init__(self, dataset: str, staged: str, chain: str) -> None:
        self._dataset = dataset
        self._staged = f"`{dataset}.{staged}`"
        self._chain = text(chain)

    def land(self, *, expected: Head, until: int, rows: int, first: str, last: str) -> str:
        """Return the script that lands a batch behind ``expected`` and tells where it stands then.

        :param until: position of the batch's last entry.
        :param rows: how many rows were staged.
        :param first: earliest ``sealed_at`` of the batch's entries, "" when it has none.
        """
        parts = [self._unless_moved(expected), self._unless_incomplete(rows)]
        if first:
            within = f"t.sealed_at >= {moment(first)} AND t.sealed_at <= {moment(last)}"
            parts += [
                self._unless_other_seal(within),
                self._delete_stale_lines(expected.position, until, within),
                self._merge(ENTRIES_TABLE, "r.line IS NULL", ("position",), within),
                self._merge(LINES_TABLE, "r.line > 0", ("run_position", "position"), within),
            ]
        parts.append(self._advance(expected))
        return self._transaction(parts) + (
            f"SELECT position, seal FROM `{self._dataset}.chains` WHERE chain = {self._chain};"
        )

    def replace(self, position: int, rows: int) -> str:
        """Return the script that puts the staged entry and its lines in place of what is there."""
        # Without bounds: what was edited may lie in any partition.
        parts = [self._unless_incomplete(rows)]
        for table, key, which in (
            (ENTRIES_TABLE, "position", "r.line IS NULL"),
            (LINES_TABLE, "run_position", "r.line > 0"),
        ):
            name = f"`{self._dataset}.{table.name}`"
            parts += [
                f"DELETE FROM {name} WHERE chain = {self._chain} AND {key} = {position};",
                f"INSERT INTO {name} ({', '.join(table.names)}) {self._source(table, which)};",
            ]
        return self._transaction(parts) + "SELECT 1;"

    @staticmethod
    def _transaction(parts: list[str]) -> str:
        return "\n".join(("BEGIN TRANSACTION;", *parts, "COMMIT TRANSACTION;", ""))

    @staticmethod
    def _unless(condition: str, word: str) -> str:
        # An error that nothing handles rolls the transaction back.
        return f"IF {condition} THEN SELECT ERROR('{RULED_OUT}{word}'); END IF;"

    def _unless_moved(self, expected: Head) -> str:
        chains = f"SELECT COUNT(*) FROM `{self._dataset}.chains` WHERE chain = {self._chain}"
        if expected.position:
            at = f"position = {expected.position} AND seal = {text(expected.seal)}"
            return self._unless(f"({chains} AND {at}) != 1", MOVED_ON)
        return self._unless(f"({chains} AND position > 0) != 0", MOVED_ON)

    def _unless_incomplete(self, rows: int) -> str:
        return self._unless(
            f"(SELECT COUNT(DISTINCT ordinal) FROM {self._staged}) != {rows}", INCOMPLETE
        )

    def _unless_other_seal(self, within: str) -> str:
        """A chain that was forked, or a store that was edited, is never merged silently."""
        return self._unless(
            f"(SELECT COUNT(*) FROM `{self._dataset}.entries` AS t JOIN {self._staged} AS s "
            f"ON s.chain = t.chain AND s.place = t.position WHERE s.line IS NULL AND "
            f"t.chain = {self._chain} AND {within} AND t.seal != s.seal) != 0",
            OTHER_SEAL,
        )

    def _delete_stale_lines(self, after: int, until: int, within: str) -> str:
        """Lines behind the head count for nothing; what Odoo no longer has of them must go."""
        return (
            f"DELETE FROM `{self._dataset}.lines` AS t WHERE t.chain = {self._chain} "
            f"AND t.run_position > {after} AND t.run_position <= {until} AND {within} "
            f"AND NOT EXISTS (SELECT 1 FROM {self._staged} AS s WHERE s.chain = t.chain "
            "AND s.place = t.run_position AND s.line = t.position);"
        )

    def _source(self, table: Table, which: str) -> str:
        # A load whose answer was lost was done again: each row may be staged twice.
        return (
            f"SELECT {derived(table)} FROM {self._staged} AS r WHERE {which} "
            "QUALIFY ROW_NUMBER() OVER "
            "(PARTITION BY r.chain, r.place, r.line ORDER BY r.ordinal DESC) = 1"
        )

    def _merge(self, table: Table, which: str, keys: tuple[str, ...], within: str) -> str:
        same = " AND ".join(f"t.{key} = s.{key}" for key in ("chain", *keys))
        sealed = [column.name for column in table.columns if column.required]
        other = " OR ".join(f"t.{name} != s.{name}" for name in sealed if name not in keys)
        changed = [name for name in table.names if name not in ("chain", *keys)]
        return (
            f"MERGE `{self._dataset}.{table.name}` AS t USING ({self._source(table, which)}) AS s "
            f"ON {same} AND t.chain = {self._chain} AND {within} "
            f"WHEN MATCHED AND ({other}) THEN UPDATE SET {_assign(changed)} "
            f"WHEN NOT MATCHED THEN {_insert(table)};"
        )

    def _advance(self, expected: Head) -> str:
        source = self._source(CHAINS_TABLE, f"r.line = {HEAD_LINE}")
        changed = [name for name in CHAINS_TABLE.names if name != "chain"]
        return (
            f"MERGE `{self._dataset}.chains` AS t USING ({source}) AS s ON t.chain = s.chain "
            f"WHEN MATCHED AND t.position = {expected.position} "
            f"AND t.seal = {text(expected.seal)} THEN UPDATE SET {_assign(changed)} "
            f"WHEN NOT MATCHED THEN {_insert(CHAINS_TABLE)};"
        )


def _assign(names: list[str]) -> str:
    return ", ".join(f"{name} = s.{name}" for name in names)


def _insert(table: Table) -> str:
    values = ", ".join(f"s.{name}" for name in table.names)
    return f"INSERT ({', '.join(table.names)}) VALUES ({values})"
