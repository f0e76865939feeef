"""What the report says about one chain, gathered in one pass over the period.

Memory grows with jobs, people and days, not with runs or lines.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from auditor.cli.exits import GOOD_STATUSES, GOOD_VERDICTS
from auditor.report.buckets import Buckets
from auditor.stores.interface import RUN, ChainSummary, Entry, LineRow, StoreError
from auditor.stores.reading import sealed_run
from auditor.trail.period import Period, Places, entries_in, places

if TYPE_CHECKING:
    from auditor.odoo.answers import SealedRun
    from auditor.stores.interface import TrailStore

CHECK_FAILED = "check_failed"
"""A run that ended well and says that something is wrong, or that it could not tell."""
FAILURES = frozenset({"refused", "failed", "ineffective"})
DECISIONS, STOPS = "sentinel.approval", "sentinel.stop"
EVENTS = 50
"""Newest events of a kind that are kept, of any number."""
MESSAGES = 4_000
"""Different messages counted at a time; beyond, the rarer half is let go."""
LONG = 100
"""Days of a period that is shown from its first to its last entry only."""
ZERO = Decimal(0)


@dataclass
class Failure:
    """Records that went wrong in the same way, of one job and mode."""

    count: int = 0
    record: str = ""
    run: str = ""
    at: str = ""


@dataclass
class Findings:
    """What plans and checks of one job found; ``None`` where none could tell."""

    values: list[int | None]
    name: str = ""
    shape: str = ""
    newest: SealedRun | None = None
    broken: int = 0
    repaired: int = 0
    """By live runs since the newest look, less what an undo put back."""

    @property
    def matched(self) -> int:
        """What the newest look found."""
        return self.newest.matched if self.newest else 0

    @property
    def open(self) -> int:
        """What the newest look found and nothing has repaired since."""
        return max(0, self.matched - max(0, self.repaired))


@dataclass
class Duration:
    """How long the runs of a job took, in seconds."""

    runs: int = 0
    total: float = 0.0
    longest: float = 0.0

    @property
    def average(self) -> float:
        """The mean."""
        return self.total / self.runs if self.runs else 0.0


@dataclass
class Requests:
    """What one person had done by one job."""

    runs: int = 0
    changed: int = 0
    last: str = ""


@dataclass
class Event:
    """One change of a definition."""

    at: str
    user: str
    kind: str
    model: str
    what: str
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass
class Figures:
    """Everything that is said about one chain.

    :param results: by status, or :data:`CHECK_FAILED`: runs in each bucket.
    :param saved: by currency: money of records that live runs changed, in each bucket.
    :param saved_by_job: the same by (job, currency).
    :param unread: places whose content cannot be read.
    :param let_go: whether rare messages were let go.
    """

    chain: ChainSummary
    buckets: Buckets
    within: Places | None = None
    runs: int = 0
    live: int = 0
    changed: int = 0
    event_count: int = 0
    unread: int = 0
    let_go: bool = False
    results: dict[str, list[int]] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    findings: dict[str, Findings] = field(default_factory=dict)
    saved: dict[str, list[Decimal]] = field(default_factory=dict)
    saved_by_job: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    failures: dict[tuple[str, str, str, str], Failure] = field(default_factory=dict)
    durations: defaultdict[tuple[str, str, str], Duration] = field(
        default_factory=lambda: defaultdict(Duration)
    )
    requests: defaultdict[tuple[str, str, str, str, str], Requests] = field(
        default_factory=lambda: defaultdict(Requests)
    )
    events: dict[str, deque[Event]] = field(default_factory=dict)
    event_counts: Counter[str] = field(default_factory=Counter)
    withheld: Counter[str] = field(default_factory=Counter)

    def by_outcome(self, codes: Iterable[str]) -> int:
        """How many records had one of these outcomes, in live runs."""
        return sum(self.outcomes[code] for code in codes)

    def open_findings(self) -> list[tuple[str, Findings]]:
        """Jobs whose newest look found what is not repaired since, the most first."""
        found = [(job, each) for job, each in self.findings.items() if each.open]
        return sorted(found, key=lambda pair: -pair[1].open)


def gather(store: TrailStore, chain: ChainSummary, period: Period) -> Figures:
    """Return what the store has of ``chain`` in ``period``.

    :raises StoreError: the store can't be read.
    """
    within = places(store, chain.chain, period)
    if within is None:
        return Figures(chain, Buckets(Period(period.until, period.until)))
    figures = Figures(chain, Buckets(_shown(period, within)), within)
    for entry in entries_in(store, chain.chain, within):
        if entry.withheld:
            figures.withheld[entry.withheld] += 1
        if not entry.content:
            if entry.kind == RUN:
                figures.runs += 1
            else:
                figures.event_count += 1
            continue
        if entry.kind == RUN:
            _take_run(figures, store, entry)
        else:
            _take_event(figures, entry)
    return figures


def _shown(period: Period, within: Places) -> Period:
    """Return the days of charts: of a long period those with anything in them."""
    if (period.until - period.since).days <= LONG:
        return period
    return Period(date.fromisoformat(within.first_day), date.fromisoformat(within.last_day))


def _take_run(figures: Figures, store: TrailStore, entry: Entry) -> None:
    figures.runs += 1
    try:
        run = sealed_run(entry.position, entry.content)
    except StoreError:
        figures.unread += 1
        return
    at = figures.buckets.place(entry.sealed_at)
    if at is not None:
        result = run.status
        if result in GOOD_STATUSES and run.verdict not in GOOD_VERDICTS:
            result = CHECK_FAILED
        figures.results.setdefault(result, [0] * len(figures.buckets))[at] += 1
    done = run.outcomes.get("done", 0) if run.mode == "live" else 0
    if run.mode == "live":
        figures.live += 1
        figures.changed += done
        figures.outcomes.update(run.outcomes)
        if run.job in figures.findings:
            figures.findings[run.job].repaired += -done if run.undoes else done
    _take_findings(figures, run, at)
    _take_time(figures, run)
    asked = figures.requests[run.requested_by, run.job, run.mode, run.shape, run.source]
    asked.runs += 1
    asked.changed += done
    asked.last = max(asked.last, run.requested_at)
    if run.error:
        key = (run.job, run.mode, run.status, run.error)
        _fail(figures, key, record="", run=run)
    _take_lines(figures, store, run, entry, at)


def _take_findings(figures: Figures, run: SealedRun, at: int | None) -> None:
    if run.mode != "plan" or run.shape not in ("check", "remedy"):
        return
    found = figures.findings.setdefault(run.job, Findings([None] * len(figures.buckets)))
    found.name, found.shape = run.job_name, run.shape
    if run.status not in GOOD_STATUSES or run.verdict in ("error", "not_evaluated"):
        found.broken += 1
        return
    found.newest, found.repaired = run, 0
    if at is not None:
        found.values[at] = run.matched


def _take_time(figures: Figures, run: SealedRun) -> None:
    try:
        took = (_time(run.ended_at) - _time(run.started_at)).total_seconds()
    except ValueError:
        return
    duration = figures.durations[run.job, run.mode, run.shape]
    duration.runs += 1
    duration.total += took
    duration.longest = max(duration.longest, took)


def _time(text: str) -> datetime:
    # Python 3.10 does not read the Z.
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _take_lines(
    figures: Figures, store: TrailStore, run: SealedRun, entry: Entry, at: int | None
) -> None:
    """Read the run's lines when there is money or a failure in them."""
    money = run.mode == "live" and run.outcomes.get("done") and run.currency
    failed = run.mode != "plan" and FAILURES & set(run.outcomes)
    if not money and not failed:
        return
    for line in store.entry_lines(figures.chain.chain, entry.position):
        facts = _facts(line)
        outcome = str(facts.get("outcome", ""))
        if outcome == "done" and money:
            amount, currency = facts.get("amount"), str(facts.get("currency", ""))
            _save(figures, run.job, currency, _decimal(amount), at)
        elif outcome in FAILURES:
            name = str(facts.get("name", ""))
            message = str(facts.get("message") or facts.get("reason") or "")
            if len(name) > 1:
                # The same refusal of many records is one failure with many records.
                message = message.replace(name, "…")
            _fail(figures, (run.job, run.mode, outcome, message), record=name, run=run)


