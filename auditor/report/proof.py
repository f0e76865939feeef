"""Whether what the report is made of is what was sealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.trail.errors import TrailError

if TYPE_CHECKING:
    from auditor.stores.interface import TrailStore


@dataclass(frozen=True)
class Proof:
    """What a check of one chain in the store said.

    :param good: None when nothing was checked.
    :param error: what broke, when ``good`` is False.
    :param limits: of what only the seal could be checked, in words; "" when of nothing.
    """

    good: bool | None
    message: str
    error: TrailError | None = None
    limits: str = ""


NOT_CHECKED = Proof(None, "Not checked: nobody asked for it.")


def prove(store: TrailStore, chain: str) -> Proof:
    """Check the whole chain in the store, not only the period.

    :raises StoreError: the store can't be read.
    """
    from auditor.trail.verify import verify

    try:
        verified = verify(store, chain)
    except TrailError as error:
        return Proof(False, error.message, error)
    if not verified.head.position:
        return Proof(None, "Not checked: nothing is stored of this chain.")
    first = verified.start.position + 1
    limits = []
    if withheld := sum(verified.withheld.values()):
        limits.append(f"{withheld:,} entries came without content")
    if verified.erased:
        limits.append(f"{verified.erased:,} lines were erased")
    if verified.unproven:
        limits.append(f"{verified.unproven:,} lines belong to runs that were erased")
    return Proof(
        True,
        f"Checked: every seal, digest and line from position {first:,} to "
        f"{verified.head.position:,} is what was sealed.",
        limits=", ".join(limits),
    )
