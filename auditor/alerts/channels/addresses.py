"""Addresses that are secrets: whoever knows a webhook's address may post to it."""

from __future__ import annotations

import logging
import re
from urllib.parse import unquote, urlsplit

from auditor.errors import BadInput
from auditor.redact import protect, redact

_SHORTEST_PART = 12
"""Characters; a shorter part of a path is a word of everyday life and no secret."""


def secret_address(text: str, setting: str, example: str) -> str:
    """Check a web address, hide it and its secret parts in all output, and return it.

    :param setting: the name of the setting it comes from, for the error.
    :raises BadInput: it is no web address.
    """
    text = text.strip()
    protect(text)
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        parts.port  # noqa: B018  reading it is what raises for a bad port
    except ValueError:
        usable = False
    if not usable or re.search(r"[^\x21-\x7e]", text):
        raise BadInput(f"{setting} is not a web address.", f"It looks like {example}")
    protect_parts(text)
    hide_in_logs()
    return text


def protect_parts(text: str) -> None:
    """Hide what is secret in an address, wherever a part of it is printed alone."""
    parts = urlsplit(text)
    if parts.password:
        protect(parts.password)
        protect(unquote(parts.password))
    for part in (*parts.path.split("/"), *re.split("[&=]", parts.query)):
        if len(part) >= _SHORTEST_PART:
            protect(part)
    if len(parts.path) >= _SHORTEST_PART:
        protect(parts.path)


def shown(text: str) -> str:
    """Return scheme and host, which is what people may read of a secret address."""
    parts = urlsplit(text)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def hide_in_logs() -> None:
    """Keep the addresses out of urllib3's log too, should somebody switch it on.

    At DEBUG it writes the path of every request, and for a webhook the path is the secret. The
    auditor's own log never shows another library's lines, but who embeds the auditor may.
    """
    # The name of the logger that writes them, in urllib3 1.x and 2.x.
    logger = logging.getLogger("urllib3.connectionpool")
    if not any(isinstance(known, _Redacting) for known in logger.filters):
        logger.addFilter(_Redacting())


class _Redacting(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        return True
