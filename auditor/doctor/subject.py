"""What is examined: the settings and, through them, Odoo. Each is asked once for all checks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from auditor.doctor.finding import CannotTell
from auditor.errors import AuditorError, BadInput

if TYPE_CHECKING:
    from auditor.odoo.answers import Health
    from auditor.odoo.client import Client
    from auditor.settings import Connection, Settings


class Subject:
    """See the module. Whatever can't be had raises :class:`CannotTell`, and says where to look.

    :param load: reads the settings.
    :param arguments: settings that were given on the command line.
    """

    def __init__(self, load: Callable[[], Settings], arguments: Mapping[str, object]) -> None:
        self._load = load
        self.arguments = arguments
        self.closed = ""
        """Why no way leads to Odoo, as far as a check has found out."""
        self.store_closed = ""
        """Why the store must not be opened: that might change it, or would end in an error."""
        self.logged_in = False

    @cached_property
    def _loaded(self) -> Settings | BadInput:
        try:
            return self._load()
        except BadInput as error:
            return error

    def load(self) -> Settings:
        """Return the settings.

        :raises BadInput: they can't be used.
        """
        if isinstance(self._loaded, BadInput):
            raise self._loaded
        return self._loaded

    @property
    def settings(self) -> Settings:
        """The settings, for every check but their own."""
        if isinstance(self._loaded, BadInput):
            raise CannotTell("The settings cannot be used, see there.")
        return self._loaded

    @property
    def connection(self) -> Connection:
        """How to reach Odoo."""
        try:
            return self.settings.connection()
        except BadInput:
            raise CannotTell("Settings are missing, see there.") from None

    @cached_property
    def client(self) -> Client:
        """A client; nothing is sent yet."""
        from auditor.odoo.client import connect

        if self.closed:
            raise CannotTell(f"Odoo was not asked: {self.closed}")
        return connect(self.connection)

    @cached_property
    def _asked(self) -> tuple[Health | AuditorError, float, float]:
        before = time.time()
        try:
            answer: Health | AuditorError = self.client.health()
        except AuditorError as error:
            answer = error
        return answer, before, time.time()

    def health(self) -> Health:
        """How Sentinel-Ops is inside Odoo.

        :raises OdooError: it did not say.
        """
        if not self.logged_in:
            raise CannotTell("Odoo did not let us in, see login.")
        answer = self._asked[0]
        if isinstance(answer, AuditorError):
            raise answer
        return answer

    @property
    def known_health(self) -> Health:
        """The same, for every check but that of the addon."""
        try:
            return self.health()
        except CannotTell:
            raise
        except AuditorError:
            raise CannotTell("Sentinel-Ops in Odoo did not answer, see addon.") from None

    @property
    def asked_at(self) -> tuple[float, float]:
        """Between which moments :attr:`known_health` was answered, seconds since 1970."""
        return self._asked[1:]
