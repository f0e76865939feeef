"""Hold back what another alert already explains.

Only what people hear of explains anything, and nothing that is more urgent than itself. What is
over always passes: who was told that it began is told that it ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.alerts.flow import Flow, Held, Withheld
from auditor.alerts.kinds import RANK
from auditor.alerts.notification import Status
from auditor.alerts.stages.group import routes_of

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
                and RANK[source.severity] <= RANK[alert.severity]
                and _equal(rule, source, alert)
                and _heard(source, flow)
            ):
                return source
    return None


def _equal(rule: Inhibit, source: Alert, target: Alert) -> bool:
    return all(
        getattr(source, name) == getattr(target, name) or _of_all(source, name)
        for name in rule.equal
    )


def _of_all(source: Alert, name: str) -> bool:
    """Whether ``source`` stands for all jobs, companies, runs, modes."""
    # A job of which only the name is known is one of them, nobody can say which.
    return not getattr(source, name) and not (name == "job" and source.job_name)


def _heard(source: Alert, flow: Flow) -> bool:
    return any(route.channels for route in routes_of(source, flow.rules, flow.channels))
