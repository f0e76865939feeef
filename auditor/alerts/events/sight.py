"""Whether the auditor sees at all.

Odoo unreachable, auditor blind and chain broken are three things. What could not be looked at is
unknown: it neither fires nor ends anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from auditor.alerts.events.facts import Facts, key
from auditor.alerts.judging import Observation
from auditor.alerts.kinds import AUDITOR_BLIND, CHAIN_BROKEN, ODOO_UNREACHABLE
from auditor.odoo.errors import OdooError, ServerFault, Unreachable
from auditor.stores.interface import StoreError
from auditor.trail.errors import TrailError

if TYPE_CHECKING:
    from auditor.errors import AuditorError

KINDS = (ODOO_UNREACHABLE, AUDITOR_BLIND, CHAIN_BROKEN)
_ENDINGS = {
    ODOO_UNREACHABLE: "Odoo answers again.",
    AUDITOR_BLIND: "The auditor sees again.",
    CHAIN_BROKEN: "The trail goes on as it was sealed.",
}


def kind_of(trouble: AuditorError) -> str:
    """Return which of the three it is, ``""`` when it is none, such as a store in use."""
    if isinstance(trouble, Unreachable | ServerFault):
        return ODOO_UNREACHABLE
    if isinstance(trouble, TrailError):
        return CHAIN_BROKEN
    if isinstance(trouble, StoreError) and trouble.passing:
        return ""
    return AUDITOR_BLIND


def healthy(trouble: AuditorError | None) -> frozenset[str]:
    """Return which of the three are surely well, after a pull that ended with ``trouble``."""
    if trouble is None:
        return frozenset(KINDS)
    if isinstance(trouble, TrailError):
        return frozenset((ODOO_UNREACHABLE, AUDITOR_BLIND))
    if isinstance(trouble, OdooError) and not isinstance(trouble, Unreachable | ServerFault):
        return frozenset((ODOO_UNREACHABLE,))
    return frozenset()


def observe(
    troubles: Sequence[AuditorError], well: Iterable[str], facts: Facts
) -> list[Observation]:
    """Return what is known of the auditor's own sight.

    :param troubles: what went wrong in the pull, in asking for the schedules, in the settings.
    :param well: which of the three were found well, and in none of ``troubles``.
    """
    seen: dict[str, list[AuditorError]] = {}
    for trouble in troubles:
        kind = kind_of(trouble)
        if kind:
            seen.setdefault(kind, []).append(trouble)
    return [
        *(_observation(kind, each, facts) for kind, each in seen.items()),
        *(
            Observation(key(kind), facts.now, None, _ENDINGS[kind])
            for kind in KINDS
            if kind in well and kind not in seen
        ),
    ]


def _observation(kind: str, troubles: Sequence[AuditorError], facts: Facts) -> Observation:
    place = key(kind)
    trouble, *others = troubles
    alert = facts.alert(
        kind,
        trouble.message,
        key=place,
        since=facts.now,
        details=(
            ("What to do", trouble.remedy),
            *(
                (name.capitalize(), str(trouble.details[name]))
                for name in ("position", "break")
                if trouble.details.get(name)
            ),
            *(("Besides", f"{each.message} {each.remedy}".strip()) for each in others),
        ),
    )
    return Observation(place, facts.now, alert)
