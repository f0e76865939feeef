"""Hold back what another alert already explains.

What is over always passes: who was told that it began is told that it ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.alerts.flow import Flow, Held, Withheld
from auditor.alerts.notification import Status

if TYPE_CHECKING:
    from auditor.alerts.notification import Alert
    from auditor.alerts.rules import Inhibit


def inhibit(flow: Flow) -> Flow:
    """Return the flow without what is explained by something else that fires."""
    held = {}
    for alert in flow.alerts:
        source = _source(alert, flow)
        if source is not None:
            held[alert.key] = Held(alert, Withheld.INHIBITED, f"explained by {source.summary}")
    return flow.hold(held)


def _source(alert: Alert, flow: Flow) -> Alert | None:
    if alert.status is not Status.FIRING:
        return None
    for rule in flow.rules.inhibitions():
        if alert.kind not in rule.target:
            continue
        for source in flow.firing:
            if (
                source.kind in rule.source
                and source.key != alert.key
                and _equal(rule, source, alert)
            ):
                return source
    return None


def _equal(rule: Inhibit, source: Alert, target: Alert) -> bool:
    return all(getattr(source, name) in ("", getattr(target, name)) for name in rule.equal)
