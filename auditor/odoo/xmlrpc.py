"""XML-RPC: every Odoo has it, and it takes a password or an API key.

The standard library's ``ServerProxy`` has no timeout, treats every page as XML, follows the
environment's proxies differently from the rest of the world and hides status codes; only its
marshalling is used here.
"""

from __future__ import annotations

import time
import xmlrpc.client
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from xml.parsers.expat import ExpatError

from auditor.odoo.errors import Garbled
from auditor.odoo.faults import from_fault, login_refused
from auditor.odoo.interface import Repeat
from auditor.odoo.sending import Sender, check_sendable, is_web_page

if TYPE_CHECKING:
    from auditor.settings import Connection

_MALFORMED = (
    ExpatError,
    xmlrpc.client.ResponseError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
)


class XmlRpcTransport:
    """Calls of one user on one database; logs in at the first one.

    :param sleep: how to wait between attempts (tests pass their own).
    """

    def __init__(
        self, connection: Connection, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._connection = connection
        self._sender = Sender(
            connection,
            language="XML-RPC",
            headers={"Content-Type": "text/xml; charset=utf-8"},
            sleep=sleep,
        )
        self._uid = 0

    def call(self, model: str, method: str, *, repeat: Repeat, **arguments: object) -> object:
        """See :class:`auditor.odoo.interface.Transport`."""
        connection = self._connection
        if not self._uid:
            self._uid = self._log_in()
        return self._repeat(
            "object",
            "execute_kw",
            (
                connection.database,
                self._uid,
                connection.password,
                model,
                method,
                [],
                arguments,
            ),
            repeat,
            f"{model}.{method}",
        )

    def _log_in(self) -> int:
        connection = self._connection
        answer = self._repeat(
            "common",
            "authenticate",
            (connection.database, connection.username, connection.password, {}),
            Repeat.READ,
            "common.authenticate",
        )
        if answer is False:
            raise login_refused(connection.database, connection.username)
        if not isinstance(answer, int) or isinstance(answer, bool) or answer <= 0:
            raise Garbled(f"{connection.shown_url} answered the login with something else.")
        return answer

    def _repeat(
        self, service: str, method: str, params: tuple[Any, ...], repeat: Repeat, what: str
    ) -> object:
        check_sendable(params)
        body = xmlrpc.client.dumps(params, method, encoding="utf-8").encode("utf-8")
        return self._sender.repeat(lambda: self._once(service, body), repeat, what)

    def _once(self, service: str, body: bytes) -> object:
        status, content = self._sender.post(f"/xmlrpc/2/{service}", body)
        if status != 200:
            raise self._sender.page_instead(status, content)
        if is_web_page(content):
            raise self._sender.web_page(content, "/xmlrpc/2")
        try:
            (answer,), _method = xmlrpc.client.loads(
                content.decode("utf-8"), use_builtin_types=True
            )
        except xmlrpc.client.Fault as fault:
            error = from_fault(
                fault.faultCode, str(fault.faultString), database=self._connection.database
            )
            raise error from None
        except _MALFORMED:
            raise self._sender.not_whole(content) from None
        return answer
