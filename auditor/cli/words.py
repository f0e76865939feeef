"""The contract's codes in words that a warehouse manager understands.

Each comes with a mark, so that nothing is said by colour alone.
"""

from __future__ import annotations

OUTCOMES = {
    "planned": ("·", "would be changed", "cyan"),
    "simulated": ("·", "was changed and put back", "cyan"),
    "done": ("✓", "changed", "green"),
    "skipped_changed": ("–", "left alone, it changed since the plan", "yellow"),
    "skipped_locked": ("–", "left alone, someone else is using it", "yellow"),
    "skipped_excluded": ("–", "left alone, it is excluded", "yellow"),
    "skipped_attempts": ("–", "left alone, it was tried too often", "yellow"),
    "refused": ("✗", "refused by Odoo's own rules", "red"),
    "failed": ("✗", "failed", "red"),
    "ineffective": ("✗", "tried, but nothing changed", "red"),
    "not_attempted": ("–", "not attempted", "yellow"),
}

STATES = {
    "queued": "waits for its turn",
    "waiting": "pauses between two slices of work",
    "running": "is at work",
    "sealing": "is being sealed into the trail",
    "done": "has ended",
}

STATUSES = {
    "success": ("✓", "success", "green"),
    "dry_run": ("✓", "dry run, nothing was changed", "green"),
    "partial": ("!", "partly done", "yellow"),
    "failure": ("✗", "failed", "red"),
    "aborted": ("✗", "stopped by a guard", "red"),
    "interrupted": ("✗", "interrupted half-way; the next run finishes the work", "red"),
    "cancelled": ("–", "cancelled", "yellow"),
}

VERDICTS = {
    "pass": ("✓", "pass", "green"),
    "warn": ("!", "warning", "yellow"),
    "fail": ("✗", "fail", "red"),
    "error": ("✗", "the check itself broke", "red"),
    "not_evaluated": ("?", "could not be evaluated", "yellow"),
}

GUARDS = {
    "pass": ("✓", "pass", "green"),
    "warn": ("!", "live would stop", "yellow"),
    "wait": ("…", "waits", "yellow"),
    "stop": ("✗", "STOP", "bold red"),
}

AWAITS = {"approval": "waits for approval"}

DECISIONS = {
    "approve": ("✓", "approved", "green"),
    "deny": ("✗", "denied", "red"),
}

DOORS = {"session": "in the browser", "key": "by key"}

MODES = {"plan": "dry run", "simulate": "simulation", "live": "live run"}

DIFFERENCES = {"created": "new", "changed": "changed", "deleted": "deleted"}

SHAPES = {"remedy": "repairs", "check": "checks", "measure": "measures"}


def outcome(code: str, shape: str = "") -> tuple[str, str, str]:
    """Return (mark, words, colour) of a line's outcome.

    A check changes nothing, so what it lists "would" not be changed either: it was found.
    """
    if code in ("planned", "not_attempted") and shape in ("check", "measure"):
        return ("!", "found", "yellow")
    return OUTCOMES.get(code, ("·", code, "default"))


def status(code: str) -> tuple[str, str, str]:
    """Return (mark, words, colour) of a run's status."""
    return STATUSES.get(code, ("·", code, "default"))


def verdict(code: str) -> tuple[str, str, str]:
    """Return (mark, words, colour) of a verdict; all empty for none."""
    return VERDICTS.get(code, ("", code, "default"))


def guard(code: str, mode: str) -> tuple[str, str, str]:
    """Return (mark, words, colour) of what a guard said about a run in this mode."""
    if code == "wait" and mode != "live":
        return ("…", "live would wait", "yellow")
    return GUARDS.get(code, ("·", code, "default"))


def state(code: str, awaits: str = "") -> str:
    """Return what a run is doing, after its name: "is at work".

    :param awaits: what it waits for, ``""`` for nothing.
    """
    if awaits:
        return AWAITS.get(awaits, f"waits for {awaits}")
    return STATES.get(code, code)


def mode(code: str, shape: str = "") -> str:
    """Return what a mode is called; a check has no dry run, it only looks."""
    if shape in ("check", "measure"):
        return shape
    return MODES.get(code, code)
