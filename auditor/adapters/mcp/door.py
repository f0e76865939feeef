"""What the tools work with: Odoo, the store, and who is asking."""

from __future__ import annotations

import queue
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from auditor.adapters.mcp.repeats import Repeats
from auditor.odoo.client import connect

if TYPE_CHECKING:
    from auditor.odoo.client import Client
    from auditor.settings import Settings
    from auditor.stores.interface import TrailStore

SOURCE = "mcp"
"""What runs asked for here have as their source in Odoo."""

_request_id: ContextVar[str] = ContextVar("request_id", default="")


def begin_request() -> str:
    """Give the call that begins an id of its own; Odoo keeps it with the runs that come of it."""
    made = str(uuid.uuid4())
    _request_id.set(made)
    return made


def request_id() -> str:
    """Return the id of the call that is being answered."""
    return _request_id.get()


class Door:
    """The ways to Odoo and to the store that the settings name.

    :param pause: seconds between two looks at a run that is waited for, at first.
    """

    def __init__(self, settings: Settings, *, pause: float = 0.3) -> None:
        self.settings = settings
        self.connection = settings.connection()
        self.repeats = Repeats()
        self.pause = pause
        self._idle: queue.LifoQueue[Client] = queue.LifoQueue()

    @contextmanager
    def odoo(self) -> Iterator[Client]:
        """Lend a client that nobody else uses meanwhile: tools run in threads, a client in one."""
        try:
            client = self._idle.get_nowait()
        except queue.Empty:
            client = connect(self.connection)
        try:
            yield client
        finally:
            self._idle.put(client)

    def store(self) -> AbstractContextManager[TrailStore]:
        """Open the store to read it.

        :raises StoreError: nothing was pulled yet, or it can't be read.
        """
        from auditor.stores.opening import open_store

        return open_store(self.settings, create=False)

    @property
    def may_apply(self) -> bool:
        """Whether plans may be carried out through this door at all."""
        return self.settings.sentinel_mcp_allow_apply
