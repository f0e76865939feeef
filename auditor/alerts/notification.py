"""What a channel is given to send: one message about one group of alerts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Severity(str, Enum):
    """How much it matters; the order of the members is the order of urgency."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Status(str, Enum):
    """Whether the trouble is there or over."""

    FIRING = "firing"
    RESOLVED = "resolved"


class Reason(str, Enum):
    """Why a message is sent, or why not; see :mod:`auditor.alerts.stages.deduplicate`."""

    FIRST = "first"
    NEW_ALERTS = "new_alerts"
    MORE_SEVERE = "more_severe"
    SOME_RESOLVED = "some_resolved"
    ALL_RESOLVED = "all_resolved"
    REMINDER = "reminder"
    UNSURE = "unsure"
    """It may have been sent before: the sender died between sending and noting it."""
    NOTHING_NEW = "nothing_new"
    NEVER_TOLD = "never_told"
    """Resolved before anybody was told that it fired."""
    TEST = "test"


@dataclass(frozen=True)
class Record:
    """One record that an alert is about."""

    name: str
    url: str = ""


@dataclass(frozen=True)
class Alert:
    """One trouble.

    :param key: what makes it this one and no other: instance, kind, job, company. Nothing volatile
        (counts, times) is in it.
    :param kind: the named event, such as ``run_failed`` or ``odoo_unreachable``; its runbook is
        ``docs/runbooks/<kind>.md``.
    :param summary: one sentence for people, with the numbers.
    :param job: its code, ``""`` for all jobs, or when only its name is known.
    :param mode: of the runs it is about, ``""`` when it is about no runs of one mode.
    :param since: when it began, UTC.
    :param details: label and value, for a table of facts.
    :param records: the first of the records it is about, at most five.
    :param total: how many records it is about in all.
    :param changed: what is different since the last message, ``""`` when nothing is.
    :param owner: who looks after the job, a login or an address, ``""`` when nobody is named.
    :param url: where to look in Odoo.
    """

    key: str
    kind: str
    severity: Severity
    status: Status
    summary: str
    since: datetime
    job: str = ""
    job_name: str = ""
    company: str = ""
    tags: tuple[str, ...] = ()
    run: str = ""
    details: tuple[tuple[str, str], ...] = ()
    records: tuple[Record, ...] = ()
    total: int = 0
    changed: str = ""
    owner: str = ""
    runbook: str = ""
    url: str = ""
    mode: str = ""


@dataclass(frozen=True)
class Notification:
    """One message: the alerts of one group, the most urgent first, and why it is sent.

    :param group: the key of the group; the same for every message about it.
    :param severity: that of its most urgent alert that fires, or fired.
    :param instance: which Odoo, a database or a name that people gave it.
    :param environment: such as ``production``.
    :param title: a few words, without severity and status, which channels show in their own way.
    :param id: the same whenever the same is said again because nobody knows whether it arrived;
        letters and digits.
    :param hidden: how many alerts of the group are left out because there are too many.
    :param repeated: it may have been sent before.
    """

    group: str
    status: Status
    severity: Severity
    reason: Reason
    instance: str
    environment: str
    title: str
    alerts: tuple[Alert, ...]
    at: datetime
    id: str
    hidden: int = 0
    repeated: bool = False
