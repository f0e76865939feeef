"""Who is let in.

Google's IAM stands in front where the door is deployed; there the platform has checked the caller
before the request arrives. Anywhere else a bearer token is needed (``SENTINEL_HTTP_TOKEN``), and
without one the door answers this machine only, and changes nothing in the business: a proxy on this
machine that does not say so looks like a program of it. With a token set, the token decides,
everywhere.

functions-framework listens on every address of the machine unless told otherwise, so a door that
nobody configured must not be an open one.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from ipaddress import ip_address

from auditor.adapters.http.message import Request
from auditor.adapters.http.trouble import HttpError

SHORTEST_TOKEN = 16
"""Characters; a shorter one can be guessed, so the door refuses to work with it."""

_IDENTITY = ("authorization", "x-serverless-authorization", "x-goog-iap-jwt-assertion")
"""In one of these the platform hands on whom it let in, the signature taken out."""
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]", ""})
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="sentinel-ops"'}


def admit(request: Request, token: str, *, platform: bool) -> None:
    """Let the request pass.

    :param token: what ``SENTINEL_HTTP_TOKEN`` says, ``""`` for nothing.
    :param platform: whether this runs where IAM stands in front.
    :raises HttpError: the door does not know who asks.
    """
    if token:
        if not _bears(request, token):
            raise HttpError(
                401,
                "unauthenticated",
                "This door needs its token.",
                "Send the header Authorization: Bearer TOKEN, the value of SENTINEL_HTTP_TOKEN. "
                "Behind Google's IAM, Google's own token goes into X-Serverless-Authorization.",
                headers=_CHALLENGE,
            )
        return
    if platform:
        if not any(request.headers.get(name) for name in _IDENTITY):
            raise HttpError(
                401,
                "unauthenticated",
                "The request came through without an identity: the platform lets everybody in.",
                "Take the role Cloud Run Invoker away from allUsers (deploy with "
                "--no-allow-unauthenticated), or set SENTINEL_HTTP_TOKEN.",
                headers=_CHALLENGE,
            )
        return
    if not is_local(request):
        raise HttpError(
            401,
            "unauthenticated",
            "Without a token this door answers only the machine that it runs on.",
            "Set SENTINEL_HTTP_TOKEN where the door runs, and send it: Authorization: Bearer "
            "TOKEN.",
            headers=_CHALLENGE,
        )


def admit_change(token: str, *, platform: bool) -> None:
    """Let a request pass that changes records for real; it was let in already.

    :raises HttpError: all that is known of callers here is that this machine seems to ask.
    """
    if not token and not platform:
        raise HttpError(
            403,
            "token_needed",
            "Without a token this door starts nothing that changes records.",
            "Set SENTINEL_HTTP_TOKEN where the door runs, and send it: Authorization: Bearer "
            "TOKEN.",
        )


def is_local(request: Request) -> bool:
    """Whether a program of this machine asks, and no page in a browser.

    A proxy that says that it is one is told apart; one that is silent can't be.
    """
    try:
        peer = ip_address(request.peer.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(peer, "ipv4_mapped", None)
    if not (mapped or peer).is_loopback:
        return False
    # A proxy on this machine brings strangers; a page can reach this port, under a name of its own.
    if any(name in request.headers for name in (*_FORWARDED, "origin")):
        return False
    host = request.headers.get("host", "")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return name.lower() in _LOCAL_NAMES


def _bears(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    # Digests are of one length, so neither content nor length shows in the time it takes.
    return scheme.lower() == "bearer" and hmac.compare_digest(
        sha256(given.strip().encode()).digest(), sha256(token.encode()).digest()
    )
