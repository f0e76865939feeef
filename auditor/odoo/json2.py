"""JSON-2: Odoo's own successor of XML-RPC, from Odoo 19 on; it takes API keys only.

``POST /json/2/<model>/<method>`` with the arguments by name; the key says who asks and travels in
a header, so that it is in no body and no log of bodies.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NoReturn, TypeGuard

from auditor.errors import BadInput
from auditor.odoo.bearer import Bearer, fits_into_header
from auditor.odoo.errors import Garbled, OdooError, Refused, Unreachable
from auditor.odoo.faults import CREDENTIALS_REMEDY, from_json2, login_refused
from auditor.odoo.interface import Repeat
from auditor.odoo.sending import CONTROL, Sender, check_sendable, is_web_page

if TYPE_CHECKING:
    from auditor.settings import Connection

_SPOKEN_BY_OTHERS = (401, 403, 404, 405)
"""Statuses by which a proxy, or an Odoo without JSON-2, says that there is none for us."""

_NO_DATABASE = b"No database is selected"
# As it stands in Odoo's JSON, which escapes all that is not ASCII.
_MAY_HOLD_CONTROL = re.compile(rb"[\x7f-\xff]|\\[bf]|\\u(00[01]|[dD][89a-fA-F]|[fF]{3})")


class NotJson2(Exception):
    """There is no JSON-2 here, or something keeps it from us; another way may be open.

    :param error: what to tell people where there is no other way.
    """

    def __init__(self, error: OdooError) -> None:
        super().__init__(error.message)
        self.error = error


def may_speak(connection: Connection) -> bool:
    """Say whether ``connection`` has what JSON-2 needs: a secret that may be an API key.

    What stands in the address for a proxy would take the place of the key in the same header.
    """
    return connection.may_be_key and not _in_the_way(connection)


def _in_the_way(connection: Connection) -> str:
    if "@" in connection.url.partition("//")[2].partition("/")[0]:
        return "ODOO_URL holds a login for a proxy, and a request has room for one login only"
    if not fits_into_header(connection.database + connection.password):
        return "the database or the key holds characters that have no place in a header"
    return ""


class Json2Transport:
    """Calls of one user, the key's, on one database; looks who that is at the first one.

    :param sleep: how to wait between attempts (tests pass their own).
    :raises BadInput: what is set can't be sent this way.
    """

    def __init__(
        self, connection: Connection, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        if reason := _in_the_way(connection):
            raise BadInput(
                f"JSON-2 can't be used: {reason}.", "Set ODOO_TRANSPORT to auto or xmlrpc."
            )
        self._connection = connection
        self._sender = Sender(
            connection,
            language="JSON-2",
            headers={
                "Content-Type": "application/json; charset=utf-8",
                "X-Odoo-Database": connection.database,
            },
            auth=Bearer(connection.password),
            sleep=sleep,
        )
        self._is_known = False

    def call(self, model: str, method: str, *, repeat: Repeat, **arguments: object) -> object:
        """See :class:`auditor.odoo.interface.Transport`."""
        try:
            if not self._is_known:
                self.log_in()
            return self._ask(model, method, arguments, repeat)
        except NotJson2 as reply:
            raise reply.error from None

    def log_in(self) -> None:
        """See that the key is good and belongs to the user that is set.

        :raises NotJson2: there is no JSON-2 at that address for us.
        """
        connection = self._connection
        context = self._ask("res.users", "context_get", {}, Repeat.READ)
        uid = context.get("uid") if isinstance(context, dict) else None
        rows = self._ask("res.users", "read", {"ids": [uid], "fields": ["login"]}, Repeat.READ)
        login = rows[0].get("login") if _is_one_row(rows) else None
        if not isinstance(login, str):
            raise Garbled(f"{connection.shown_url} answered the login with something else.")
        # Over XML-RPC Odoo refuses this; here it would let us act as somebody else than was asked.
        if login != connection.username:
            raise Refused(
                f"The API key is not of {connection.username}, but of {login}.",
                CREDENTIALS_REMEDY,
            )
        self._is_known = True

    def _ask(
        self, model: str, method: str, arguments: Mapping[str, object], repeat: Repeat
    ) -> object:
        check_sendable(arguments)
        body = json.dumps(arguments, allow_nan=False).encode()
        path = f"/json/2/{model}/{method}"
        return self._sender.repeat(lambda: self._once(path, body), repeat, f"{model}.{method}")

    def _once(self, path: str, body: bytes) -> object:
        status, content = self._sender.post(path, body)
        answer = self._read(content) if status == 200 or content[:1] == b"{" else None
        if status == 200:
            return answer
        if not _is_odoo_s_error(answer):
            self._fail_without_odoo(status, content)
        if status == 401:
            raise login_refused(self._connection.database, self._connection.username)
        raise from_json2(str(answer["name"]), str(answer["message"]), self._connection.database)

    def _read(self, content: bytes) -> object:
        if is_web_page(content):
            raise self._sender.web_page(content, "/json/2")
        try:
            answer = json.loads(content, parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise self._sender.not_whole(content) from None
        return _without_control(answer) if _MAY_HOLD_CONTROL.search(content) else answer

    def _fail_without_odoo(self, status: int, content: bytes) -> NoReturn:
        if status == 404 and _NO_DATABASE in content:
            database = self._connection.database
            error: OdooError = Unreachable(
                f"Odoo has no database named {database}.", "Check ODOO_DB.", sent=True
            )
        else:
            error = self._sender.page_instead(status, content)
        if status in _SPOKEN_BY_OTHERS:
            raise NotJson2(error)
        raise error


def _is_one_row(rows: object) -> TypeGuard[list[dict[str, object]]]:
    return isinstance(rows, list) and len(rows) == 1 and isinstance(rows[0], dict)


def _is_odoo_s_error(answer: object) -> TypeGuard[dict[str, object]]:
    return isinstance(answer, dict) and {"name", "message", "debug"} <= answer.keys()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _without_control(value: object) -> object:
    """Return an answer with what XML-RPC leaves out left out of its texts, too."""
    if isinstance(value, str):
        return CONTROL.sub("", value)
    if isinstance(value, list):
        return [_without_control(item) for item in value]
    if isinstance(value, dict):
        return {CONTROL.sub("", name): _without_control(item) for name, item in value.items()}
    return value
