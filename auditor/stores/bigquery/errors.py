"""What Google's client raises, as errors that a person can act on."""

from __future__ import annotations

import concurrent.futures
import re

import google.api_core.exceptions as api
import google.auth.exceptions as auth
import google.resumable_media.common as media
import requests.exceptions
import urllib3.exceptions

from auditor.stores.bigquery.address import Address
from auditor.stores.interface import StoreError

ERRORS = (
    api.GoogleAPIError,
    auth.GoogleAuthError,
    media.InvalidResponse,
    media.DataCorruption,
    requests.exceptions.RequestException,
    urllib3.exceptions.HTTPError,
    concurrent.futures.TimeoutError,
    OSError,
    # An answer that was cut off or is no answer of BigQuery's at all: the client reads it as JSON
    # and looks for keys in it.
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
)
"""What a call may raise when BigQuery, or the way to it, does not behave."""

_REQUEST = re.compile(r"(\d+ )?(GET|POST|PUT|PATCH|DELETE) \S+: ")
_TRANSIENT_REASONS = frozenset(
    "rateLimitExceeded backendError internalError badGateway jobBackendError jobInternalError "
    "jobRateLimitExceeded".split()
)
_TRANSIENT = (
    ConnectionError,
    api.TooManyRequests,
    api.InternalServerError,
    api.BadGateway,
    api.ServiceUnavailable,
    api.GatewayTimeout,
    auth.TransportError,
    media.DataCorruption,
    requests.exceptions.ConnectionError,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.Timeout,
    requests.exceptions.JSONDecodeError,
    urllib3.exceptions.ProtocolError,
)
_AGAIN = "Nothing has landed of this batch. Try again: pull goes on from what the store has."


def transient(error: BaseException) -> bool:
    """Tell whether the same request may succeed a moment later."""
    if isinstance(error, requests.exceptions.SSLError):
        return False
    if isinstance(error, _TRANSIENT):
        return True
    if isinstance(error, media.InvalidResponse):
        return error.response.status_code in (408, 429, 500, 502, 503, 504)
    # An upload that had ended when its answer was lost is not known any more; begin another.
    if getattr(error, "code", None) in (404, 410) and "/upload/" in str(error):
        return True
    return _reason(error) in _TRANSIENT_REASONS


def _reason(error: BaseException) -> str:
    errors = getattr(error, "errors", None) or []
    first = errors[0] if errors else None
    return str(first.get("reason", "")) if isinstance(first, dict) else ""


def _text(error: BaseException) -> str:
    """Return what the service said, without the client's own lines about where and how."""
    text = str(getattr(error, "message", "") or error).strip()
    first = text.splitlines()[0] if text else type(error).__name__
    # "GET https://...: Not found: ..." and "400 POST https://...: ..."
    return _REQUEST.sub("", first)[:300].rstrip(".")


def store_error(error: BaseException, address: Address, doing: str) -> StoreError:
    """Return the error to show for ``error``.

    :param doing: what was being done, such as ``reading the dataset``.
    """
    if isinstance(error, api.RetryError):
        return store_error(error.cause or TimeoutError(), address, doing)
    where = f"BigQuery ({address})"
    said = f"{where}, {doing}: {_text(error)}."
    if isinstance(error, (auth.DefaultCredentialsError, auth.RefreshError)):
        return StoreError(
            f"{where} needs credentials, and there are none that work: {_text(error)}.",
            "gcloud auth application-default login, or GOOGLE_APPLICATION_CREDENTIALS with the "
            "file of a service account.",
        )
    refused = _refused(error, address, said)
    if refused:
        return refused
    if isinstance(error, (concurrent.futures.TimeoutError, requests.exceptions.Timeout)):
        return StoreError(f"{where} took too long, {doing}.", _AGAIN, passing=True)
    if isinstance(
        error,
        (
            requests.exceptions.ConnectionError,
            requests.exceptions.ChunkedEncodingError,
            urllib3.exceptions.HTTPError,
            auth.TransportError,
            ConnectionError,
        ),
    ) and not isinstance(error, requests.exceptions.JSONDecodeError):
        return StoreError(
            f"{where} cannot be reached, or broke off its answer, {doing}.",
            "Check the network, the proxy and, if it is set, BIGQUERY_EMULATOR_HOST. " + _AGAIN,
            passing=True,
        )
    if isinstance(error, api.GoogleAPICallError) or transient(error):
        return StoreError(said, _AGAIN, passing=transient(error))
    if isinstance(error, OSError) and not isinstance(error, requests.exceptions.RequestException):
        return StoreError(
            f"The store in {where} needs room in the folder for temporary files: "
            f"{error.strerror or error}.",
            "Free some disk space, or set TMPDIR to another folder.",
        )
    return StoreError(
        f"{where} answered what cannot be understood, {doing}.",
        "A proxy may be in between, or the answer was cut off. " + _AGAIN,
        passing=True,
    )


def _refused(error: BaseException, address: Address, said: str) -> StoreError | None:
    reason, text = _reason(error), str(error)
    if "billing" in text.lower() and isinstance(error, (api.Forbidden, api.BadRequest)):
        return StoreError(
            said,
            f"Link a billing account to {address.project}, or use the append mode: "
            f"bigquery://{address.project}/{address.dataset}?mode=append",
        )
    if isinstance(error, api.TooManyRequests) or reason in (
        "quotaExceeded",
        "rateLimitExceeded",
        "jobRateLimitExceeded",
    ):
        return StoreError(said, "A quota is used up. " + _AGAIN, passing=True)
    if isinstance(error, (api.Forbidden, api.Unauthorized)):
        return StoreError(
            said,
            "The account needs the roles BigQuery Job User on the project and BigQuery Data Editor "
            "on the dataset; to make the dataset, BigQuery User on the project.",
        )
    if isinstance(error, api.NotFound) and not transient(error):
        return StoreError(
            said,
            "Check the project and the dataset in SENTINEL_STORE; a dataset elsewhere than in the "
            "US needs nothing more, a new one takes ?location=EU.",
        )
    return None


# What BigQuery says to the later of two transactions that changed one table at once.
_CONCURRENT = ("concurrent update", "transaction is aborted", "could not serialize")


def is_concurrent(error: StoreError) -> bool:
    """Tell whether another transaction on the same table was faster."""
    return any(words in error.message.lower() for words in _CONCURRENT)
