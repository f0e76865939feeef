"""Choose the store that the settings ask for: a file, or ``bigquery://PROJECT/DATASET``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.installing import install_extra

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
        raise _no_client(error) from error
    return BigQueryStore(address, create=create)


@contextmanager
def open_alert_store(settings: Settings, *, create: bool = True) -> Iterator[AlertStore]:
    """Open what remembers alerts and close it afterwards.

    It is the file ``SENTINEL_ALERT_STORE``, or without that the store of the trail.

    :param create: make it when it is missing.
    :raises BadInput: the store of the trail cannot remember alerts.
    :raises StoreError: it can't be used.
    """
    store = _open_alert_store(settings, create=create)
    try:
        yield store
    finally:
        store.close()


def _open_alert_store(settings: Settings, *, create: bool) -> AlertStore:
    address = settings.bigquery_address
    if address is None or settings.sentinel_alert_store:
        from auditor.stores.sqlite_alerts import SqliteAlertStore

        own = settings.sentinel_alert_store
        path = Path(own).expanduser() if own else settings.store_path
        return SqliteAlertStore(path, create=create)
    try:
        from auditor.stores.bigquery.alerts import BigQueryAlertStore
    except ModuleNotFoundError as error:
        raise _no_client(error) from error
    return BigQueryAlertStore(address, create=create)


def _no_client(error: ModuleNotFoundError) -> Exception:
    from auditor.stores.interface import StoreError

    if not (error.name or "").startswith("google"):
        return error
    return StoreError(
        "The store in BigQuery needs Google's client, which is not installed.",
        install_extra("bigquery"),
    )
