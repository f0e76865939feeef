"""May this user look, and may it pull the trail?"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.doctor.finding import Finding, ok, warn
from auditor.doctor.subject import Subject
from auditor.odoo.errors import Refused


def check(subject: Subject) -> Iterator[Finding]:
    """Read the catalogue, and an empty page of the trail.

    Whether a user may trigger, approve or stop can be found out only by doing it, so it is not.
    """
    health = subject.known_health
    jobs = subject.client.catalog().jobs
    if jobs:
        yield ok(f"We may look: {len(jobs)} jobs are offered.", jobs=len(jobs))
    else:
        yield warn(
            "We may look, and no job is offered to this user.",
            "Are there jobs in the companies of this user?",
        )
    try:
        subject.client.export_runs(after=int(health.head or 0), limit=1)
    except Refused as error:
        yield warn(
            f"We may not pull the trail: {error.message}",
            "If this account is to pull, give it Sentinel's group auditor.",
        )
    else:
        yield ok("We may pull the trail.")
