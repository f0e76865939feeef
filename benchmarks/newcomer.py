"""Copy lines as a newcomer would: `search_read` page by page, each one behind the last id.

The lines go into the table of the auditor's own store, with its columns and indexes; nothing is
checked. A process of its own: `python -m benchmarks.newcomer`.
"""

import json
import sqlite3
import xmlrpc.client
from pathlib import Path
from typing import Any

from auditor.stores.sqlite import SqliteStore

from .contenders import Order, Told, serve

PAGE = 5000
# All that a sealed line has; names as the store's indexes look for them.
_NAMES = {"record_ref": "record", "record_name": "name"}
_FIELDS = (
    "run_id position model record_ref record_name operation outcome reason message before intended "
    "after amount currency fingerprint after_fingerprint at salt digest"
).split()


def copy(order: Order, told: Told) -> None:
    """Copy up to `order.most` lines, those of the youngest run last."""
    with told.timed():
        common: Any = xmlrpc.client.ServerProxy(f"{order.url}/xmlrpc/2/common")
        uid = common.authenticate(order.database, order.login, order.secret, {})
        models: Any = xmlrpc.client.ServerProxy(f"{order.url}/xmlrpc/2/object")
        SqliteStore(Path(order.store)).close()
        store = sqlite3.connect(order.store)
        last = 0
        while told.lines < order.most:
            rows = models.execute_kw(
                order.database,
                uid,
                order.secret,
                "sentinel.run.line",
                "search_read",
                [[("id", ">", last)], _FIELDS],
                {"order": "id", "limit": min(PAGE, order.most - told.lines)},
            )
            if not rows:
                break
            store.executemany(
                "INSERT INTO lines (chain, run_position, position, digest, salt, content) "
                "VALUES (1, ?, ?, ?, ?, ?)",
                map(_row, rows),
            )
            store.commit()
            last = rows[-1]["id"]
            told.lines += len(rows)
        store.close()


def _row(row: dict[str, Any]) -> tuple[int, int, str, str, str]:
    content = {_NAMES.get(name, name): value for name, value in row.items()}
    return (
        row["run_id"][0],
        row["position"],
        row["digest"] or "",
        content.pop("salt"),
        json.dumps(content),
    )


if __name__ == "__main__":
    serve(copy)
