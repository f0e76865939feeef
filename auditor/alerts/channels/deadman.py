"""The dead-man switch: a ping that tells somebody else's clock that the auditor lives.

Nothing here can report that this very program, its machine or its network is gone. A service such
as Healthchecks can: it expects a request every so often, and tells people when none comes.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from auditor.alerts.channels.interface import NotSent

if TYPE_CHECKING:
    from auditor.settings import Settings

logger = logging.getLogger(__name__)

TIMEOUT = 5.0
"""Seconds; a round is not held up by whoever listens."""


def ping(settings: Settings, *, timeout: float = TIMEOUT) -> bool:
    """Ask for ``DEADMAN_URL`` once, and return whether it was answered well.

    Called after a round that saw Odoo and the store, never after another. A ping that fails is a
    warning in the log and nothing worse: the next round pings again, and when none gets through,
    telling people is just what the other side is there for.

    :param timeout: seconds.
    :raises BadInput: the setting is no web address.
    """
    if settings.deadman_url is None:
        return False
    from auditor.alerts.channels.addresses import secret_address
    from auditor.alerts.channels.asking import Request, ask

    url = secret_address(
        settings.deadman_url.get_secret_value(), "DEADMAN_URL", "https://hc-ping.com/<uuid>"
    )
    try:
        ask(Request("GET", url, "The dead-man switch", "DEADMAN_URL", timeout))
    except NotSent as error:
        logger.warning(
            "the dead-man switch was not pinged",
            extra={"because": error.message, "remedy": error.remedy},
        )
        return False
    return True
