"""XML-RPC over requests.

The standard library's ``ServerProxy`` has no timeout, treats every page as XML, follows the
environment's proxies differently from the rest of the world and hides status codes; only its
marshalling is used here.
"""

from __future__ import annotations

import logging
import random
import re
import time
import xmlrpc.client
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from xml.parsers.expat import ExpatError

import requests
import urllib3

from auditor import __version__
from auditor.errors import BadInput
from auditor.odoo.errors import Garbled, LostAnswer, OdooError, Refused, Unreachable
from auditor.odoo.faults import CREDENTIALS_REMEDY, from_fault
from auditor.odoo.interface import Repeat

if TYPE_CHECKING:
    from auditor.settings import Connection

logger = logging.getLogger(__name__)

LARGEST_ANSWER = 96 * 1024 * 1024
"""Bytes; an answer beyond it is refused unread, whatever the server says of itself."""

_CONNECT_TIMEOUT = 10.0
_ATTEMPTS = 3
_FIRST_PAUSE = 0.25
_TRY_AGAIN = frozenset({429, 502, 503, 504})
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_NOT_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.SSLError,
    urllib3.exceptions.ProxyError,
)
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
        self._sleep = sleep
        self._session = requests.Session()
        self._session.headers.update(
            {
                "User-Agent": f"sentinel-ops/{__version__}",
                "Content-Type": "text/xml; charset=utf-8",
                # What is large in these answers is compressed already, and a page that unpacks
                # without end can't be sent to who never asked for packing.
                "Accept-Encoding": "identity",
            }
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
            raise Refused(
                f"Odoo refused the login of {connection.username} to the database "
                f"{connection.database}.",
                CREDENTIALS_REMEDY,
            )
        if not isinstance(answer, int) or isinstance(answer, bool) or answer <= 0:
            raise Garbled(f"{connection.shown_url} answered the login with something else.")
        return answer

    def _repeat(
        self, service: str, method: str, params: tuple[Any, ...], repeat: Repeat, what: str
    ) -> object:
        body = self._marshal(method, params)
        pause = _FIRST_PAUSE
        for attempt in range(1, _ATTEMPTS + 1):
            started = time.monotonic()
            try:
                answer = self._once(service, body)
            except Unreachable as error:
                if attempt == _ATTEMPTS or not _may_repeat(error, repeat):
                    raise
                logger.info(
                    "asking again",
                    extra={"call": what, "attempt": attempt, "because": error.message},
                )
                self._sleep(pause * random.uniform(0.75, 1.25))  # noqa: S311
                pause *= 2
            else:
                logger.debug(
                    "answered",
                    extra={"call": what, "seconds": round(time.monotonic() - started, 3)},
                )
                return answer
        raise AssertionError("the last attempt returns or raises")

    @staticmethod
    def _marshal(method: str, params: tuple[Any, ...]) -> bytes:
        try:
            text = xmlrpc.client.dumps(params, method, encoding="utf-8")
        except OverflowError:
            raise BadInput("A whole number must lie between -2147483648 and 2147483647.") from None
        if _CONTROL.search(text):
            raise BadInput("A text holds control characters, which can't be sent to Odoo.")
        return text.encode("utf-8")

    def _once(self, service: str, body: bytes) -> object:
        connection = self._connection
        status, content = self._post(f"{connection.url}/xmlrpc/2/{service}", body)
        if status != 200:
            raise self._bad_status(status, content)
        head = content[:200].lstrip().lower()
        if head.startswith((b"<!doctype", b"<html")) or b"<!entity" in content[:2000].lower():
            raise Garbled(
                f"{connection.shown_url} answered with a web page instead of XML-RPC"
                f"{_title(content)}.",
                "Check that ODOO_URL is Odoo's own address, and that no login page, firewall or "
                "maintenance page stands in front of /xmlrpc/2.",
            )
        try:
            (answer,), _method = xmlrpc.client.loads(
                content.decode("utf-8"), use_builtin_types=True
            )
        except xmlrpc.client.Fault as fault:
            error = from_fault(
                fault.faultCode, str(fault.faultString), database=connection.database
            )
            raise error from None
        except _MALFORMED:
            raise Garbled(
                f"{connection.shown_url} sent an answer that is not whole or not XML-RPC "
                f"({len(content)} bytes).",
                "Try again; if it stays, look at what stands between this machine and Odoo.",
            ) from None
        return answer

    def _post(self, url: str, body: bytes) -> tuple[int, bytes]:
        """Send ``body`` and return the status and the whole answer, both bounded."""
        shown, timeout = self._connection.shown_url, self._connection.timeout
        deadline = time.monotonic() + timeout
        try:
            with self._session.post(
                url,
                data=body,
                timeout=(min(_CONNECT_TIMEOUT, timeout), timeout),
                # A redirect would turn the POST into a GET and carry the password elsewhere.
                allow_redirects=False,
                stream=True,
            ) as response:
                if response.is_redirect:
                    raise Unreachable(
                        f"{shown} answers that it has moved (HTTP {response.status_code}).",
                        "Set ODOO_URL to the address it moved to, often https instead of http.",
                        sent=True,
                    )
                if response.headers.get("Content-Encoding", "identity") != "identity":
                    raise Garbled(f"{shown} packed its answer though nobody asked for it.")
                parts: list[bytes] = []
                size = 0
                # read1 gives what has come so far: read would wait for a full piece, and a server
                # that trickles would never meet the deadline.
                while part := response.raw.read1(64 * 1024):
                    parts.append(part)
                    size += len(part)
                    if size > LARGEST_ANSWER:
                        raise Garbled(f"{shown} sent an answer without end.")
                    if time.monotonic() > deadline:
                        raise self._too_slow()
                return response.status_code, b"".join(parts)
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            raise self._no_answer(error) from None

    def _too_slow(self) -> LostAnswer:
        return LostAnswer(
            f"{self._connection.shown_url} did not answer within "
            f"{self._connection.timeout:g} seconds.",
            "Odoo may be overloaded; try again, or allow more time with ODOO_TIMEOUT (seconds).",
            timed_out=True,
        )

    def _no_answer(self, error: Exception) -> OdooError:
        shown = self._connection.shown_url
        cause = error.args[0] if error.args else None
        reason = getattr(cause, "reason", None) or cause
        if isinstance(error, requests.exceptions.SSLError):
            return Unreachable(
                f"The TLS certificate of {shown} is not trusted or does not fit.",
                "Check the address; for a private authority set REQUESTS_CA_BUNDLE to its file.",
            )
        if isinstance(error, requests.exceptions.ConnectTimeout) or isinstance(reason, _NOT_SENT):
            return Unreachable(
                f"Cannot connect to {shown}.",
                "Is Odoo running and ODOO_URL right? (`make up` starts a local one.)",
            )
        if isinstance(error, requests.exceptions.Timeout | urllib3.exceptions.TimeoutError):
            return self._too_slow()
        if isinstance(
            error, requests.exceptions.ConnectionError | urllib3.exceptions.ProtocolError
        ):
            return LostAnswer(
                f"{shown} dropped the connection before its answer was complete.",
                "Try again; Odoo's log, or that of the proxy in front of it, may tell why.",
            )
        return Unreachable(f"{shown} cannot be asked ({type(error).__name__}).", sent=True)

    def _bad_status(self, status: int, content: bytes) -> OdooError:
        shown, title = self._connection.shown_url, _title(content)
        if status in _TRY_AGAIN:
            return LostAnswer(
                f"{shown} is not able to answer just now (HTTP {status}{title}).",
                "Odoo may be starting, restarting or overloaded; try again in a minute.",
            )
        if status in (401, 403):
            return Refused(
                f"What stands in front of {shown} refused the request (HTTP {status}{title}).",
                "Odoo itself was not asked: look at the proxy or firewall before it.",
            )
        if status == 404:
            return Unreachable(
                f"There is no XML-RPC at {shown} (HTTP 404).",
                "Check ODOO_URL; Odoo's module rpc must be loaded.",
                sent=True,
            )
        return Unreachable(
            f"{shown} answered with an error page (HTTP {status}{title}).",
            "Odoo's own log has the whole story.",
            sent=True,
        )


def _may_repeat(error: Unreachable, repeat: Repeat) -> bool:
    if not error.sent:
        return True
    if not isinstance(error, LostAnswer) or repeat is Repeat.NEVER:
        return False
    return repeat is Repeat.KEYED or not error.timed_out


def _title(content: bytes) -> str:
    """Return ``": Title"`` of a web page, fit for one line, or ``""``."""
    match = _TITLE.search(content[:4000])
    if not match:
        return ""
    text = " ".join(_CONTROL.sub("", match[1].decode("utf-8", "replace")).split())
    return f": {text[:80]}" if text else ""
