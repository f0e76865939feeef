"""How far is the store behind Odoo?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor.doctor.finding import CannotTell, Finding, fail, ok, warn
from auditor.doctor.subject import Subject
from auditor.stores.opening import open_store


def check(subject: Subject) -> Iterator[Finding]:
    """Compare where the chain ends, here and there."""
    settings = subject.settings
    if subject.store_closed:
        raise CannotTell(f"The store was not opened: {subject.store_closed}")
    health = subject.known_health
    there = int(health.head or 0)
    with open_store(settings, create=False) as store:
        known = {each.chain: each for each in store.chains()}
    stored = known.get(health.chain)
    if stored is None and not there:
        yield ok("Nothing has been sealed in Odoo yet, so there is nothing to pull.")
        return
    if stored is None:
        others = ", ".join(sorted(each.database for each in known.values()))
        yield warn(
            "The store has nothing of the chain that Odoo has now"
            + (f", only of {others}." if others else "."),
            "sentinel-ops pull copies it. If it was pulled before, the database was replaced or "
            "neutralized since.",
        )
        return
    behind = there - stored.head.position
    details: dict[str, Any] = {
        "behind": behind,
        "stored": str(stored.head.position),
        "odoo": str(there),
    }
    if behind < 0:
        yield fail(
            f"The chain in Odoo ends at position {there:,}, the store has it up to "
            f"{stored.head.position:,}.",
            "The database was restored from an older copy: keep this store, pull into a new one.",
            **details,
        )
    elif behind:
        yield warn(
            f"{behind:,} entries are not pulled yet; the last pull was at {stored.pulled_at} UTC.",
            "sentinel-ops pull, or sentinel-ops pull --follow.",
            **details,
        )
    else:
        yield ok(
            f"The store has all of it; the last pull was at {stored.pulled_at} UTC.", **details
        )
