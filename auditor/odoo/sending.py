"""What both ways to reach Odoo share: one bounded request, and when it is sent again."""

from __future__ import annotations

import logging
import math
import random
import re
import ssl
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

import requests
import urllib3
from requests.auth import AuthBase

from auditor import __version__
from auditor.errors import BadInput
from auditor.odoo.errors import Garbled, LostAnswer, OdooError, Refused, Unreachable
from auditor.odoo.interface import Repeat

if TYPE_CHECKING:
    from auditor.settings import Connection

logger = logging.getLogger(__name__)

LARGEST_ANSWER = 96 * 1024 * 1024
"""Bytes; an answer beyond it is refused unread, whatever the server says of itself."""

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML has no place for, so that no text of Odoo's holds them on either way."""

_CONNECT_TIMEOUT = 10.0
_ATTEMPTS = 3
_FIRST_PAUSE = 0.25
_TRY_AGAIN = frozenset({429, 502, 503, 504})
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_NOT_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.ProxyError,
)

_T = TypeVar("_T")


class Sender:
    """Posts to one server; each request is bounded in time and its answer in size.

    :param language: what is spoken, for people: ``XML-RPC`` or ``JSON-2``.
    :param auth: puts the credentials into the headers, where they travel there.
    :param sleep: how to wait between attempts (tests pass their own).
    """

    def __init__(
        self,
        connection: Connection,
        *,
        language: str,
        headers: Mapping[str, str],
        auth: AuthBase | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = connection
        self._language = language
        self._sleep = sleep
        self._session = requests.Session()
        self._session.auth = auth
        self._session.headers.update(
            {
                "User-Agent": f"sentinel-ops/{__version__}",
                # What is large in these answers is compressed already, and a page that unpacks
                # without end can't be sent to who never asked for packing.
                "Accept-Encoding": "identity",
                **headers,
            }
        )

    def repeat(self, once: Callable[[], _T], repeat: Repeat, what: str) -> _T:
        """Call ``once``, and again after a pause where ``repeat`` allows it.

        :param what: for the log, such as ``sentinel.job.catalog``.
        """
        pause = _FIRST_PAUSE
        sent = False
        for attempt in range(1, _ATTEMPTS + 1):
            started = time.monotonic()
            try:
                answer = once()
            except Unreachable as error:
                again = attempt < _ATTEMPTS and _may_repeat(error, repeat)
                # What one attempt may have done, no later one that can't connect undoes.
                sent = error.sent = error.sent or sent
                if not again:
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

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Send ``body`` and return the status and the whole answer.

        :raises Unreachable: no whole answer, or one that says to ask elsewhere or later.
        """
        shown, timeout = self._connection.shown_url, self._connection.timeout
        deadline = time.monotonic() + timeout
        try:
            with self._session.post(
                self._connection.url + path,
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
                status, content = response.status_code, b"".join(parts)
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            raise self._no_answer(error) from None
        if status in _TRY_AGAIN:
            raise LostAnswer(
                f"{shown} is not able to answer just now (HTTP {status}{title(content)}).",
                "Odoo may be starting, restarting or overloaded; try again in a minute.",
            )
        return status, content

    def page_instead(self, status: int, content: bytes) -> OdooError:
        """Return the error for a status that no answer of Odoo's own explains."""
        shown = self._connection.shown_url
        if status in (401, 403):
            return Refused(
                f"What stands in front of {shown} refused the request (HTTP {status}"
                f"{title(content)}).",
                "Odoo itself was not asked: look at the proxy or firewall before it.",
            )
        if status in (404, 405):
            return Unreachable(
                f"There is no {self._language} at {shown} (HTTP {status}).",
                "Check ODOO_URL; Odoo's module rpc must be loaded.",
                sent=True,
            )
        return Unreachable(
            f"{shown} answered with an error page (HTTP {status}{title(content)}).",
            "Odoo's own log has the whole story.",
            sent=True,
        )

    def web_page(self, content: bytes, path: str) -> Garbled:
        """Return the error for a web page where an answer was due."""
        return Garbled(
            f"{self._connection.shown_url} answered with a web page instead of {self._language}"
            f"{title(content)}.",
            "Check that ODOO_URL is Odoo's own address, and that no login page, firewall or "
            f"maintenance page stands in front of {path}.",
        )

    def not_whole(self, content: bytes) -> Garbled:
        """Return the error for an answer that can't be read."""
        return Garbled(
            f"{self._connection.shown_url} sent an answer that is not whole or not "
            f"{self._language} ({len(content)} bytes).",
            "Try again; if it stays, look at what stands between this machine and Odoo.",
        )

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
        if _is_about_certificate(error):
            return Unreachable(
                f"The TLS certificate of {shown} is not trusted or does not fit.",
                "Check the address; for a private authority set REQUESTS_CA_BUNDLE to its file.",
            )
        # Also where a handshake failed: with TLS 1.3 the other side may refuse one that the client
        # takes for done, when the request is on its way.
        if isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
            return LostAnswer(
                f"The TLS connection to {shown} broke before the answer was complete.",
                "Does TLS answer at that address and port, or plain http? If it does, its log, or "
                "that of the proxy in front of it, may tell why.",
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


def is_web_page(content: bytes) -> bool:
    """Say whether a page for people came, or markup that only an attacker would send."""
    head = content[:200].lstrip().lower()
    return head.startswith((b"<!doctype", b"<html")) or b"<!entity" in content[:2000].lower()


def title(content: bytes) -> str:
    """Return ``": Title"`` of a web page, fit for one line, or ``""``."""
    match = _TITLE.search(content[:4000])
    if not match:
        return ""
    text = " ".join(CONTROL.sub("", match[1].decode("utf-8", "replace")).split())
    return f": {text[:80]}" if text else ""


def check_sendable(value: object) -> None:
    """Check that Odoo can be told ``value``, a structure of plain values.

    :raises BadInput: saying what can't be sent.
    """
    if isinstance(value, str):
        if CONTROL.search(value):
            raise BadInput("A text holds control characters, which can't be sent to Odoo.")
    elif isinstance(value, int):
        if not -(2**31) <= value < 2**31:
            raise BadInput("A whole number must lie between -2147483648 and 2147483647.")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise BadInput("A number must be finite.")
    elif isinstance(value, Mapping):
        for name, item in value.items():
            check_sendable(name)
            check_sendable(item)
    elif isinstance(value, list | tuple):
        for item in value:
            check_sendable(item)


def _is_about_certificate(error: BaseException | None) -> bool:
    """Whether the server's certificate was refused, which comes before anything is sent."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return isinstance(error, ssl.SSLCertVerificationError)


def _may_repeat(error: Unreachable, repeat: Repeat) -> bool:
    if not error.sent:
        return True
    if not isinstance(error, LostAnswer) or repeat is Repeat.NEVER:
        return False
    return repeat is Repeat.KEYED or not error.timed_out
