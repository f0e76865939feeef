"""What people read for the codes of a notification, the same on every channel.

A symbol never stands alone: not everybody sees its colour, and not every device shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.alerts.notification import Reason, Severity, Status

if TYPE_CHECKING:
    from datetime import datetime

    from auditor.alerts.notification import Alert, Notification, Record

SEVERITIES = {
    Severity.CRITICAL: ("🔴", "CRITICAL"),
    Severity.WARNING: ("🟠", "WARNING"),
    Severity.INFO: ("🔵", "INFO"),
}
RESOLVED = ("✅", "RESOLVED")

REASONS = {
    Reason.FIRST: "New.",
    Reason.NEW_ALERTS: "There is more to it than was told before.",
    Reason.MORE_SEVERE: "It is more severe than was told before.",
    Reason.SOME_RESOLVED: "Some of it is over, some is not.",
    Reason.ALL_RESOLVED: "All of it is over.",
    Reason.REMINDER: "A reminder: it is not over.",
    Reason.UNSURE: "Told again, since nobody knows whether it was.",
    Reason.NOTHING_NEW: "Nothing is new.",
    Reason.NEVER_TOLD: "It was over before it was told.",
    Reason.TEST: "A test: nothing is wrong.",
}
REPEATED = "This may be a repetition: an earlier try may have arrived."


def mark(severity: Severity, status: Status) -> str:
    """Return ``🔴 CRITICAL``, or ``✅ RESOLVED (was critical)``."""
    if status is Status.RESOLVED:
        return f"{' '.join(RESOLVED)} (was {severity.value})"
    return " ".join(SEVERITIES[severity])


def heading(notification: Notification) -> str:
    """Return the mark, the title and the environment."""
    parts = (
        mark(notification.severity, notification.status),
        notification.title,
        notification.environment,
    )
    return " · ".join(part for part in parts if part)


def repeated(notification: Notification) -> bool:
    """Whether it must be said that the message may have been sent before."""
    return notification.repeated or notification.reason is Reason.UNSURE


def moment(when: datetime) -> str:
    """Return ``2026-11-23 11:24 UTC``; one without a zone is UTC as the contract has it."""
    from datetime import timezone

    if when.tzinfo is not None:
        when = when.astimezone(timezone.utc)
    return f"{when:%Y-%m-%d %H:%M} UTC"


def subject(alert: Alert) -> str:
    """Return what an alert is about in a few words: its job, or else its kind."""
    return alert.job_name or alert.job or alert.kind.replace("_", " ")


def facts(alert: Alert) -> list[tuple[str, str]]:
    """Return label and value of all that is known of an alert, what is empty left out."""
    rows = [
        ("What", alert.kind.replace("_", " ")),
        ("Job", alert.job_name or alert.job),
        ("Owner", alert.owner),
        ("Runbook", "" if is_web(alert.runbook) else alert.runbook),
        ("Since", moment(alert.since)),
        ("Records", f"{alert.total:,}" if alert.total else ""),
        *alert.details,
        ("Company", alert.company),
        ("Run", alert.run),
        ("Tags", ", ".join(tag for tag in alert.tags if tag)),
    ]
    return [(label, value) for label, value in rows if label and value]


def links(alert: Alert) -> list[tuple[str, str]]:
    """Return label and address of what an alert links to."""
    rows = (("Open in Odoo", alert.url), ("Runbook", alert.runbook))
    return [(label, url) for label, url in rows if is_web(url)]


def is_web(text: str) -> bool:
    """Whether it is an address; a runbook may also be a path in the documentation."""
    return text.startswith(("http://", "https://"))


def named(records: tuple[Record, ...]) -> list[tuple[str, str]]:
    """Return label and link of each record that has either."""
    return [
        (record.name or f"record {number}", record.url)
        for number, record in enumerate(records, start=1)
        if record.name or record.url
    ]


def more_records(alert: Alert) -> str:
    """Return ``and 337 more``, or ``""``."""
    left = alert.total - len(named(alert.records))
    return f"and {left:,} more" if left > 0 and named(alert.records) else ""


def more_alerts(count: int) -> str:
    """Return ``and 17 more alerts``, or ``""``."""
    if count <= 0:
        return ""
    return "and 1 more alert" if count == 1 else f"and {count:,} more alerts"
