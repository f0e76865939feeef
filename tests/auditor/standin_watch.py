"""Entries of the stand-in's answer to ``watch``; a test puts them into ``standin.watched``."""

from __future__ import annotations

from typing import Any


def watched_job(code: str = "clean_old_orders", **changes: Any) -> dict[str, Any]:
    """A job that is scheduled, in time and not paused."""
    return {
        "code": code,
        "name": "Cancel old quotations",
        "company": "Acme",
        "tags": ["sales"],
        "owner": "anna",
        "severity": "warning",
        "runbook": "https://wiki.example.com/orders",
        "scheduled": True,
        "expected_at": "2026-02-01 03:00:00",
        "grace_seconds": 900,
        "max_runtime_seconds": 3600,
        "paused": False,
        "paused_reason": "",
        "paused_by": "",
        "paused_at": "",
        "url": "/odoo/sentinel-jobs/1",
        **changes,
    }


def unfinished_run(uid: str = "r1", **changes: Any) -> dict[str, Any]:
    """A live run that is worked on."""
    return {
        "uid": uid,
        "job": "clean_old_orders",
        "mode": "live",
        "state": "running",
        "requested_at": "2026-01-31 11:59:00",
        "started_at": "2026-01-31 11:59:01",
        "requested_by": "manager",
        "waits_for": "",
        "url": "/odoo/sentinel-runs/123",
        **changes,
    }


def awaited_approval(plan: str = "p1", **changes: Any) -> dict[str, Any]:
    """A live run that nobody consented to yet."""
    return {
        "plan": plan,
        "run": "r1",
        "job": "clean_old_orders",
        "requested_by": "manager",
        "requested_at": "2026-01-31 11:00:00",
        "expires_at": "2026-02-01 11:00:00",
        "approvals_needed": 1,
        "approvals_given": 0,
        "selected": 3,
        "amount": "1234.50",
        "currency": "EUR",
        "url": "/odoo/sentinel-runs/123",
        **changes,
    }


def stop(scope: str = "all", **changes: Any) -> dict[str, Any]:
    """A stop that stands."""
    return {
        "scope": scope,
        "by": "manager",
        "at": "2026-01-31 11:30:00",
        "reason": "Wrong prices",
        **changes,
    }


def problem(code: str = "dispatcher_off") -> dict[str, str]:
    """Why nothing works on requests."""
    return {
        "code": code,
        "message": "The scheduled action that works on requests is switched off.",
        "remedy": "Switch on Sentinel: work on requests.",
    }
