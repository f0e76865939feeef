"""Is the addon installed, and does it speak as this auditor does?"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.doctor.finding import Finding, fail, ok, warn
from auditor.doctor.subject import Subject
from auditor.odoo.errors import OdooError


def check(subject: Subject) -> Iterator[Finding]:
    """Ask it how it is."""
    try:
        health = subject.health()
    except OdooError as error:
        yield fail(error.message, error.remedy)
        return
    told = f"Addon {health.addon_version}, contract {health.contract}, chain {health.chain}"
    if health.neutralized:
        yield warn(
            f"{told}, in a neutralized copy of a database, where jobs are switched off.",
            "Point ODOO_DB at the original.",
        )
    else:
        yield ok(f"{told}.", chain=health.chain, addon=health.addon_version)
