"""Does an Odoo answer there, and which?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import requests
import urllib3

from auditor import __version__
from auditor.doctor.finding import CannotTell, Finding, fail, ok, unknown, warn
from auditor.doctor.subject import Subject

PATH = "/web/version"
"""Told to anybody, without a login and without a database (addons/rpc/controllers)."""
MADE_FOR = 19
_SECONDS = 10.0
_LARGEST = 64 * 1024


def check(subject: Subject) -> Iterator[Finding]:
    """Ask for its version."""
    if subject.closed:
        raise CannotTell(f"Odoo was not asked: {subject.closed}")
    connection = subject.connection
    seconds = min(_SECONDS, connection.timeout)
    try:
        with requests.get(
            connection.url + PATH,
            headers={"User-Agent": f"sentinel-ops/{__version__}"},
            timeout=seconds,
            allow_redirects=False,
            stream=True,
        ) as response:
            status, body = response.status_code, response.raw.read(_LARGEST, decode_content=True)
            where = response.headers.get("Location", "")
    except requests.exceptions.Timeout:
        yield fail(
            f"{connection.shown_url} did not answer within {seconds:g} seconds.",
            "Odoo may be starting or overloaded; its log may tell.",
        )
        return
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
        yield fail(
            f"{connection.shown_url} does not answer like a web server ({type(error).__name__}).",
            "Check ODOO_URL, and what stands between here and Odoo.",
        )
        return
    yield _judge(connection.shown_url, status, bytes(body), where)


def _judge(shown: str, status: int, body: bytes, where: str) -> Finding:
    if 300 <= status < 400:
        to = where.partition("?")[0].removesuffix(PATH)
        return fail(
            f"{shown} answers that it has moved.", f"Set ODOO_URL to the final address: {to}"
        )
    if status == 404:
        return unknown(
            f"{shown} does not tell its version (HTTP 404).",
            "An Odoo before 19, another site, or a proxy that hides the path.",
        )
    try:
        facts: Any = json.loads(body) if status == 200 else None
        version, major = str(facts["version"]), int(str(facts["version_info"][0]).split("~")[-1])
    except (ValueError, TypeError, KeyError, IndexError):
        return fail(
            f"{shown} does not answer like Odoo (HTTP {status}).",
            "Check ODOO_URL; a login page, a firewall or a maintenance page may stand before it.",
        )
    if major < MADE_FOR:
        return fail(f"{shown} is Odoo {version}.", f"The addon needs Odoo {MADE_FOR}.")
    if major > MADE_FOR:
        return warn(
            f"{shown} is Odoo {version}; this release is made for {MADE_FOR}.",
            "Look for a release of Sentinel-Ops that names this version.",
        )
    return ok(f"{shown} is Odoo {version}.", version=version)
