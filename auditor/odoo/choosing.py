"""Which way a client goes to Odoo: JSON-2 where it can, XML-RPC elsewhere."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from auditor.odoo.errors import Refused
from auditor.odoo.json2 import Json2Transport, NotJson2, may_speak
from auditor.odoo.xmlrpc import XmlRpcTransport

if TYPE_CHECKING:
    from auditor.odoo.interface import Repeat, Transport
    from auditor.settings import Connection

logger = logging.getLogger(__name__)


def transport(connection: Connection) -> Transport:
    """Return the way that ``connection`` names; nothing is sent yet."""
    if connection.transport == "json2":
        return Json2Transport(connection)
    if connection.transport == "xmlrpc" or not may_speak(connection):
        return XmlRpcTransport(connection)
    return AutoTransport(connection)


class AutoTransport:
    """Decides at the first call that gets an answer, for good.

    The secret is sent once: what finds out whether there is JSON-2 is also its login.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._chosen: Transport | None = None

    def call(self, model: str, method: str, *, repeat: Repeat, **arguments: object) -> object:
        """See :class:`auditor.odoo.interface.Transport`."""
        if self._chosen is None:
            self._chosen = self._choose()
        return self._chosen.call(model, method, repeat=repeat, **arguments)

    def _choose(self) -> Transport:
        json2 = Json2Transport(self._connection)
        try:
            json2.log_in()
        except NotJson2 as reply:
            logger.info("no JSON-2, using XML-RPC", extra={"because": reply.error.message})
        except Refused:
            # Somebody's password may look like a key; what was called a key is none.
            if self._connection.is_api_key:
                raise
            logger.info("not taken as an API key, using XML-RPC")
        else:
            return json2
        return XmlRpcTransport(self._connection)
