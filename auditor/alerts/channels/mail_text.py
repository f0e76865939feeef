"""A notification as an e-mail's text and as its simple HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from auditor.alerts.channels import words

if TYPE_CHECKING:
    from auditor.alerts.notification import Alert, Notification

_RULE = "-" * 60


def as_text(notification: Notification) -> str:
    """Return the lines of a notification that is safe to send."""
    rows = [words.heading(notification), *_about(notification)]
    for alert in notification.alerts:
        rows += ["", _RULE, _title(alert), alert.summary, ""]
        rows += [f"{label}: {value}" for label, value in words.facts(alert)]
        if alert.changed:
            rows.append(f"What changed: {alert.changed}")
        records = words.named(alert.records)
        if records:
            rows += ["", "Records:"]
            rows += [f"- {label} {url}".rstrip() for label, url in records]
            rows += [f"  {more}" for more in [words.more_records(alert)] if more]
        links = words.links(alert)
        rows += [""] if links else []
        rows += [f"{label}: {url}" for label, url in links]
    if notification.hidden:
        rows += ["", words.more_alerts(notification.hidden)]
    return "\n".join(rows) + "\n"


def as_html(notification: Notification) -> str:
    """Return one page without anything that a mail program would have to fetch."""
    parts = [f"<h2>{escape(words.heading(notification))}</h2>"]
    parts += [f"<p>{escape(row)}</p>" for row in _about(notification)]
    for alert in notification.alerts:
        parts.append(f"<hr><h3>{escape(_title(alert))}</h3><p>{escape(alert.summary)}</p>")
        rows = words.facts(alert)
        if alert.changed:
            rows.append(("What changed", alert.changed))
        cells = (
            f'<tr><th align="left">{escape(label)}</th><td>{escape(value)}</td></tr>'
            for label, value in rows
        )
        parts.append(f'<table cellpadding="3">{"".join(cells)}</table>')
        records = [f"<li>{_link(*record)}</li>" for record in words.named(alert.records)]
        if records:
            more = words.more_records(alert)
            records += [f"<li>{escape(more)}</li>"] if more else []
            parts.append(f"<p>Records</p><ul>{''.join(records)}</ul>")
        parts += [f"<p>{_link(label, url)}</p>" for label, url in words.links(alert)]
    if notification.hidden:
        parts.append(f"<p>{escape(words.more_alerts(notification.hidden))}</p>")
    body = "\n".join(parts)
    return f'<!DOCTYPE html>\n<html lang="en"><body>\n{body}\n</body></html>\n'


def _about(notification: Notification) -> list[str]:
    rows = [
        " · ".join(part for part in (notification.instance, words.moment(notification.at)) if part),
        words.REASONS[notification.reason],
    ]
    if words.repeated(notification):
        rows.append(words.REPEATED)
    return rows


def _title(alert: Alert) -> str:
    return f"{words.mark(alert.severity, alert.status)} · {words.subject(alert)}"


def _link(label: str, url: str) -> str:
    if not url:
        return escape(label)
    return f'<a href="{escape(url)}">{escape(label)}</a>'
