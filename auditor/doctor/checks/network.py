"""Is there a way to Odoo: its name, its port, its certificate?"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from auditor.doctor.finding import Finding, fail, ok, warn
from auditor.doctor.reach import (
    NoWay,
    addresses,
    certificate_days,
    open_socket,
    place,
    proxy_for,
)
from auditor.doctor.subject import Subject

SOON = 14
"""Days before its end when a certificate is told of."""


def check(subject: Subject) -> Iterator[Finding]:
    """Go step by step; nothing of the protocol is sent."""
    url = subject.connection.url
    proxy = proxy_for(url)
    try:
        yield from _steps(proxy if "//" in proxy else f"//{proxy}" if proxy else url, bool(proxy))
    except NoWay as error:
        subject.closed = "there is no way to it, see network."
        yield fail(error.message, error.remedy)
        return
    if urlsplit(url).scheme == "http" and not _near(place(url)[0]):
        yield warn(
            "ODOO_URL is http: the password travels in clear.", "Use https where Odoo offers it."
        )


def _steps(url: str, is_proxy: bool) -> Iterator[Finding]:
    try:
        host, port = place(url)
    except ValueError:
        # Only a proxy's: ODOO_URL was looked at when it was read.
        raise NoWay(
            "The proxy's address is not a web address.",
            "Look at http_proxy, https_proxy and all_proxy; in a login write / ? # @ as "
            "%2F %3F %23 %40.",
        ) from None
    what = f"The proxy {host}" if is_proxy else host
    found = addresses(host, port)
    yield ok(f"{what} is {', '.join(found[:4])}.", addresses=found)
    open_socket(host, port).close()
    yield ok(f"{what} takes connections at port {port}.")
    if urlsplit(url).scheme != "https":
        return
    days = certificate_days(host, port)
    if days < SOON:
        yield warn(f"The TLS certificate of {host} ends in {days} days.", "Renew it.", days=days)
    else:
        yield ok(f"The TLS certificate of {host} is good for {days} days.", days=days)


def _near(host: str) -> bool:
    """Tell whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
