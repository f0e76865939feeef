"""Is somebody there who would notice that nobody pulls any more?"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.doctor.finding import Finding, unused
from auditor.doctor.subject import Subject
from auditor.doctor.web import reachable


def check(subject: Subject) -> Iterator[Finding]:
    """Connect, and ask for nothing: that would count as a sign of life."""
    url = subject.settings.deadman_url
    if url is None:
        yield unused("Nobody outside is told that the auditor lives (DEADMAN_URL).")
    else:
        yield from reachable("DEADMAN_URL", url.get_secret_value())
