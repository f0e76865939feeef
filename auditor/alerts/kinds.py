"""The named events: how urgent each is by itself, and what a group of them is called.

``docs/runbooks/<kind>.md`` says what to do about it.
"""

from __future__ import annotations

from typing import NamedTuple

from auditor.alerts.notification import Severity

CRITICAL, WARNING, INFO = Severity.CRITICAL, Severity.WARNING, Severity.INFO

RUN_FAILED = "run_failed"
RUN_PARTIAL = "run_partial"
RUN_ABORTED = "run_aborted"
RUN_INTERRUPTED = "run_interrupted"
REPEATED_FAILURE = "repeated_failure"
FINDINGS_ABOVE = "findings_above"
NEW_FINDINGS = "new_findings"
ANOMALY = "anomaly"
APPROVAL_WAITING = "approval_waiting"
APPROVAL_EXPIRING = "approval_expiring"
KILL_SWITCH = "kill_switch"
CHAIN_BROKEN = "chain_broken"
MISSED_SCHEDULE = "missed_schedule"
RUN_TOO_LONG = "run_too_long"
REQUESTS_UNWORKED = "requests_unworked"
ODOO_UNREACHABLE = "odoo_unreachable"
AUDITOR_BLIND = "auditor_blind"
KEY_EXPIRING = "key_expiring"


class Kind(NamedTuple):
    """What is known of a kind of event beforehand.

    :param severity: when neither the job nor the rules say otherwise.
    :param by_job: the severity that Odoo gives the job replaces it.
    :param title: of one such alert; ``titles`` of several.
    """

    severity: Severity
    by_job: bool
    title: str
    titles: str


KINDS = {
    RUN_FAILED: Kind(WARNING, True, "Run failed", "runs failed"),
    RUN_PARTIAL: Kind(WARNING, True, "Run ended in part", "runs ended in part"),
    RUN_ABORTED: Kind(WARNING, True, "Run stopped by a guard", "runs stopped by a guard"),
    RUN_INTERRUPTED: Kind(WARNING, True, "Run interrupted", "runs interrupted"),
    REPEATED_FAILURE: Kind(CRITICAL, False, "Job fails again and again", "jobs fail repeatedly"),
    FINDINGS_ABOVE: Kind(WARNING, True, "Too many findings", "checks with too many findings"),
    NEW_FINDINGS: Kind(INFO, False, "New findings", "checks with new findings"),
    ANOMALY: Kind(WARNING, False, "Unusual number", "unusual numbers"),
    APPROVAL_WAITING: Kind(WARNING, False, "Approval needed", "plans wait for approval"),
    APPROVAL_EXPIRING: Kind(
        WARNING, False, "Approval about to expire", "approvals about to expire"
    ),
    KILL_SWITCH: Kind(WARNING, False, "Stopped by somebody", "stops"),
    CHAIN_BROKEN: Kind(CRITICAL, False, "The trail is not what was sealed", "broken trails"),
    MISSED_SCHEDULE: Kind(WARNING, True, "Scheduled run missed", "scheduled runs missed"),
    RUN_TOO_LONG: Kind(WARNING, True, "Run takes too long", "runs take too long"),
    REQUESTS_UNWORKED: Kind(
        CRITICAL, False, "Nothing works on requests", "places where nothing works on requests"
    ),
    ODOO_UNREACHABLE: Kind(CRITICAL, False, "Odoo cannot be reached", "Odoos cannot be reached"),
    AUDITOR_BLIND: Kind(CRITICAL, False, "The auditor cannot see", "things the auditor cannot see"),
    KEY_EXPIRING: Kind(WARNING, False, "Key about to expire", "keys about to expire"),
}

RANK = {severity: rank for rank, severity in enumerate(Severity)}
"""0 is the most urgent."""
