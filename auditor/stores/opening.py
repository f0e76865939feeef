"""Choose the store that the settings ask for: a file, or ``bigquery://PROJECT/DATASET``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import BadInput

if TYPE_CHECKING:
    from auditor.alerts.state import AlertStore
    from auditor.settings import Settings
    from auditor.stores.interface import TrailStore


@contextmanager
def open_store(settings: Settings, *, create: bool) -> Iterator[TrailStore]:
    """Open the store and close it afterwards.

    :param create: make it when it is missing.
    :raises StoreError: it can't be used.
    :raises BadInput: its address is none.
    """
    store = _open(settings, create=create)
    try:
        yield store
    finally:
        store.close()


def _open(settings: Settings, *, create: bool) -> TrailStore:
    address = settings.bigquery_address
    if address is None:
        from auditor.stores.sqlite import SqliteStore

        return SqliteStore(settings.store_path, create=create)
    try:
        from auditor.stores.bigquery.store import BigQueryStore
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("google"):
            raise
        from auditor.stores.interface import StoreError

        raise StoreError(
            "The store in BigQuery needs Google's client, which is not installed.",
            "pip install 'sentinel-ops[bigquery]'",
        ) from error
    return BigQueryStore(address, create=create)


def alert_store_path(settings: Settings) -> Path:
    """Return where alerts are remembered: ``SENTINEL_ALERT_STORE``, or the store of the trail.

    :raises BadInput: the store of the trail cannot remember alerts.
    """
    if settings.sentinel_alert_store:
        return Path(settings.sentinel_alert_store).expanduser()
    if settings.bigquery_address is None:
        return settings.store_path
    raise BadInput(
        f"The store {settings.bigquery_address} cannot remember alerts: nothing in it can be "
        "claimed at once, so two auditors would both send.",
        "Set SENTINEL_ALERT_STORE to a file that lasts, such as /var/lib/sentinel/alerts.sqlite3.",
    )


@contextmanager
def open_alert_store(settings: Settings, *, create: bool = True) -> Iterator[AlertStore]:
    """Open what remembers alerts and close it afterwards.

    :param create: make it when it is missing.
    :raises BadInput: the store of the trail cannot remember alerts.
    :raises StoreError: it can't be used.
    """
    from auditor.stores.sqlite_alerts import SqliteAlertStore

    store = SqliteAlertStore(alert_store_path(settings), create=create)
    try:
        yield store
    finally:
        store.close()
