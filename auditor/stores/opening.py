"""Choose the store that the settings ask for. BigQuery joins here."""

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
    """
    from auditor.stores.sqlite import SqliteStore

    store = SqliteStore(settings.store_path, create=create)
    try:
        yield store
    finally:
        store.close()
