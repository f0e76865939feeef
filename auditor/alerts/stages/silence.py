"""Hold back what somebody does not want to hear of until a given moment."""

from __future__ import annotations

from auditor.alerts.flow import Flow, Held, Withheld
from auditor.alerts.notification import Status


def silence(flow: Flow) -> Flow:
    """Return the flow without what is silenced right now; what is over passes."""
    held = {}
    for alert in flow.alerts:
        found = next((each for each in flow.silences if each.covers(alert, flow.now)), None)
        if found is not None and alert.status is Status.FIRING:
            held[alert.key] = Held(
                alert,
                Withheld.SILENCED,
                f"silenced by {found.author} until {found.ends:%Y-%m-%d %H:%M} UTC: "
                f"{found.comment}",
            )
    return flow.hold(held)
