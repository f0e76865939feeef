"""Open a connection and close it again: the name, the port, the certificate."""

from __future__ import annotations

import os
import socket
import ssl
import time
from pathlib import Path
from urllib.parse import urlsplit

SECONDS = 5.0
"""How long a connection may take to open."""


class NoWay(Exception):
    """There is none; the message says which step failed, the remedy what to look at."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def addresses(host: str, port: int) -> list[str]:
    """Return the addresses that a name stands for.

    :raises NoWay: none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NoWay(
            f"The name {host} cannot be resolved.", "Check the name, and this machine's DNS."
        ) from None
    return sorted({str(entry[4][0]) for entry in found})


def open_socket(host: str, port: int) -> socket.socket:
    """Return an open connection.

    :raises NoWay: nothing listens there, or nobody answers.
    """
    try:
        return socket.create_connection((host, port), timeout=SECONDS)
    except TimeoutError:
        raise NoWay(
            f"{host} does not answer at port {port} within {SECONDS:g} seconds.",
            "A firewall between here and there may swallow the packets.",
        ) from None
    except OSError as error:
        raise NoWay(
            f"No connection to {host} at port {port}: {error.strerror or error}.",
            "Does it run, and are address and port right?",
        ) from None


def certificate_days(host: str, port: int) -> int:
    """Return for how many days more the TLS certificate of a server is good.

    Trusted is whom requests trusts: REQUESTS_CA_BUNDLE, else the bundle that it brings along.

    :raises NoWay: it is not trusted, expired, of another name, or this is no TLS.
    """
    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    bundle = (
        os.environ.get("REQUESTS_CA_BUNDLE")
        or os.environ.get("CURL_CA_BUNDLE")
        or DEFAULT_CA_BUNDLE_PATH
    )
    try:
        folder = Path(bundle).is_dir()
        context = ssl.create_default_context(
            cafile=None if folder else bundle, capath=bundle if folder else None
        )
    except OSError as error:
        raise NoWay(
            f"The authorities in {bundle} cannot be read: {error.strerror or error}.",
            "Set REQUESTS_CA_BUNDLE to a file of certificates, or unset it.",
        ) from None
    with open_socket(host, port) as raw:
        try:
            with context.wrap_socket(raw, server_hostname=host) as secured:
                facts = secured.getpeercert() or {}
        except ssl.SSLCertVerificationError as error:
            raise NoWay(
                f"The TLS certificate of {host} is not good: {error.verify_message}.",
                "Check the address; for a private authority set REQUESTS_CA_BUNDLE to its file.",
            ) from None
        except (ssl.SSLError, OSError) as error:
            raise NoWay(
                f"{host} does not speak TLS at port {port} ({type(error).__name__}).",
                "Is it http instead of https, or another port?",
            ) from None
    ends = ssl.cert_time_to_seconds(str(facts.get("notAfter", "")))
    return int((ends - time.time()) // 86400)


def proxy_for(url: str) -> str:
    """Return the proxy that requests would go through, ``""`` for none; with its credentials."""
    from requests.utils import get_environ_proxies, select_proxy

    return select_proxy(url, get_environ_proxies(url, no_proxy=None)) or ""


def place(url: str) -> tuple[str, int]:
    """Return host and port of a web address.

    :raises ValueError: it has none.
    """
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError("no host")
    return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
