"""How often and how long a channel tries before it leaves the message to the next round.

slack-sdk brings retry handlers of its own, and urllib3 too. Neither serves here: a handler cannot
change the message that it sends again, and one that may have arrived must say so the second time;
slack-sdk's obey any ``Retry-After``, fall over one that is a date, and leave out 502 and 504.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from auditor.alerts.channels.interface import NotSent

if TYPE_CHECKING:
    from auditor.alerts.notification import Notification

_T = TypeVar("_T")
logger = logging.getLogger(__name__)


class Setback(NotSent):
    """A failure that another try may mend, perhaps at once.

    :param soon: trying again within seconds makes sense; after a time-out it would only add load.
    :param wait: seconds that the other side asks for, None when it says nothing.
    """

    def __init__(
        self,
        message: str,
        remedy: str = "",
        *,
        unsure: bool = False,
        soon: bool = True,
        wait: float | None = None,
    ) -> None:
        super().__init__(message, remedy, passing=True, unsure=unsure)
        self.soon = soon
        self.wait = wait


@dataclass(frozen=True)
class Patience:
    """The bounds of one sending.

    :param attempts: how often, at most.
    :param timeout: seconds without an answer that end one of them.
    :param first_pause: seconds before the second one, twice as long before each further one.
    :param longest_pause: seconds; who asks to wait longer is asked again in the next round, not
        sooner than they like.
    :param sleep: how to wait.
    """

    attempts: int = 3
    timeout: float = 10.0
    first_pause: float = 0.5
    longest_pause: float = 15.0
    sleep: Callable[[float], None] = time.sleep


def persist(
    send: Callable[[Notification], _T], notification: Notification, patience: Patience
) -> _T:
    """Send until it works, and mark the message as repeated once it may have arrived.

    :raises NotSent: the last failure; unsure when any of the tries was.
    """
    pause, unsure = patience.first_pause, False
    for attempt in range(1, patience.attempts + 1):
        try:
            return send(notification)
        except NotSent as error:
            unsure = unsure or error.unsure
            wait = _pause_before_next(error, pause, patience)
            if wait is None or attempt == patience.attempts:
                error.unsure = unsure
                raise
            logger.info("sending again", extra={"attempt": attempt, "because": error.message})
        if unsure:
            notification = replace(notification, repeated=True)
        patience.sleep(wait)
        pause *= 2
    raise AssertionError("the last attempt returns or raises")


def _pause_before_next(error: NotSent, pause: float, patience: Patience) -> float | None:
    if not isinstance(error, Setback) or not error.soon:
        return None
    if error.wait is None:
        return min(pause * random.uniform(0.75, 1.25), patience.longest_pause)  # noqa: S311
    return error.wait if error.wait <= patience.longest_pause else None


def retry_after(value: str | None) -> float | None:
    """Return the seconds of a ``Retry-After`` header, None when it names none (RFC 9110, 10.2.3).

    Its other form, a date, depends on two clocks that agree; the usual pause does as well.
    """
    if value is None or not value.strip().isdecimal():
        return None
    return float(min(int(value.strip()[:9]), 10**9))
