"""Does the mail server let us in?"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import SplitResult, unquote, urlsplit

from auditor.doctor.finding import Finding, fail, ok, unused, warn
from auditor.doctor.reach import SECONDS
from auditor.doctor.subject import Subject
from auditor.redact import protect

PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
_HERE = ("localhost", "127.0.0.1", "::1")
_FORM = "It looks like smtp://user:password@mail.example.com:587"


def check(subject: Subject) -> Iterator[Finding]:
    """Connect, secure, log in and say goodbye, without a mail."""
    settings = subject.settings
    addressed = settings.alert_email_from, settings.alert_email_to
    if settings.smtp_url is None:
        if any(addressed):
            yield fail("ALERT_EMAIL_FROM or ALERT_EMAIL_TO is set and SMTP_URL is not.", _FORM)
        else:
            yield unused("No alerts go by mail.")
        return
    if not all(addressed):
        yield fail("SMTP_URL is set, and ALERT_EMAIL_FROM or ALERT_EMAIL_TO is not.", "Set both.")
    url = settings.smtp_url.get_secret_value()
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
        if not parts.hostname:
            raise ValueError("no host")
    except (ValueError, KeyError):
        yield fail("SMTP_URL is not the address of a mail server.", _FORM)
        return
    for secret in (parts.password or "", unquote(parts.password or "")):
        protect(secret)
    yield _try(parts, parts.hostname, port)


def _try(parts: SplitResult, host: str, port: int) -> Finding:
    plain = parts.scheme == "smtp+plain" or (parts.scheme == "smtp" and host in _HERE)
    where = f"The mail server {host}:{port}"
    trust = ssl.create_default_context()
    step = "cannot be reached"
    remedy = "Check SMTP_URL, and that this machine may open connections to that port."
    try:
        connection: smtplib.SMTP = (
            smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=trust)
            if parts.scheme == "smtps"
            else smtplib.SMTP(host, port, timeout=SECONDS)
        )
        try:
            if parts.scheme == "smtp" and not plain:
                step, remedy = "offers no TLS that is trusted", "smtps:// or smtp+plain:// instead?"
                connection.starttls(context=trust)
            if parts.username:
                step, remedy = "refused the login", "Check user and password in SMTP_URL."
                connection.login(unquote(parts.username), unquote(parts.password or ""))
            step, remedy = "broke off", "Try again."
            connection.noop()
        finally:
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
    except smtplib.SMTPResponseException as error:
        return fail(f"{where} {step} (code {error.smtp_code}).", remedy)
    except (smtplib.SMTPException, ssl.SSLError, OSError) as error:
        return fail(f"{where} {step} ({type(error).__name__}).", remedy)
    if plain and host not in _HERE:
        return warn(
            f"{where} lets us in, without TLS. No mail was sent.", "Use smtp:// or smtps://."
        )
    return ok(f"{where} lets us in. No mail was sent.")
