"""A run that failed, or ended in part, was stopped by a guard or interrupted; and that repeatedly.

Only a good run of the same job in the same mode ends it: a plan that goes well says nothing about
the live run that broke.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from auditor.alerts.events.facts import Facts, clean, key
from auditor.alerts.judging import Observation
from auditor.alerts.kinds import (
    REPEATED_FAILURE,
    RUN_ABORTED,
    RUN_FAILED,
    RUN_INTERRUPTED,
    RUN_PARTIAL,
)
from auditor.cli.text import money, plural

if TYPE_CHECKING:
    from auditor.alerts.notification import Alert, Record
    from auditor.odoo.answers import SealedRun
    from auditor.stores.interface import StoredRun, TrailStore

BAD = {
    "failure": RUN_FAILED,
    "partial": RUN_PARTIAL,
    "aborted": RUN_ABORTED,
    "interrupted": RUN_INTERRUPTED,
}
GOOD = frozenset({"success", "dry_run"})
UNKNOWN_VERDICTS = frozenset({"error", "not_evaluated"})
_TROUBLE = ("failed", "refused", "ineffective")
_WORDS = {
    RUN_FAILED: "failed",
    RUN_PARTIAL: "ended in part",
    RUN_ABORTED: "was stopped by a guard",
    RUN_INTERRUPTED: "was interrupted",
}
_OUTCOMES = {
    "failed": "failed",
    "refused": "refused by a business rule",
    "ineffective": "without effect",
    "not_attempted": "not attempted",
}


def observe(store: TrailStore, stored: StoredRun, at: datetime, facts: Facts) -> list[Observation]:
    """Return what one ended run says about its job.

    A cancelled run, and a check that was not evaluated, say nothing.
    """
    run = stored.run
    kind = BAD.get(run.status, "")
    if run.status in GOOD and run.verdict == "error":
        # The check itself broke. That must not pass for a good run.
        kind = RUN_FAILED
    if kind:
        alert = _alert(store, stored, kind, at, facts)
        again = _repeated(run, kind, at, facts)
        return [Observation(alert.key, at, alert), Observation(again.key, at, again)]
    if run.status not in GOOD or run.verdict in UNKNOWN_VERDICTS:
        return []
    ending = f"A run that began at {run.started_at[:16].replace('T', ' ')} UTC went well."
    return [
        Observation(_key(each, run), at, None, ending) for each in (*BAD.values(), REPEATED_FAILURE)
    ]


def _key(kind: str, run: SealedRun) -> str:
    return key(kind, run.company, run.job, run.mode)


def _alert(store: TrailStore, stored: StoredRun, kind: str, at: datetime, facts: Facts) -> Alert:
    run = stored.run
    total = sum(run.outcomes.get(outcome, 0) for outcome in _TROUBLE)
    counts = ", ".join(
        f"{run.outcomes[outcome]:,} {word}"
        for outcome, word in _OUTCOMES.items()
        if run.outcomes.get(outcome)
    )
    what = f"{run.job_name or run.job} ({run.mode}) {_WORDS[kind]}"
    if run.verdict == "error" and run.status in GOOD:
        what = f"{run.job_name or run.job} ({run.mode}) could not check"
    said = _why(run) if facts.names else ""
    summary = f"{what}: {counts or said or 'no reason was given'}."
    return facts.alert(
        kind,
        summary.replace("..", "."),
        key=_key(kind, run),
        since=at,
        job=run.job,
        job_name=run.job_name,
        company=run.company,
        run=run.uid,
        mode=run.mode,
        details=(
            ("Reason", said if counts else ""),
            ("Mode", run.mode),
            ("Changed", plural(run.updated, "record") if run.mode == "live" else ""),
            ("Amount", money(run.amount, run.currency)),
            ("Asked for by", run.requested_by),
        ),
        records=_records(store, stored, facts),
        total=total,
    )


def _why(run: SealedRun) -> str:
    """What the run or the guard that stopped it said; both may name records."""
    stopped = next((guard.message for guard in run.guards if guard.verdict == "stop"), "")
    return clean(run.error or stopped or next(iter(run.errors), ""))


def _records(store: TrailStore, stored: StoredRun, facts: Facts) -> tuple[Record, ...]:
    found: list[Record] = []
    for outcome in _TROUBLE:
        wanted = facts.rules.message.records - len(found)
        if wanted > 0 and stored.run.outcomes.get(outcome):
            lines = store.lines(stored, limit=wanted, outcome=outcome)
            found += [facts.record(line.model, line.record, line.name) for line in lines]
    return tuple(found)


def _repeated(run: SealedRun, kind: str, at: datetime, facts: Facts) -> Alert:
    often = facts.rules.failures(REPEATED_FAILURE)
    return facts.alert(
        REPEATED_FAILURE,
        f"{run.job_name or run.job} ({run.mode}) ended badly at least {often} times in a row; the "
        f"last one {_WORDS[kind]}.",
        key=_key(REPEATED_FAILURE, run),
        since=at,
        job=run.job,
        job_name=run.job_name,
        company=run.company,
        run=run.uid,
        mode=run.mode,
        details=(("Reason", _why(run) if facts.names else ""), ("Mode", run.mode)),
    )
