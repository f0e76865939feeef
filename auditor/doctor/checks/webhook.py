"""Is somebody there to take alerts as JSON?"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.doctor.finding import Finding, unused
from auditor.doctor.subject import Subject
from auditor.doctor.web import reachable


def check(subject: Subject) -> Iterator[Finding]:
    """Connect, and post nothing."""
    url = subject.settings.alert_webhook_url
    if url is None:
        yield unused("No alerts go to a webhook.")
    else:
        yield from reachable("ALERT_WEBHOOK_URL", url.get_secret_value())
