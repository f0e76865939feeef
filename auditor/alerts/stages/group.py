"""Put alerts together by route and by what they have in common: one message instead of thirty."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from auditor.alerts.flow import Bundle, Flow, Held, Withheld, urgent_first
from auditor.alerts.matching import Match
from auditor.alerts.notification import Severity, Status
from auditor.alerts.rules import Route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.alerts.notification import Alert
    from auditor.alerts.rules import Rules

URGENT = Match(severity=(Severity.CRITICAL, Severity.WARNING))


def group(flow: Flow) -> Flow:
    """Return the flow with a bundle for each group and channel, and what goes nowhere held.

    A channel that was told of an alert is told of its end even if the routes are others by now.
    """
    members: dict[tuple[str, str], list[Alert]] = defaultdict(list)
    nowhere = {}
    for alert in flow.alerts:
        places = set(_places(alert, flow))
        if alert.status is Status.FIRING and not places:
            nowhere[alert.key] = Held(alert, Withheld.NOT_ROUTED, "no route sends it anywhere")
        if alert.status is Status.RESOLVED:
            places |= {
                (told.group, told.channel)
                for told in flow.tolds.values()
                if alert.key in told.alerts or alert.key in told.telling
            }
        for place in places:
            members[place].append(alert)
    bundles = tuple(
        Bundle(name, channel, tuple(sorted(alerts, key=urgent_first)))
        for (name, channel), alerts in sorted(members.items())
        if channel in flow.channels
    )
    return replace(flow.hold(nowhere), bundles=bundles)


def routes_of(alert: Alert, rules: Rules, channels: tuple[str, ...]) -> Iterator[Route]:
    """Give the routes that take ``alert``; without any, every channel gets what is urgent."""
    taken = False
    for route in rules.routes:
        if route.match.fits(alert):
            taken = True
            yield route
            if not route.go_on:
                return
    if not taken and URGENT.fits(alert):
        yield Route(channels=channels)


def _places(alert: Alert, flow: Flow) -> Iterator[tuple[str, str]]:
    for route in routes_of(alert, flow.rules, flow.channels):
        name = "/".join(quote(f"{by}={getattr(alert, by)}", safe="=") for by in route.group_by)
        for channel in route.channels:
            # Mail programs and chat threads tell groups apart by this, whatever Odoo it is about.
            yield f"{quote(flow.instance, safe='')}/{name or 'all'}", channel
