"""A notification as Slack's Block Kit, within all of its limits.

Limits: 50 blocks, 150 characters in a header, 3000 in a section's text, 10 fields of 2000, 75 in a
button, 3000 in its address (docs.slack.dev, "Block Kit reference"). The message as a whole is
refused with ``msg_blocks_too_long`` from about 13,000 characters, which is documented nowhere
(slackapi/bolt-js#2509); 12,000 of its JSON are never exceeded here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.alerts.channels import words
from auditor.alerts.channels.slack_text import bold, escaped, link, units
from auditor.alerts.notification import Status

if TYPE_CHECKING:
    from auditor.alerts.notification import Alert, Notification

Block = dict[str, object]

LARGEST_MESSAGE = 12_000
MOST_BLOCKS = 50
LONGEST_TEXT = 3000
_HEADER = 150
_SUMMARY = 1000
_CHANGED = 500
_RECORD = 400
_FIELD_LABEL = 60
_FIELD_VALUE = 200
_MOST_FIELDS = 10
_SHORT = 300
_MOST_IN_FULL = 3
_RESERVE_BLOCKS = 1
_RESERVE_SIZE = 200
"""For the line that says how many alerts found no room."""


@dataclass(frozen=True)
class SlackMessage:
    """What is posted: the blocks, and the text for notifications and for who refuses the blocks."""

    text: str
    blocks: tuple[Block, ...]


def message(notification: Notification) -> SlackMessage:
    """Return what to post for a notification that is safe to send."""
    blocks = _top(notification)
    alerts = list(notification.alerts)
    # The most urgent come first and get the most room; then a line each; then a count.
    for alert in notification.alerts[:_MOST_IN_FULL]:
        longer = [*blocks, *_in_full(alert)]
        if not _fits(longer):
            break
        blocks = longer
        del alerts[0]
    while alerts and _fits(longer := [*blocks, _in_short(alerts[0])]):
        blocks = longer
        del alerts[0]
    hidden = notification.hidden + len(alerts)
    if hidden:
        blocks.append(_context(words.more_alerts(hidden)))
    return SlackMessage(_text(notification), tuple(blocks))


def _fits(blocks: list[Block]) -> bool:
    size = units(json.dumps(blocks, ensure_ascii=False))
    return len(blocks) <= MOST_BLOCKS - _RESERVE_BLOCKS and size <= LARGEST_MESSAGE - _RESERVE_SIZE


def _top(notification: Notification) -> list[Block]:
    header: Block = {
        "type": "header",
        "text": {"type": "plain_text", "text": escaped(words.heading(notification), _HEADER)},
    }
    about = (
        notification.instance,
        notification.environment,
        words.moment(notification.at),
        words.REASONS[notification.reason],
    )
    blocks = [header, _context(" · ".join(part for part in about if part))]
    if words.repeated(notification):
        blocks.append(_context(f"⚠ {words.REPEATED}"))
    return blocks


def _in_full(alert: Alert) -> list[Block]:
    blocks: list[Block] = [{"type": "divider"}]
    blocks.append(_section(f"{_mark(alert)}\n{escaped(alert.summary, _SUMMARY)}"))
    fields = [
        _markup(f"{bold(label, _FIELD_LABEL)}\n{escaped(value, _FIELD_VALUE)}")
        for label, value in words.facts(alert)[:_MOST_FIELDS]
    ]
    if fields:
        blocks.append({"type": "section", "fields": fields})
    if alert.changed:
        blocks.append(_section(f"*What changed*\n{escaped(alert.changed, _CHANGED)}"))
    rows = [link(label, url, _RECORD) for label, url in words.named(alert.records)]
    if rows:
        more = words.more_records(alert)
        shown = [f"• {row}" for row in rows] + ([escaped(more, _SHORT)] if more else [])
        blocks.append(_section("\n".join(["*Records*", *shown])))
    buttons = [_button(label, url) for label, url in words.links(alert)]
    if buttons:
        blocks.append({"type": "actions", "elements": buttons})
    return blocks


def _in_short(alert: Alert) -> Block:
    return _section(f"{_mark(alert)}: {escaped(alert.summary, _SHORT)}")


def _mark(alert: Alert) -> str:
    what = escaped(words.subject(alert), _SHORT)
    return f"{bold(words.mark(alert.severity, alert.status), 100)} {what}".strip()


def _text(notification: Notification) -> str:
    """The whole in lines of text: for the phone's notification, and alone if the blocks fail."""
    about = (
        notification.instance,
        words.moment(notification.at),
        words.REASONS[notification.reason],
    )
    rows = [
        escaped(words.heading(notification), _SHORT),
        escaped(" · ".join(part for part in about if part), _SHORT),
    ]
    if words.repeated(notification):
        rows.append(words.REPEATED)
    hidden = notification.hidden
    for number, alert in enumerate(notification.alerts):
        over = "" if alert.status is notification.status else _state(alert)
        row = f"• {over}{escaped(alert.summary or words.subject(alert), _SHORT)}"
        if alert.url and units(alert.url) < _SHORT:
            row += f" <{alert.url.replace('&', '&amp;').replace('|', '%7C')}>"
        if units("\n".join([*rows, row])) > LONGEST_TEXT - _RESERVE_SIZE:
            hidden += len(notification.alerts) - number
            break
        rows.append(row)
    if hidden:
        rows.append(words.more_alerts(hidden))
    return "\n".join(rows)


def _state(alert: Alert) -> str:
    return "resolved: " if alert.status is Status.RESOLVED else "firing: "


def _section(text: str) -> Block:
    return {"type": "section", "text": _markup(text)}


def _markup(text: str) -> Block:
    # verbatim: Slack looks for no addresses, channels or people in it by itself.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _context(text: str) -> Block:
    plain: Block = {"type": "plain_text", "text": escaped(text, 1000)}
    return {"type": "context", "elements": [plain]}


def _button(label: str, url: str) -> Block:
    # Slack wants ids that differ within a message to tell apart who pressed what; it makes them
    # itself when none are given. A button with an address needs no app that listens.
    return {"type": "button", "text": {"type": "plain_text", "text": label}, "url": url}
