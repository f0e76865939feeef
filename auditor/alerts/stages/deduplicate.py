"""Decide for each group and channel whether there is anything to say, and name the reason.

The decision is :func:`reason`, a truth table; what it is made of is gathered around it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from auditor.alerts.flow import Bundle, Decision, Flow, Withheld
from auditor.alerts.kinds import RANK
from auditor.alerts.notification import Reason, Status
from auditor.alerts.state import Told, told_key

if TYPE_CHECKING:
    from auditor.alerts.notification import Alert

SILENT = frozenset({Reason.NOTHING_NEW, Reason.NEVER_TOLD})
"""Reasons not to send."""
_MAY_WAIT = frozenset({Reason.NEW_ALERTS, Reason.SOME_RESOLVED})


@dataclass(frozen=True)
class Case:
    """What the decision hangs on.

    :param unsure: a message about the group may have arrived, and nobody noted it.
    :param told: the channel knows of trouble in the group that it was not told the end of.
    :param new: something fires that the channel was not told of.
    :param worse: something that it was told of is more severe by now.
    :param resolved: something that it was told of, or may have been, is over.
    :param left: something that it was told of, or is to be told of now, still fires.
    :param due: it is time for a reminder.
    :param untold: something is over that the channel was never told of.
    """

    unsure: bool
    told: bool
    new: bool
    worse: bool
    resolved: bool
    left: bool
    due: bool
    untold: bool


def reason(case: Case) -> Reason:
    """Return why to send, or why not; the first line that fits."""
    sure = _sure_reason(case)
    return Reason.UNSURE if case.unsure and sure not in SILENT else sure


def _sure_reason(case: Case) -> Reason:
    if case.new:
        return Reason.NEW_ALERTS if case.told else Reason.FIRST
    if case.worse:
        return Reason.MORE_SEVERE
    if case.resolved:
        return Reason.SOME_RESOLVED if case.left else Reason.ALL_RESOLVED
    if case.due and case.told and case.left:
        return Reason.REMINDER
    if case.untold and not case.told:
        return Reason.NEVER_TOLD
    return Reason.NOTHING_NEW


def deduplicate(flow: Flow) -> Flow:
    """Return the flow with the messages that are to be sent; the others are decided."""
    bundles, decisions = [], list(flow.decisions)
    for bundle in flow.bundles:
        told = flow.tolds.get(told_key(bundle.group, bundle.channel))
        decided = _decide(bundle, told or Told(bundle.group, bundle.channel), flow)
        if isinstance(decided, Bundle):
            bundles.append(decided)
        else:
            decisions.append(decided)
    return replace(flow, bundles=tuple(bundles), decisions=tuple(decisions))


def _decide(bundle: Bundle, told: Told, flow: Flow) -> Bundle | Decision:
    firing = [alert for alert in bundle.alerts if alert.status is Status.FIRING]
    known = told.alerts.keys() | set(told.telling)
    over = [a for a in bundle.alerts if a.status is Status.RESOLVED]
    ended = [alert for alert in over if alert.key in known]
    fresh = frozenset(alert.key for alert in firing if alert.key not in told.alerts)
    # Held back or sent elsewhere, what the channel was told of still fires all the same.
    everywhere = {alert.key for alert in flow.firing}
    case = Case(
        unsure=bool(told.telling) and not _claimed(told, flow),
        told=bool(told.alerts),
        new=bool(fresh),
        worse=any(_worse(alert, told) for alert in firing),
        resolved=bool(ended),
        left=bool(firing) or bool(told.alerts.keys() & everywhere),
        due=_due(firing, told, flow),
        untold=len(ended) < len(over),
    )
    why = reason(case)
    made = replace(
        bundle,
        alerts=(*firing, *ended),
        reason=why,
        fresh=fresh,
        over=not case.left,
    )
    if why in SILENT:
        return Decision(bundle.group, bundle.channel, why, sent=False)
    held = _held(made, told, flow)
    if held is None:
        return made
    because, text = held
    return Decision(bundle.group, bundle.channel, why, sent=False, why=because, because=text)


def _worse(alert: Alert, told: Told) -> bool:
    before = told.alerts.get(alert.key)
    return before is not None and RANK[alert.severity] < RANK[before]


def _due(firing: list[Alert], told: Told, flow: Flow) -> bool:
    if not firing or told.at is None:
        return False
    after = min(flow.rules.reminders.after(alert.severity) for alert in firing)
    return flow.now - told.at >= after


def _claimed(told: Told, flow: Flow) -> bool:
    return bool(told.owner) and told.lease is not None and told.lease > flow.now


def _held(bundle: Bundle, told: Told, flow: Flow) -> tuple[Withheld, str] | None:
    if _claimed(told, flow):
        return Withheld.CLAIMED, "another auditor is sending it"
    if told.retry_at is not None and flow.now < told.retry_at:
        return Withheld.PAUSED, f"{told.failure} Tried again at {told.retry_at:%H:%M} UTC."
    if bundle.reason is Reason.FIRST and flow.rules.group_wait:
        began = min(flow.began.get(key, flow.now) for key in bundle.fresh)
        if flow.now - began < flow.rules.group_wait:
            return Withheld.WAITING, "for others to join it (group_wait)"
    if (
        bundle.reason in _MAY_WAIT
        and told.at is not None
        and flow.now - told.at < flow.rules.group_interval
    ):
        return Withheld.WAITING, "for others to join it (group_interval)"
    return None
