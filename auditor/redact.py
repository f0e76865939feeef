"""Keep secrets out of everything that is printed or logged.

The first line of defence is not to put them there. This is the second: every log line, error and
traceback passes through :func:`redact`, which knows the secrets in use by value.
"""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

MASK = "***"
_SHORTEST = 4
_secrets: set[str] = set()


def protect(secret: str) -> None:
    """Hide ``secret``, and its URL-encoded, XML- and JSON-escaped forms, from now on.

    Very short ones are left alone: masking every ``a`` of a text hides the text, not the secret.
    """
    if len(secret) < _SHORTEST:
        return
    escaped = secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    _secrets.update({secret, quote(secret), quote(secret, safe=""), quote_plus(secret), escaped})
    _secrets.add(repr(secret)[1:-1])
    _secrets.update(json.dumps(secret, ensure_ascii=strict)[1:-1] for strict in (True, False))


def forget() -> None:
    """Forget all secrets (tests)."""
    _secrets.clear()


def redact(text: str) -> str:
    """Return ``text`` with every known secret replaced."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text
