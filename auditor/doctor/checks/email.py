"""Does the mail server let us in?"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.alerts.channels.interface import NotSent
from auditor.doctor.finding import Finding, fail, ok, unused, warn
from auditor.doctor.reach import SECONDS
from auditor.doctor.subject import Subject

_FORM = "It looks like smtp://user:password@mail.example.com:587"


def check(subject: Subject) -> Iterator[Finding]:
    """Connect, secure, log in and say goodbye as alerts do, without a mail."""
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
        return
    from auditor.alerts.channels.smtp import EmailChannel
    from auditor.alerts.channels.trying import Patience

    channel = EmailChannel(
        settings.smtp_url.get_secret_value(), *addressed, patience=Patience(timeout=SECONDS)
    )
    try:
        channel.greet()
    except NotSent as error:
        yield fail(error.message, error.remedy)
        return
    if settings.smtp_url.get_secret_value().strip().lower().startswith("smtp+plain:"):
        yield warn(
            "The mail server lets us in, without TLS. No mail was sent.",
            "Right in a network that you trust; else use smtp:// or smtps://.",
        )
    else:
        yield ok("The mail server lets us in. No mail was sent.")
