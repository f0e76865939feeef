"""Is the door for HTTP shut to strangers?"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.adapters.http.identity import SHORTEST_TOKEN
from auditor.doctor.checks.extras import PACKAGES, installed
from auditor.doctor.finding import Finding, fail, ok, unused, warn
from auditor.doctor.subject import Subject

SHORTEST = 24
"""Characters of a token that nobody guesses."""
MAKE_ONE = "Make one: python -c 'import secrets; print(secrets.token_urlsafe(32))'"


def check(subject: Subject) -> Iterator[Finding]:
    """Look at the token; the door itself may be on another machine."""
    token = subject.settings.sentinel_http_token
    if token is None:
        if installed(PACKAGES["http"]):
            yield unused("No token is set (SENTINEL_HTTP_TOKEN): the platform must keep the door.")
        else:
            yield unused("The door for HTTP is not installed.")
    else:
        yield judge("SENTINEL_HTTP_TOKEN", token.get_secret_value(), SHORTEST_TOKEN)


def judge(setting: str, token: str, shortest: int) -> Finding:
    """Tell whether a token is long enough; its letters are not looked at.

    :param shortest: characters, below which the door refuses to work with it.
    """
    if token != token.strip():
        return fail(
            f"{setting} begins or ends with a blank or a line break, which no caller can send.",
            MAKE_ONE,
        )
    if len(token) < shortest:
        return fail(
            f"{setting} has only {len(token)} characters; the door refuses it below {shortest}.",
            MAKE_ONE,
        )
    if len(token) < SHORTEST:
        return warn(f"{setting} has only {len(token)} characters.", MAKE_ONE)
    return ok(f"{setting} is set.")
