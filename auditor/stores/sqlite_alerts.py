"""What is remembered of alerts, in a SQLite file: that of the trail, or one of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

from auditor.alerts.state import Change, Row
from auditor.stores.sqlite import SqliteStore


class SqliteAlertStore(SqliteStore):
    """See :class:`auditor.alerts.state.AlertStore`; a connection of its own to the file."""

    lasting = True

    def read(self, instance: str) -> list[Row]:
        """See the interface."""
        return [
            Row(*row)
            for row in self._all(
                "SELECT kind, key, version, document FROM alert_state WHERE instance = ? "
                "ORDER BY kind, key",
                (instance,),
            )
        ]

    def write(self, instance: str, changes: Sequence[Change]) -> bool:
        """See the interface."""
        with self._transaction():
            for change in changes:
                # The transaction has the only right to write, so what is read here stays true.
                rows = self._all(
                    "SELECT version FROM alert_state WHERE instance = ? AND kind = ? AND key = ?",
                    (instance, change.kind, change.key),
                )
                if (rows[0][0] if rows else 0) != change.expected:
                    return False
            for change in changes:
                self._apply(instance, change)
        return True

    def _apply(self, instance: str, change: Change) -> None:
        place = (instance, change.kind, change.key)
        if change.document is None:
            self._db.execute(
                "DELETE FROM alert_state WHERE instance = ? AND kind = ? AND key = ?", place
            )
            return
        now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
        self._db.execute(
            "INSERT INTO alert_state (instance, kind, key, version, document, changed_at) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (instance, kind, key) DO UPDATE SET "
            "version = excluded.version, document = excluded.document, "
            "changed_at = excluded.changed_at",
            (*place, change.expected + 1, change.document, now),
        )
