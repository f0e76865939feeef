"""What plans, checks and measures found: too much, something new, something unusual.

Looks are compared with earlier looks of the same job with the same parameters; a look by hand with
others is another question.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from auditor.alerts.events.facts import Facts, key
from auditor.alerts.events.runs import GOOD, UNKNOWN_VERDICTS
from auditor.alerts.events.usual import Usual, usual
from auditor.alerts.judging import Observation
from auditor.alerts.kinds import ANOMALY, FINDINGS_ABOVE, NEW_FINDINGS
from auditor.cli.text import money, plural

if TYPE_CHECKING:
    from auditor.alerts.events.recall import Recall
    from auditor.alerts.notification import Record
    from auditor.odoo.answers import SealedRun
    from auditor.stores.interface import StoredRun, TrailStore

COMPARED = 2_000
"""Lines of a look that are compared with those of the look before; beyond, only the counts are."""


class Difference(NamedTuple):
    """What is new since the look before, and how much is gone; exact when records were compared."""

    new: int
    gone: int
    records: tuple[tuple[str, int, str], ...]


def observe(
    store: TrailStore, recall: Recall, stored: StoredRun, at: datetime, facts: Facts
) -> list[Observation]:
    """Return what one look found; a run that is none, or that could not tell, says nothing."""
    run = stored.run
    if run.mode != "plan" or run.status not in GOOD or run.verdict in UNKNOWN_VERDICTS:
        return []
    earlier = _earlier(recall, stored, facts)
    seen = [_unusual(run, name, earlier, at, facts) for name in _series(run)]
    if run.shape in ("check", "remedy"):
        difference = _difference(recall, stored, earlier[0]) if earlier else None
        seen.append(_above(store, stored, difference, at, facts))
        if difference is not None:
            seen.append(_new(stored, difference, at, facts))
    return seen


def _earlier(recall: Recall, stored: StoredRun, facts: Facts) -> list[StoredRun]:
    """Looks of the same job before this one, the newest first."""
    run = stored.run
    wanted = facts.rules.anomaly.history
    return [
        each
        for each in recall.runs(run.job, wanted * 3)
        if each.chain == stored.chain
        and int(each.run.position) < int(run.position)
        and each.run.mode == "plan"
        and each.run.company == run.company
        and each.run.parameters == run.parameters
        and each.run.status in GOOD
        and each.run.verdict not in UNKNOWN_VERDICTS
    ][:wanted]


def _series(run: SealedRun) -> dict[str, float]:
    """The numbers of a look, by name; ``""`` is the number of records found."""
    if run.shape in ("check", "remedy"):
        return {"": float(run.matched)}
    numbers = {}
    for kpi in run.kpis:
        try:
            number = float(kpi.value)
        except ValueError:
            continue
        if math.isfinite(number):
            numbers[kpi.name] = number
    return numbers


def _above(
    store: TrailStore,
    stored: StoredRun,
    difference: Difference | None,
    at: datetime,
    facts: Facts,
) -> Observation:
    run = stored.run
    place = key(FINDINGS_ABOVE, run.company, run.job)
    most = facts.rules.findings.most(run.job)
    if run.verdict != "fail" and (most is None or run.matched <= most):
        return Observation(place, at, None, f"Now {plural(run.matched, 'record')}.")
    share = f" of {run.population:,}" if run.population else ""
    limit = f"more than {most:,}" if most is not None and run.matched > most else "too many"
    alert = facts.alert(
        FINDINGS_ABOVE,
        f"{run.job_name or run.job} found {run.matched:,}{share} records, {limit}.",
        key=place,
        since=at,
        job=run.job,
        job_name=run.job_name,
        company=run.company,
        run=run.uid,
        details=(("Amount", money(run.amount, run.currency)),),
        records=_first(store, stored, facts),
        total=run.matched,
        changed=_words(difference),
    )
    return Observation(place, at, alert)


def _new(stored: StoredRun, difference: Difference, at: datetime, facts: Facts) -> Observation:
    run = stored.run
    place = key(NEW_FINDINGS, run.company, run.job)
    if not difference.new:
        return Observation(place, at, None, "Nothing new was found.")
    alert = facts.alert(
        NEW_FINDINGS,
        f"{run.job_name or run.job} found {plural(difference.new, 'record')} that it did not find "
        f"the last time; {run.matched:,} in all.",
        key=place,
        since=at,
        job=run.job,
        job_name=run.job_name,
        company=run.company,
        run=run.uid,
        records=tuple(facts.record(*record) for record in difference.records),
        total=difference.new,
        changed=_words(difference),
    )
    return Observation(place, at, alert)


def _unusual(
    run: SealedRun, name: str, earlier: list[StoredRun], at: datetime, facts: Facts
) -> Observation:
    place = key(ANOMALY, run.company, run.job, name)
    rules = facts.rules.anomaly
    number = _series(run)[name]
    before = [numbers[name] for each in earlier if name in (numbers := _series(each.run))]
    found = usual(number, before, rules) if rules.enabled else None
    if found is None or not found.outside:
        return Observation(place, at, None, f"Now {number:,g}, which is usual.")
    label = next((kpi.label or kpi.name for kpi in run.kpis if kpi.name == name), "records found")
    unit = next((kpi.unit for kpi in run.kpis if kpi.name == name), "")
    alert = facts.alert(
        ANOMALY,
        f"{run.job_name or run.job}: {label} {number:,g}{' ' + unit if unit else ''}, usually "
        f"{found.median:,g}.",
        key=place,
        since=at,
        job=run.job,
        job_name=run.job_name,
        company=run.company,
        run=run.uid,
        details=_why(found),
        total=run.matched,
    )
    return Observation(place, at, alert)


def _why(found: Usual) -> tuple[tuple[str, str], ...]:
    return (
        ("Usual", f"{max(found.low, 0) if found.median >= 0 else found.low:,g} to {found.high:,g}"),
        ("Looks before", f"{found.points:,}"),
    )


def _first(store: TrailStore, stored: StoredRun, facts: Facts) -> tuple[Record, ...]:
    wanted = facts.rules.message.records
    if not wanted:
        return ()
    lines = store.lines(stored, limit=wanted)
    return tuple(facts.record(line.model, line.record, line.name) for line in lines)


def _difference(recall: Recall, now: StoredRun, before: StoredRun) -> Difference:
    """Compare the records of two looks, or their counts where not every record has a line."""
    for each in (now, before):
        if each.run.line_count != each.run.matched or each.run.line_count > COMPARED:
            change = now.run.matched - before.run.matched
            return Difference(max(change, 0), max(-change, 0), ())
    found, known = recall.records(now), recall.records(before)
    new = [(*record, name) for record, name in found.items() if record not in known]
    return Difference(len(new), len(known.keys() - found.keys()), tuple(new[:5]))


def _words(difference: Difference | None) -> str:
    if difference is None or not (difference.new or difference.gone):
        return ""
    return f"+{difference.new:,} new, −{difference.gone:,} gone since the last look"
