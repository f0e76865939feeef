"""Whether the auditor sees at all.

Odoo unreachable, auditor blind and chain broken are three things. What could not be looked at is
unknown: it neither fires nor ends anything. A store that is out of reach for a moment is no
trouble; one that stays so makes the auditor blind as well.
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

STORE = key(AUDITOR_BLIND, "store")
"""A store that is out of reach, or in use, again and again."""
PATIENCE = 5
"""Rounds in a row in which it was before that counts."""
KINDS = (ODOO_UNREACHABLE, AUDITOR_BLIND, CHAIN_BROKEN)
_ENDINGS = {
    ODOO_UNREACHABLE: "Odoo answers again.",
    AUDITOR_BLIND: "The auditor sees again.",
    STORE: "The store can be used again.",
    CHAIN_BROKEN: "The trail goes on as it was sealed.",
}
_ALONE = "this process alone, so others may tell of it too, and it once more when started again"


def kind_of(trouble: AuditorError) -> str:
    """Return which of the three it is, ``""`` when it is none, such as a store in use."""
    if isinstance(trouble, Unreachable | ServerFault):
        return ODOO_UNREACHABLE
    if isinstance(trouble, TrailError):
        return CHAIN_BROKEN
    if away(trouble):
        return ""
    return AUDITOR_BLIND


def away(trouble: AuditorError) -> bool:
    """Whether it is a store that may be within reach again in a while."""
    return isinstance(trouble, StoreError) and trouble.passing


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
    troubles: Sequence[AuditorError], well: Iterable[str], facts: Facts, *, lasting: bool
) -> list[Observation]:
    """Return what is known of the auditor's own sight.

    :param troubles: what went wrong in the pull, in asking for the schedules, in the settings.
    :param well: which of the three, and of :data:`STORE`, were found well.
    :param lasting: whether it is remembered in a store; otherwise people are told that it is not.
    """
    seen: dict[str, list[AuditorError]] = {}
    for trouble in troubles:
        kind = kind_of(trouble)
        if kind or away(trouble):
            seen.setdefault(kind or STORE, []).append(trouble)
    return [
        *(_observation(place, each, facts, lasting=lasting) for place, each in seen.items()),
        *(
            Observation(place, facts.now, None, ending)
            for place, ending in _ENDINGS.items()
            if place in well and place not in seen
        ),
    ]


def _observation(
    place: str, troubles: Sequence[AuditorError], facts: Facts, *, lasting: bool
) -> Observation:
    kind = AUDITOR_BLIND if place == STORE else place
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
            ("Remembered by", "" if lasting else _ALONE),
        ),
    )
    return Observation(place, facts.now, alert, least=PATIENCE if place == STORE else 1)
