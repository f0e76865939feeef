"""What the door works with: settings, a client for Odoo, the store, bounds."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from auditor.adapters.http.identity import SHORTEST_TOKEN
from auditor.adapters.http.rate import TokenBucket
from auditor.adapters.http.trouble import HttpError
from auditor.errors import BadInput
from auditor.stores.opening import open_store

if TYPE_CHECKING:
    from auditor.odoo.client import Client
    from auditor.settings import Connection, Settings
    from auditor.stores.figures import RunFigures
    from auditor.stores.interface import TrailStore

logger = logging.getLogger(__name__)

PER_SECOND, BURST = 20.0, 100.0
"""How many requests one process answers."""
STRANGERS_PER_SECOND, STRANGERS_BURST = 1.0, 20.0
"""How many requests without an identity are told so; apart, or they would lock out the others."""


def _now() -> datetime:
    return datetime.now(timezone.utc)


class Door:
    """One process's door; many threads share it.

    :param platform: whether this runs where Google's IAM stands in front.
    :param now: the time, UTC.
    :raises BadInput: a setting can't be used.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        platform: bool,
        callers: TokenBucket | None = None,
        strangers: TokenBucket | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _now,
    ) -> None:
        token = settings.sentinel_http_token
        self.settings = settings
        self.token = token.get_secret_value() if token else ""
        if self.token and len(self.token) < SHORTEST_TOKEN:
            raise BadInput(
                f"SENTINEL_HTTP_TOKEN is shorter than {SHORTEST_TOKEN} characters.",
                "Make one: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
            )
        self.platform = platform
        self.callers = callers or TokenBucket(PER_SECOND, BURST, clock=clock)
        self.strangers = strangers or TokenBucket(
            STRANGERS_PER_SECOND, STRANGERS_BURST, clock=clock
        )
        self.clock = clock
        self.now = now
        self.figures: tuple[float, RunFigures] | None = None
        """Figures of a store that is paid for by the question, and when they were asked for."""
        self._mine = threading.local()
        self._say_who_guards()

    def _say_who_guards(self) -> None:
        if self.token:
            logger.info("the door asks for its token")
        elif self.platform:
            logger.warning(
                "the door has no token of its own: it relies on IAM in front of it to let in only "
                "whom it should"
            )
        else:
            logger.warning(
                "the door has no token: it answers this machine only, and changes nothing"
            )

    def connection(self) -> Connection:
        """Return what is needed to reach Odoo.

        :raises HttpError: settings are missing; that is not the caller's fault.
        """
        try:
            return self.settings.connection()
        except BadInput as error:
            raise misconfigured(error) from None

    def client(self) -> Client:
        """Return this thread's client, made when it is first used."""
        from auditor.odoo.client import Client, connect

        client = getattr(self._mine, "client", None)
        if not isinstance(client, Client):
            client = self._mine.client = connect(self.connection())
        return client

    @contextmanager
    def store(self, *, create: bool) -> Iterator[TrailStore]:
        """Open the store for one request.

        :raises StoreError: it can't be used.
        :raises HttpError: its address is none.
        """
        self.check_store()
        with open_store(self.settings, create=create) as store:
            yield store

    def check_store(self) -> bool:
        """Return whether the store outlives this process's machine.

        :raises HttpError: what the settings name is no store.
        """
        try:
            return self.settings.bigquery_address is not None or not self.platform
        except BadInput as error:
            raise misconfigured(error) from None


def misconfigured(error: BadInput) -> HttpError:
    """Return the answer for a setting that is missing or can't be used."""
    return HttpError(500, "misconfigured", error.message, error.remedy)
