"""What is remembered of alerts, in one small table beside the trail in BigQuery.

A write is one transaction: it looks whether every document is as expected, and changes all of them
or none. Of two at once BigQuery ends the later one, whatever each of them changes; that one is
tried again, and finds by the versions whether it still may.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence

from auditor.alerts.state import Change, Row
from auditor.errors import BadInput
from auditor.stores.bigquery.address import APPEND, Address
from auditor.stores.bigquery.errors import is_concurrent
from auditor.stores.bigquery.schema import SCHEMA_VERSION, Column, Table
from auditor.stores.bigquery.service import RETRY_SECONDS, RULED_OUT, RuledOut, Service
from auditor.stores.bigquery.statements import text
from auditor.stores.interface import StoreError

ALERT_STATE = Table(
    "alert_state",
    "Alerts, what channels were told of them, silences; written by sentinel-ops alone",
    (
        Column("instance", "STRING", "Which Odoo", required=True),
        Column("kind", "STRING", "mark, alert, told or silence", required=True),
        Column("key", "STRING", "Identity among those of its kind", required=True),
        Column("version", "INT64", "Grows by one with each change", required=True),
        Column("document", "STRING", "JSON text", required=True),
        Column("changed_at", "TIMESTAMP", "When it was last changed", required=True),
    ),
    clustering=("instance",),
)
_CHANGED = "changed"
TRIES = 5
"""Of a write that others on the table keep from being made."""
_SAME = "t.instance = s.instance AND t.kind = s.kind AND t.key = s.key"


class BigQueryAlertStore:
    """See :class:`auditor.alerts.state.AlertStore`.

    :param create: make the table when it is missing; otherwise that is an error.
    :param sleep: how to wait, in seconds, before a write is tried again.
    :raises BadInput: the address is of the mode in which nothing can be claimed.
    :raises StoreError: BigQuery can't be reached or used.
    """

    lasting = True

    def __init__(
        self,
        address: Address,
        *,
        create: bool = True,
        retry_seconds: float = RETRY_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if address.mode == APPEND:
            raise BadInput(
                f"The store {address} cannot remember alerts: in append mode nothing can be "
                "claimed, so two auditors would both send.",
                "Set SENTINEL_ALERT_STORE to a file that lasts, such as "
                "/var/lib/sentinel/alerts.sqlite3.",
            )
        self._sleep = sleep
        self._service = Service(address, retry_seconds=retry_seconds)
        self._table = f"`{self._service.dataset_id}.{ALERT_STATE.name}`"
        try:
            self._prepare(create=create)
        except BaseException:
            self._service.close()
            raise

    def _prepare(self, *, create: bool) -> None:
        found = self._service.find_dataset()
        if found and ALERT_STATE.name in self._service.tables():
            return
        if not create:
            raise StoreError(
                f"No alert was judged yet: there is no table {ALERT_STATE.name} in BigQuery "
                f"({self._service.address}).",
                "sentinel-ops pull makes it, once a channel for alerts is configured.",
                missing=True,
            )
        if not found:
            self._service.make_dataset()
            self._service.find_dataset()
        self._service.make_table(ALERT_STATE, SCHEMA_VERSION)

    def read(self, instance: str) -> list[Row]:
        """See the interface."""
        rows = self._service.rows(
            f"SELECT kind, key, version, document FROM {self._table} WHERE instance = @instance "
            "ORDER BY kind, key",
            [("instance", "STRING", instance)],
            doing="reading what is remembered of alerts",
        )
        return [Row(*row) for row in rows]

    def write(self, instance: str, changes: Sequence[Change]) -> bool:
        """See the interface; False as well when others were faster again and again."""
        script = self._script(instance, changes)
        for number in range(TRIES):
            if number:
                self._sleep(random.uniform(0.5, 1) * 0.25 * 2**number)  # noqa: S311
            try:
                self._service.run(script, doing="writing what is remembered of alerts")
            except RuledOut:
                return False
            except StoreError as error:
                if not is_concurrent(error):
                    raise
            else:
                return True
        return False

    def _script(self, instance: str, changes: Sequence[Change]) -> str:
        expected = _rows(instance, [change._replace(document=None) for change in changes])
        return "\n".join(
            (
                "BEGIN TRANSACTION;",
                f"IF (SELECT COUNT(*) FROM ({expected}) AS s LEFT JOIN {self._table} AS t "
                f"ON {_SAME} WHERE IFNULL(t.version, 0) != s.expected) != 0 "
                f"THEN SELECT ERROR('{RULED_OUT}{_CHANGED}'); END IF;",
                f"MERGE {self._table} AS t USING ({_rows(instance, changes)}) AS s ON {_SAME} "
                "WHEN MATCHED AND s.document IS NULL THEN DELETE "
                "WHEN MATCHED THEN UPDATE SET version = s.expected + 1, document = s.document, "
                "changed_at = CURRENT_TIMESTAMP() "
                "WHEN NOT MATCHED AND s.document IS NOT NULL THEN "
                "INSERT (instance, kind, key, version, document, changed_at) VALUES "
                "(s.instance, s.kind, s.key, s.expected + 1, s.document, CURRENT_TIMESTAMP());",
                "COMMIT TRANSACTION;",
                "SELECT 1;",
            )
        )

    def close(self) -> None:
        """See the interface."""
        self._service.close()


def _rows(instance: str, changes: Sequence[Change]) -> str:
    """Return a query of the changes; literals, as in all scripts, see the statements."""
    document = text(json.dumps([change._asdict() for change in changes]))
    return (
        f"SELECT {text(instance)} AS instance, JSON_VALUE(c, '$.kind') AS kind, "
        "JSON_VALUE(c, '$.key') AS key, CAST(JSON_VALUE(c, '$.expected') AS INT64) AS expected, "
        f"JSON_VALUE(c, '$.document') AS document FROM UNNEST(JSON_QUERY_ARRAY({document})) AS c"
    )
