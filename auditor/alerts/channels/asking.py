"""One HTTP request with every bound it needs, and its failures in the channels' words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import requests
import urllib3

from auditor import __version__
from auditor.alerts.channels.addresses import shown
from auditor.alerts.channels.interface import NotSent
from auditor.alerts.channels.trying import Setback, retry_after
from auditor.tls import is_about_certificate

_CERTIFICATE = "Check the address; for a private authority set REQUESTS_CA_BUNDLE to its file."
_NEVER_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.ProxyError,
)
_PASSING = frozenset({408, 425, 429})


@dataclass(frozen=True)
class Request:
    """What to ask.

    :param what: what people call the other side, such as ``The webhook``.
    :param setting: where its address comes from.
    :param timeout: seconds without a sign of life that end it.
    """

    method: str
    url: str
    what: str
    setting: str
    timeout: float
    body: bytes | None = None
    headers: Mapping[str, str] | None = None


def ask(request: Request) -> None:
    """Send it; return when the other side says that all is well (2xx).

    :raises NotSent: it does not, or says nothing.
    """
    status, wait = _send(request)
    if 200 <= status < 300:
        return
    raise _bad_status(request, status, wait)


def _send(request: Request) -> tuple[int, str | None]:
    headers = {"User-Agent": f"sentinel-ops/{__version__}", **(request.headers or {})}
    try:
        # The status says it all: the body is not even read, however long it is.
        with requests.request(
            request.method,
            request.url,
            data=request.body,
            headers=headers,
            timeout=request.timeout,
            # A redirect would turn a POST into a GET and carry the message to who knows where.
            allow_redirects=False,
            stream=True,
        ) as response:
            return response.status_code, response.headers.get("Retry-After")
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
        raise _no_answer(request, error) from None


def _too_slow(request: Request) -> NotSent:
    return Setback(
        f"{request.what} at {shown(request.url)} did not answer within {request.timeout:g} "
        "seconds.",
        unsure=True,
        soon=False,
    )


def _no_answer(request: Request, error: Exception) -> NotSent:
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None) or cause
    place = f"{request.what} at {shown(request.url)}"
    if is_about_certificate(error):
        return NotSent(
            f"The TLS certificate of {shown(request.url)} is not trusted or does not fit.",
            _CERTIFICATE,
            passing=False,
        )
    if isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
        return Setback(
            f"The TLS connection to {shown(request.url)} broke before it answered.",
            "Does TLS answer at that address and port, or plain http?",
            unsure=True,
        )
    if isinstance(error, requests.exceptions.ConnectTimeout) or isinstance(reason, _NEVER_SENT):
        return Setback(f"{place} cannot be reached.", f"Is {request.setting} right?")
    if isinstance(error, requests.exceptions.Timeout | urllib3.exceptions.TimeoutError):
        return _too_slow(request)
    if isinstance(error, requests.exceptions.ConnectionError | urllib3.exceptions.ProtocolError):
        return Setback(f"{place} dropped the connection before it answered.", unsure=True)
    return NotSent(
        f"{place} cannot be asked ({type(error).__name__}).",
        f"Is {request.setting} right?",
        passing=False,
        unsure=True,
    )


def _bad_status(request: Request, status: int, wait: str | None) -> NotSent:
    place = f"{request.what} at {shown(request.url)}"
    if status >= 500 or status in _PASSING:
        return Setback(
            f"{place} is not able to take it just now (HTTP {status}).",
            # A gateway can't tell whether what stands behind it did its work.
            unsure=status >= 500 and status != 503,
            wait=retry_after(wait),
        )
    if 300 <= status < 400:
        return NotSent(
            f"{place} answers that it has moved (HTTP {status}).",
            f"Set {request.setting} to the address it moved to.",
            passing=False,
        )
    return NotSent(
        f"{place} refused it (HTTP {status}).",
        f"Check {request.setting}, and what the other side expects.",
        passing=False,
    )
