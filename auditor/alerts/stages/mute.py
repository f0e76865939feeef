"""Hold back what may wait until a time of the week is over."""

from __future__ import annotations

from auditor.alerts.flow import Flow, Held, Withheld
from auditor.alerts.notification import Status


def mute(flow: Flow) -> Flow:
    """Return the flow without what the rules mute right now; what is over passes."""
    windows = [window for window in flow.rules.mutes if window.covers(flow.now)]
    held = {}
    for alert in flow.alerts:
        window = next((each for each in windows if each.match.fits(alert)), None)
        if window is not None and alert.status is Status.FIRING:
            until = f"{window.end:%H:%M} {window.timezone}"
            held[alert.key] = Held(alert, Withheld.MUTED, f"muted until {until}")
    return flow.hold(held)
