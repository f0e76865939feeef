"""Addresses that are posted to or asked for: their form, and whether somebody is there."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from auditor.doctor.finding import Finding, fail, ok, warn
from auditor.doctor.reach import NoWay, addresses, certificate_days, open_socket, place, proxy_for


def reachable(setting: str, url: str) -> Iterator[Finding]:
    """Open a connection to a web address; no request is sent.

    :param setting: its name, for people: the address itself is a secret.
    """
    try:
        host, port = place(url)
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError("scheme")
    except ValueError:
        yield fail(f"{setting} is not a web address.", "It begins with https:// and a host.")
        return
    if proxy_for(url):
        yield ok(f"{setting} leads to {host}, through a proxy.")
        return
    try:
        addresses(host, port)
        if urlsplit(url).scheme == "https":
            certificate_days(host, port)
        else:
            open_socket(host, port).close()
    except NoWay as error:
        yield fail(f"{setting}: {error.message}", error.remedy)
        return
    if urlsplit(url).scheme == "http" and host not in ("localhost", "127.0.0.1", "::1"):
        yield warn(f"{setting} leads to {host} in clear (http).", "Use https.")
    else:
        yield ok(f"{setting} leads to {host}, which takes connections. Nothing was sent.")
