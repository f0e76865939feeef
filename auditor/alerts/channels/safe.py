"""Make a notification fit to be sent: no secret, no traceback, nothing that steers its reader.

Every channel sends what :func:`safe` returns and nothing else, so that no channel can forget a
rule. Names of records come from Odoo, and anybody who may write to a record may try to say
something with its name.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from auditor.redact import redact

if TYPE_CHECKING:
    from auditor.alerts.notification import Alert, Notification, Record

LONGEST_ADDRESS = 1000
MOST_RECORDS = 5
HIDDEN_TRACEBACK = "an error; its traceback stays in the log"

# Controls, what turns the direction of text around, halves of characters, what is no character.
_UNFIT = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_TRACEBACK = re.compile(
    r"(?:[ \t+|]*Exception Group )?Traceback \(most recent call last\)"
    r'|^[ \t+|]*File "[^"\n]*", line \d+',
    re.MULTILINE,
)
_URL_KEPT = "!#$%&'()*+,/:;=?@[]~-._"


def safe(notification: Notification, *, record_names: bool) -> Notification:
    """Return ``notification`` with every text in it fit to be sent.

    :param record_names: False leaves out what the records are called; their links stay.
    """
    return replace(
        notification,
        group=line(notification.group),
        instance=line(notification.instance),
        environment=line(notification.environment),
        title=line(notification.title),
        id=line(notification.id),
        alerts=tuple(_alert(alert, record_names) for alert in notification.alerts),
    )


def line(text: str) -> str:
    """Return ``text`` as one line of harmless characters, its tracebacks cut to what went wrong."""
    text = _UNFIT.sub("", redact(_without_traceback(text)))
    # Once more: a secret with a hidden character in its middle was none a moment ago.
    return redact(" ".join(text.split()))


def address(text: str) -> str:
    """Return a web address that is safe to link to, ``""`` when it is none.

    Credentials in it are dropped; one too long for a button is no address.
    """
    text = redact(text.strip())
    try:
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return ""
        host = parts.hostname if parts.port is None else f"{parts.hostname}:{parts.port}"
    except ValueError:
        return ""
    if ":" in parts.hostname:
        host = f"[{parts.hostname}]" if parts.port is None else f"[{parts.hostname}]:{parts.port}"
    if _UNFIT.search(text) or re.search(r"\s", text) or re.search(r"[^\w.:\[\]-]", host):
        return ""
    rest = (quote(part, safe=_URL_KEPT) for part in (parts.path, parts.query, parts.fragment))
    clean = urlunsplit((parts.scheme, host, *rest))
    return clean if len(clean) <= LONGEST_ADDRESS else ""


def _alert(alert: Alert, record_names: bool) -> Alert:
    return replace(
        alert,
        key=line(alert.key),
        kind=line(alert.kind),
        summary=line(alert.summary),
        job=line(alert.job),
        job_name=line(alert.job_name),
        company=line(alert.company),
        tags=tuple(line(tag) for tag in alert.tags),
        run=line(alert.run),
        mode=line(alert.mode),
        details=tuple((line(label), line(value)) for label, value in alert.details),
        records=tuple(_record(record, record_names) for record in alert.records[:MOST_RECORDS]),
        changed=line(alert.changed),
        owner=line(alert.owner),
        runbook=address(alert.runbook) or _no_address(alert.runbook),
        url=address(alert.url),
    )


def _record(record: Record, record_names: bool) -> Record:
    return replace(record, name=line(record.name) if record_names else "", url=address(record.url))


def _no_address(text: str) -> str:
    """Return a runbook's path in the documentation, ``""`` for what poses as an address."""
    text = line(text)
    return "" if ":" in text else text


def _without_traceback(text: str) -> str:
    if "Traceback (most recent call last)" in text:
        text = text.replace("\\n", "\n")  # as it stands inside JSON or a repr
    found = _TRACEBACK.search(text)
    if not found:
        return text
    before, frames = text[: found.start()].strip(), text[found.start() :].splitlines()[1:]
    said, after_a_frame = "", True
    for row in frames:
        # A frame, its code and its marks are indented; what follows them is what was raised.
        if row[:1].isspace():
            after_a_frame = True
        elif row.strip() and after_a_frame:
            said, after_a_frame = row.strip(), False
    return f"{before} {said or HIDDEN_TRACEBACK}".strip()
