"""When the dead-man switch is told that all is watched, and when it is not."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from auditor.alerts import kinds
from auditor.alerts.events import sight
from auditor.alerts.flow import Withheld
from auditor.errors import AuditorError, BadInput
from auditor.redact import redact

if TYPE_CHECKING:
    from auditor.alerts.flow import Decision
    from auditor.settings import Settings

logger = logging.getLogger(__name__)


def ping_if_well(
    settings: Settings,
    troubles: Sequence[AuditorError],
    problems: Sequence[AuditorError],
    decisions: Sequence[Decision] = (),
    *,
    seen: bool,
) -> bool:
    """Tell the dead-man switch that all is watched: Odoo and the store seen, people reachable.

    A message that no channel takes keeps the ping back: it is the last way to reach anybody.

    :param seen: whether there were a client and a store at all.
    """
    blind = {kinds.ODOO_UNREACHABLE, kinds.AUDITOR_BLIND}
    if (
        settings.deadman_url is None
        or not seen
        or any(sight.kind_of(each) in blind or sight.away(each) for each in troubles)
        or any(isinstance(each, BadInput) for each in problems)
        or _undelivered(decisions)
    ):
        return False
    from auditor.alerts.channels.deadman import ping

    try:
        return ping(settings)
    except BadInput as error:
        logger.error(  # noqa: TRY400
            "the dead-man switch was not pinged",
            extra={"because": redact(error.message), "remedy": error.remedy},
        )
        return False


def _undelivered(decisions: Sequence[Decision]) -> bool:
    failed = {each.group for each in decisions if each.why in (Withheld.FAILED, Withheld.PAUSED)}
    reached = {each.group for each in decisions if each.sent}
    return bool(failed - reached)
