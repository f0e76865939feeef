"""Notifications to send."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from auditor.alerts.channels.trying import Patience
from auditor.alerts.notification import (
    Alert,
    Notification,
    Reason,
    Record,
    Severity,
    Status,
)

AT = datetime(2026, 11, 23, 11, 24, 5, tzinfo=timezone.utc)


def alert(**changes: Any) -> Alert:
    """Return an alert with everything in it."""
    return replace(
        Alert(
            key="prod/run_failed/clean_old_orders",
            kind="run_failed",
            severity=Severity.CRITICAL,
            status=Status.FIRING,
            summary="342 of 12,010 quotations (2.8 %) could not be cancelled.",
            since=datetime(2026, 11, 23, 10, 0, tzinfo=timezone.utc),
            job="clean_old_orders",
            job_name="Clean old orders",
            company="My Company",
            tags=("sale",),
            run="0f0e-1",
            details=(("Threshold", "10 records"),),
            records=tuple(
                Record(f"S0004{number}", f"https://odoo.example.com/odoo/sale.order/{number}")
                for number in range(5)
            ),
            total=342,
            changed="+12 new, -30 fixed",
            owner="anna",
            runbook="https://example.com/docs/runbooks/run_failed",
            url="https://odoo.example.com/odoo/runs/7?a=1&b=2",
        ),
        **changes,
    )


def notification(**changes: Any) -> Notification:
    """Return a message about one alert."""
    return replace(
        Notification(
            group="prod/clean_old_orders",
            status=Status.FIRING,
            severity=Severity.CRITICAL,
            reason=Reason.FIRST,
            instance="odoo.example.com/prod",
            environment="production",
            title="Clean old orders failed",
            alerts=(alert(),),
            at=AT,
            id="0123abcd",
        ),
        **changes,
    )


def resolved(**changes: Any) -> Notification:
    """Return the message that all of it is over."""
    return notification(
        status=Status.RESOLVED,
        reason=Reason.ALL_RESOLVED,
        alerts=(alert(status=Status.RESOLVED),),
        **changes,
    )


@dataclass
class Pauses:
    """A patience that takes no time and notes what it would have taken."""

    taken: list[float] = field(default_factory=list)

    def patience(self, **changes: Any) -> Patience:
        return replace(Patience(timeout=20, sleep=self.taken.append), **changes)
