"""A message about nothing, to see whether and how messages arrive."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from auditor.alerts.events.facts import Facts, key
from auditor.alerts.kinds import KINDS
from auditor.alerts.notification import Notification, Reason, Status

if TYPE_CHECKING:
    from auditor.alerts.notification import Alert
    from auditor.settings import Settings

SENTENCE = "This is a test, nothing is wrong."


def sample(settings: Settings, facts: Facts, kind: str) -> Alert:
    """Return an invented alert of that kind."""
    return facts.alert(
        kind,
        f"{SENTENCE} An alert of the kind {kind} looks like this.",
        key=key(kind, "test"),
        since=facts.now,
        job="clean_old_orders",
        job_name="Cancel old quotations",
        company="My Company",
        run="00000000-0000-4000-8000-000000000000",
        details=(("Mode", "live"), ("Asked for by", settings.odoo_username or "")),
        records=tuple(
            facts.record("sale.order", number, f"S{number:05}") for number in range(42, 47)
        ),
        total=342,
        changed="+12 new, −30 gone since the last look",
        url="/odoo",
    )


def message(settings: Settings, facts: Facts, instance: str, alert: Alert) -> Notification:
    """Return a test message with that alert in it."""
    return Notification(
        group="test",
        status=Status.FIRING,
        severity=alert.severity,
        reason=Reason.TEST,
        instance=facts.rules.name or instance,
        environment=settings.environment,
        title=f"Test: {KINDS[alert.kind].title}",
        alerts=(replace(alert, status=Status.FIRING),),
        at=facts.now,
        id=uuid.uuid4().hex,
    )


def nothing_known(settings: Settings, facts_now: datetime, base: str) -> Facts:
    """Return facts by the rules of the settings, without asking Odoo.

    :raises BadInput: the rules can't be read.
    """
    from auditor.alerts.rules import read_rules

    return Facts(base, read_rules(settings.sentinel_alerts), settings.alert_record_names, facts_now)
