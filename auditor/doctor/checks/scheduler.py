"""Will Odoo work on what is asked of it?"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.doctor.finding import Finding, fail, ok, warn
from auditor.doctor.subject import Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Pass on what Odoo itself finds."""
    health = subject.known_health
    for problem in health.problems:
        yield fail(problem.message, problem.remedy, code=problem.code)
    for notice in health.notices:
        yield warn(notice.message, notice.remedy, code=notice.code)
    if not health.problems:
        yield ok(
            f"Odoo works on requests: {health.queued} queued, {health.running} running.",
            queued=health.queued,
            running=health.running,
        )
