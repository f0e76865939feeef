"""What goes through the stages: alerts in, messages and what was held back out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from auditor.alerts.kinds import RANK
from auditor.alerts.notification import Alert, Notification, Reason, Status
from auditor.alerts.rules import Rules
from auditor.alerts.state import Silence, Told

if TYPE_CHECKING:
    from auditor.alerts.post import Post


class Withheld(str, Enum):
    """Why an alert, or a message, waits. What waits is looked at again in every round."""

    INHIBITED = "inhibited"
    MUTED = "muted"
    SILENCED = "silenced"
    NOT_ROUTED = "not_routed"
    WAITING = "waiting"
    """For others to join it: see ``group_wait`` and ``group_interval``."""
    CLAIMED = "claimed"
    """Another auditor is sending it."""
    FAILED = "failed"
    """The channel did not take it; it is tried again."""
    PAUSED = "paused"
    """The channel failed for good a moment ago."""
    NOT_SENT = "not_sent"
    """Nothing was to be sent this time, only to be said what would be."""


@dataclass(frozen=True)
class Held:
    """An alert that a stage held back, and what of."""

    alert: Alert
    why: Withheld
    because: str


@dataclass(frozen=True)
class Bundle:
    """Alerts of one group for one channel.

    :param reason: why it is sent or not; the stage that deduplicates finds it.
    :param fresh: keys of alerts that this message tells of for the first time.
    :param over: whether nothing of the group is left that the channel was told of and still fires.
    """

    group: str
    channel: str
    alerts: tuple[Alert, ...]
    reason: Reason = Reason.NOTHING_NEW
    fresh: frozenset[str] = frozenset()
    over: bool = False


@dataclass(frozen=True)
class Decision:
    """What became of one message.

    :param sent: it was sent, and the store knows.
    :param why: None when it was sent, or when there was nothing to send.
    """

    group: str
    channel: str
    reason: Reason
    sent: bool
    why: Withheld | None = None
    because: str = ""
    notification: Notification | None = None


@dataclass(frozen=True)
class Flow:
    """Everything that a stage may look at; each gives a new one to the next.

    :param firing: alerts that fire, held back or not: what inhibits goes by it.
    :param began: by key, when the auditor first counted them as firing.
    :param alerts: what is left to tell, fired or over.
    :param post: by which messages leave; None only says what would be sent.
    """

    now: datetime
    rules: Rules
    instance: str
    environment: str
    channels: tuple[str, ...]
    silences: tuple[Silence, ...]
    tolds: Mapping[str, Told]
    firing: tuple[Alert, ...]
    began: Mapping[str, datetime]
    alerts: tuple[Alert, ...]
    post: Post | None = None
    held: tuple[Held, ...] = ()
    bundles: tuple[Bundle, ...] = ()
    decisions: tuple[Decision, ...] = ()

    def hold(self, held: Mapping[str, Held]) -> Flow:
        """Return the flow without the alerts of these keys."""
        return replace(
            self,
            alerts=tuple(alert for alert in self.alerts if alert.key not in held),
            held=(*self.held, *held.values()),
        )


Stage = Callable[[Flow], Flow]
"""Every stage looks like this."""


def urgent_first(alert: Alert) -> tuple[int, int, datetime, str]:
    """Sorts alerts for people: what fires, the most urgent, the oldest."""
    return (alert.status is Status.RESOLVED, RANK[alert.severity], alert.since, alert.key)
