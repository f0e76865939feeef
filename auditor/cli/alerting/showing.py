"""Alerts, silences and messages as text and as documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from auditor.alerts.flow import urgent_first
from auditor.alerts.notification import Notification, Status
from auditor.alerts.state import Known, Silence, Told
from auditor.cli.render import sentence, table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from rich.table import Table
    from rich.text import Text

    from auditor.alerts.flow import Decision, Held
    from auditor.alerts.notification import Alert

_STYLES = {"critical": "bold red", "warning": "yellow", "info": ""}
_known = TypeAdapter(Known)
_silence = TypeAdapter(Silence)
_notification = TypeAdapter(Notification)


def at(moment: datetime) -> str:
    """Return a moment to the minute."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def severity(alert: Alert) -> Text:
    """Return how urgent it is; the colour only repeats the word."""
    if alert.status is Status.RESOLVED:
        return sentence("over", "green")
    return sentence(alert.severity.value, _STYLES[alert.severity.value])


def alerts_table(alerts: Iterable[Known], tolds: Iterable[Told]) -> Table:
    """Return alerts with whom they were told to."""
    told: dict[str, list[str]] = {}
    for each in tolds:
        for key in each.alerts:
            told.setdefault(key, []).append(each.channel)
    made = table("Severity", "Kind", "What", "Since", "Told", "Key")
    for known in sorted(alerts, key=lambda known: urgent_first(known.alert)):
        alert = known.alert
        made.add_row(
            severity(alert),
            alert.kind,
            sentence(alert.summary),
            at(alert.since),
            sentence(", ".join(sorted(set(told.get(alert.key, [])))) or "nobody"),
            sentence(alert.key),
        )
    return made


def silences_table(silences: Iterable[Silence], now: datetime) -> Table:
    """Return silences, those that still hold first."""
    made = table("Silence", "State", "What", "Until", "By", "Why")
    for each in sorted(silences, key=lambda each: (each.ends <= now, each.ends)):
        made.add_row(
            each.id,
            "over" if each.ends <= now else "holds",
            sentence(str(each.match)),
            at(each.ends),
            sentence(each.author),
            sentence(each.comment),
        )
    return made


def decisions_table(decisions: Iterable[Decision]) -> Table:
    """Return messages with the reason for each."""
    made = table("Channel", "Message", "Reason", "What becomes of it")
    for each in decisions:
        became = "sent" if each.sent else "not sent"
        if each.why is not None:
            became = f"{each.why.value}: {each.because}"
        title = each.notification.title if each.notification else each.group
        made.add_row(sentence(each.channel), sentence(title), each.reason.value, sentence(became))
    return made


def held_table(held: Iterable[Held]) -> Table:
    """Return alerts that were held back and what of."""
    made = table("Severity", "Kind", "What", "Held back", "Because")
    for each in held:
        made.add_row(
            severity(each.alert),
            each.alert.kind,
            sentence(each.alert.summary),
            each.why.value,
            sentence(each.because),
        )
    return made


def known_document(known: Known) -> object:
    """Return an alert for ``--json``."""
    return _known.dump_python(known, mode="json")


def silence_document(silence: Silence) -> object:
    """Return a silence for ``--json``."""
    return _silence.dump_python(silence, mode="json")


def held_document(held: Held) -> dict[str, object]:
    """Return an alert that was held back for ``--json``."""
    return {"key": held.alert.key, "why": held.why.value, "because": held.because}


def decision_document(decision: Decision) -> dict[str, object]:
    """Return what became of a message for ``--json``."""
    message = decision.notification
    return {
        "group": decision.group,
        "channel": decision.channel,
        "reason": decision.reason.value,
        "sent": decision.sent,
        "why": decision.why.value if decision.why else "",
        "because": decision.because,
        "notification": _notification.dump_python(message, mode="json") if message else None,
    }
