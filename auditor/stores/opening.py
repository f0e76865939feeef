"""Choose the store that the settings ask for: a file, or ``bigquery://PROJECT/DATASET``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