def _facts(line: LineRow) -> dict[str, Any]:
    if not line.content:
        return {}
    try:
        facts = json.loads(line.content)
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _decimal(value: object) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return ZERO
    return amount if amount.is_finite() and abs(amount) < Decimal(10) ** 30 else ZERO


def _save(figures: Figures, job: str, currency: str, amount: Decimal, at: int | None) -> None:
    if not amount:
        return
    key = (job, currency)
    figures.saved_by_job[key] = figures.saved_by_job.get(key, ZERO) + amount
    if at is not None:
        figures.saved.setdefault(currency, [ZERO] * len(figures.buckets))[at] += amount


def _fail(figures: Figures, key: tuple[str, str, str, str], *, record: str, run: SealedRun) -> None:
    failures = figures.failures
    if key not in failures and len(failures) >= MESSAGES:
        kept = sorted(failures.items(), key=lambda item: -item[1].count)[: MESSAGES // 2]
        failures.clear()
        failures.update(kept)
        figures.let_go = True
    failure = failures.setdefault(key, Failure())
    failure.count += 1
    failure.record, failure.run, failure.at = record, run.uid, run.ended_at


def _take_event(figures: Figures, entry: Entry) -> None:
    figures.event_count += 1
    try:
        facts = json.loads(entry.content)
        before, after = facts["before"] or {}, facts["after"] or {}
        event = Event(
            str(facts["at"]),
            str(facts["user"]),
            str(facts["kind"]),
            str(facts["model"]),
            f"{facts['model_name'] or facts['model']}: {facts['record_name']}",
            dict(before),
            dict(after),
        )
    except (ValueError, KeyError, TypeError):
        figures.unread += 1
        return
    kind = event.model if event.model in (DECISIONS, STOPS) else ""
    figures.event_counts[kind] += 1
    figures.events.setdefault(kind, deque(maxlen=EVENTS)).append(event)
