"""The answer of ``sentinel.job.watch`` as types: what somebody outside notices trouble by.

Every key is always there, but for what a later release added. Times are UTC text
``YYYY-MM-DD HH:MM:SS``, empty where there is none.
"""

from __future__ import annotations

from typing import Literal

from auditor.odoo.answers import Answer, Problem


class WatchedJob(Answer):
    """One job, archived ones too: whom to tell about it, and when it is late.

    :param owner: login, empty when nobody is named.
    :param expected_at: the oldest scheduled moment that has no run, else the next one; empty
        unless ``scheduled``.
    :param grace_seconds: how long after it a run counts as missed.
    :param max_runtime_seconds: -1 for no maximum.
    :param url: path below Odoo's address.
    """

    code: str
    name: str
    company: str
    tags: list[str]
    owner: str
    severity: Literal["critical", "warning", "info"]
    runbook: str
    scheduled: bool
    expected_at: str
    grace_seconds: int
    max_runtime_seconds: int
    paused: bool
    paused_reason: str
    paused_by: str
    paused_at: str
    url: str


class UnfinishedRun(Answer):
    """A run that has not ended.

    :param started_at: empty while nothing of it was begun, as while it waits for approval.
    :param waits_for: ``approval``, ``turn`` (its first one, or the next), or empty while it is
        worked on.
    """

    uid: str
    job: str
    mode: str
    state: str
    requested_at: str
    started_at: str
    requested_by: str
    waits_for: Literal["", "approval", "turn"]
    url: str


class AwaitedApproval(Answer):
    """A live run that waits for consent; or a plan that got some of it and has no live run.

    :param run: the live run, empty for a plan alone.
    :param amount: decimal text, empty where nobody can say what money is at stake.
    """

    plan: str
    run: str
    job: str
    requested_by: str
    requested_at: str
    expires_at: str
    approvals_needed: int
    approvals_given: int
    selected: int
    amount: str
    currency: str
    url: str


class Stop(Answer):
    """A stop that stands; ``scope`` is ``all`` or a job's code."""

    scope: str
    by: str
    at: str
    reason: str


class Credential(Answer):
    """With what Odoo let us in.

    :param kind: ``unknown`` where Odoo cannot tell; ``expires_at`` is then that of the first of
        our keys to expire.
    :param expires_at: empty when it never expires or nobody knows.
    """

    kind: Literal["password", "key", "unknown"]
    expires_at: str


class Watched(Answer):
    """What is late, stuck, stopped or waited for, in the companies that we may see.

    ``runs`` and ``approvals`` are the oldest ones, at most 1000 each.

    :param problems: what keeps requests from being worked on; None from an addon that cannot say.
    """

    contract: int
    addon_version: str
    chain: str
    database: str
    now: str
    jobs: list[WatchedJob]
    runs: list[UnfinishedRun]
    approvals: list[AwaitedApproval]
    stops: list[Stop]
    problems: list[Problem] | None = None
    key: Credential
