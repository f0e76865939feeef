"""Is what is in the store what was sealed?"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.doctor.finding import CannotTell, Finding, fail, ok, warn
from auditor.doctor.subject import Subject
from auditor.stores.opening import open_store
from auditor.trail.errors import TrailError
from auditor.trail.verify import verify


def check(subject: Subject) -> Iterator[Finding]:
    """Check all of it, as ``sentinel-ops verify`` does."""
    settings = subject.settings
    if subject.store_closed:
        raise CannotTell(f"The store was not opened: {subject.store_closed}")
    with open_store(settings, create=False) as store:
        chains = [each for each in store.chains() if each.head.position]
        for chain in chains:
            try:
                found = verify(store, chain.chain)
            except TrailError as error:
                yield fail(f"{chain.database}: {error.message}", error.remedy, chain=chain.chain)
                continue
            yield ok(
                f"{chain.database}: all up to position {found.head.position:,} is what was sealed.",
                chain=chain.chain,
                position=str(found.head.position),
                seal=found.head.seal,
            )
    if not chains:
        yield warn("The store is empty: there is nothing to check.", "sentinel-ops pull fills it.")
