"""What went wrong in TLS, and whether the other side can have got anything."""

from __future__ import annotations

import ssl


def is_about_certificate(error: BaseException | None) -> bool:
    """Whether the server's certificate was refused, which comes before anything is sent.

    Any other trouble in TLS says nothing of the kind: with TLS 1.3 the other side may refuse a
    handshake that the client takes for done, when the request is on its way.
    """
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return isinstance(error, ssl.SSLCertVerificationError)
