"""Send messages so that two auditors on one store never send the same one.

A claim is written before the message leaves, and what was told after it arrived. Who dies in
between leaves a claim that runs out; then the message is sent again, and says that it may be a
repetition.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from auditor.alerts.channels.interface import NotSent
from auditor.alerts.flow import Withheld
from auditor.alerts.state import TOLD, TOLDS, AlertStore, Change, Told, told_key
from auditor.redact import redact

if TYPE_CHECKING:
    from auditor.alerts.channels.interface import Channel
    from auditor.alerts.notification import Notification

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""Longer than the slowest channel tries one message."""
PAUSE = timedelta(minutes=15)
"""After a failure that only another configuration mends."""
DOUBTS = (timedelta(minutes=1), timedelta(minutes=5), PAUSE)
"""After a message that may have arrived: the first, the second, and every further time in a row."""


class Delivery(NamedTuple):
    """What became of a message."""

    sent: bool
    why: Withheld | None = None
    because: str = ""


def trying_since(told: Told | None, now: datetime) -> datetime:
    """Return when the message was first sent that is sent now, or may have been sent before."""
    return (told.trying_since if told is not None and told.telling else None) or now


class Post:
    """Claims, sends, notes.

    :param versions: of what channels were told, by key, as they were read.
    :param owner: what tells this auditor from others.
    """

    def __init__(
        self,
        store: AlertStore,
        instance: str,
        channels: Mapping[str, Channel],
        versions: Mapping[str, int],
        *,
        owner: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._instance = instance
        self._channels = channels
        self._versions = versions
        self._owner = owner
        self._clock = clock

    def deliver(
        self, message: Notification, channel: str, before: Told | None, after: Told | None
    ) -> Delivery:
        """Send ``message`` unless somebody else does; a channel's failure is no exception.

        :param after: what the channel knows then, None when nothing of it need be remembered.
        :raises StoreError: the claim can't be written; nothing was sent.
        """
        key = told_key(message.group, channel)
        version = self._versions.get(key, 0)
        claim = replace(
            before or Told(message.group, channel),
            telling=tuple(alert.key for alert in message.alerts),
            trying_since=trying_since(before, message.at),
            owner=self._owner,
            lease=self._clock() + LEASE,
        )
        if not self._write(key, version, claim):
            return Delivery(False, Withheld.CLAIMED, "another auditor was faster")
        try:
            receipt = self._channels[channel].send(message, receipt=claim.receipt)
        except NotSent as error:
            return self._failed(key, version + 1, before, claim, error)
        except Exception as error:
            broken = NotSent(
                f"A bug in the channel {channel}: {type(error).__name__}.",
                passing=False,
                unsure=True,
            )
            logger.debug("a channel broke", exc_info=error)
            return self._failed(key, version + 1, before, claim, broken)
        if after is not None:
            after = replace(after, receipt=receipt or after.receipt)
        if not self._write(key, version + 1, after):
            logger.warning(
                "sent, and the claim had run out meanwhile: it may be sent twice",
                extra={"channel": channel, "group": message.group},
            )
        logger.info(
            "alert sent",
            extra={"channel": channel, "group": message.group, "reason": message.reason.value},
        )
        return Delivery(True)

    def _failed(
        self, key: str, version: int, before: Told | None, claim: Told, error: NotSent
    ) -> Delivery:
        because = redact(error.message)
        logger.warning(
            "alert not sent",
            extra={"channel": claim.channel, "because": because, "remedy": redact(error.remedy)},
        )
        # What an earlier attempt may have told stays in doubt, whatever became of this one.
        doubt = claim.telling if error.unsure else before.telling if before else ()
        doubts = claim.doubts + error.unsure
        pause = None if error.passing else PAUSE
        if error.passing and error.unsure:
            pause = DOUBTS[min(doubts, len(DOUBTS)) - 1]
        released = replace(
            claim,
            telling=doubt,
            doubts=doubts,
            owner="",
            lease=None,
            retry_at=None if pause is None else self._clock() + pause,
            failure=because,
        )
        self._write(key, version, released)
        return Delivery(False, Withheld.FAILED, because)

    def _write(self, key: str, version: int, document: Told | None) -> bool:
        text = None if document is None else TOLDS.write(document)
        return self._store.write(self._instance, [Change(TOLD, key, version, text)])
