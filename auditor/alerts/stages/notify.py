"""Send what is left, one message for each group and channel."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.alerts.flow import Decision, Flow, Withheld, urgent_first
from auditor.alerts.kinds import KINDS, RANK
from auditor.alerts.notification import Notification, Reason, Status
from auditor.alerts.post import Delivery, trying_since
from auditor.alerts.state import Told, told_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from auditor.alerts.flow import Bundle
    from auditor.alerts.notification import Alert


def notify(flow: Flow) -> Flow:
    """Return the flow with what became of every message."""
    decisions = list(flow.decisions)
    for bundle in flow.bundles:
        message = notification(bundle, flow)
        delivery = Delivery(False, Withheld.NOT_SENT, "this command sends nothing")
        if flow.post is not None:
            before = flow.tolds.get(told_key(bundle.group, bundle.channel))
            after = _after(bundle, before, flow)
            delivery = flow.post.deliver(message, bundle.channel, before, after)
        decisions.append(
            Decision(
                bundle.group,
                bundle.channel,
                bundle.reason,
                delivery.sent,
                delivery.why,
                delivery.because,
                message,
            )
        )
    return replace(flow, bundles=(), decisions=tuple(decisions))


def notification(bundle: Bundle, flow: Flow) -> Notification:
    """Return the message of a bundle, within the size that the rules allow."""
    alerts = sorted(bundle.alerts, key=lambda alert: _place(alert, bundle))
    firing = [alert for alert in alerts if alert.status is Status.FIRING]
    most = flow.rules.message.alerts
    told = flow.tolds.get(told_key(bundle.group, bundle.channel))
    return Notification(
        group=bundle.group,
        status=Status.RESOLVED if bundle.over else Status.FIRING,
        severity=min((a.severity for a in firing or alerts), key=RANK.__getitem__),
        reason=bundle.reason,
        instance=flow.rules.name or flow.instance,
        environment=flow.environment,
        title=title(firing or alerts),
        alerts=tuple(_marked(alert, bundle) for alert in alerts[:most]),
        at=flow.now,
        id=_identity(bundle, trying_since(told, flow.now), flow.began),
        hidden=max(len(alerts) - most, 0),
        repeated=bundle.reason is Reason.UNSURE,
    )


def _identity(bundle: Bundle, since: datetime, began: Mapping[str, datetime]) -> str:
    """Return what only a message that says the same in the same doubt has in common with it."""
    said = sorted(
        f"{each.key} {each.status.value} {each.severity.value} {began.get(each.key, each.since)}"
        for each in bundle.alerts
    )
    return hashlib.sha256("\n".join((bundle.group, since.isoformat(), *said)).encode()).hexdigest()


def title(alerts: list[Alert]) -> str:
    """Return a few words about alerts: what they are, and of which job."""
    kinds = {alert.kind for alert in alerts}
    first = alerts[0]
    if len(kinds) > 1:
        return f"{len(alerts)} alerts"
    if len(alerts) > 1:
        return f"{len(alerts)} {KINDS[first.kind].titles}"
    name = first.job_name or first.job
    return f"{KINDS[first.kind].title}: {name}" if name else KINDS[first.kind].title


def _place(alert: Alert, bundle: Bundle) -> tuple[object, ...]:
    """The most urgent first, and of those what is new."""
    over, rank, since, key = urgent_first(alert)
    return over, rank, alert.key not in bundle.fresh, since, key


def _marked(alert: Alert, bundle: Bundle) -> Alert:
    """Say what is new in a message that also tells of what is known."""
    if bundle.reason is Reason.NEW_ALERTS and alert.key in bundle.fresh and not alert.changed:
        return replace(alert, changed="new")
    return alert


def _after(bundle: Bundle, before: Told | None, flow: Flow) -> Told | None:
    """What the channel will have been told; None when all of it is over and nothing is kept."""
    if bundle.over:
        return None
    kept = dict(before.alerts) if before else {}
    for alert in bundle.alerts:
        if alert.status is Status.FIRING:
            kept[alert.key] = alert.severity
        else:
            kept.pop(alert.key, None)
    return Told(
        bundle.group,
        bundle.channel,
        kept,
        flow.now,
        before.receipt if before else "",
    )
