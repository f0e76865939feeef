"""``GET /metrics``, for Prometheus.

What is not known is not there: a job that never ran has no duration, and while Odoo can't be asked
nothing is said of its chain. Only the two ``_up`` metrics are always there.
"""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from auditor import __version__
from auditor.adapters.http.message import Response
from auditor.adapters.http.prometheus import CONTENT_TYPE, Metric, render
from auditor.adapters.http.route import Answer, Call, Route
from auditor.errors import AuditorError
from auditor.odoo.errors import OdooError, Refused

if TYPE_CHECKING:
    from auditor.adapters.http.door import Door
    from auditor.odoo.answers import Health
    from auditor.stores.figures import RunFigures

logger = logging.getLogger(__name__)

KEPT_SECONDS = 60.0
"""How long figures of a store that is paid for by the question are given again."""


def handle(door: Door, _call: Call) -> Response:
    """Measure Odoo and the store."""
    health = _health(door)
    figures = _figures(door)
    metrics = [
        _gauge("info", "Versions at work.", (1, {"version": __version__})),
        _gauge(
            "odoo_up", "Whether Odoo could be asked: 1 yes, 0 no.", (int(health is not None), {})
        ),
        _gauge(
            "store_up",
            "Whether the store could be read: 1 yes, 0 no.",
            (int(figures is not None), {}),
        ),
    ]
    if health is not None:
        metrics += _of_odoo(health)
    if figures is not None:
        metrics += _of_store(figures)
    metrics.append(_position(health, figures))
    if health is not None and figures is not None:
        metrics.append(_lag(door, health, figures))
    return Response(200, render(metrics), {"Content-Type": CONTENT_TYPE})


def _health(door: Door) -> Health | None:
    try:
        return door.client().health()
    except AuditorError as error:
        logger.warning("Odoo could not be measured", extra={"because": error.message})
        return None


def _figures(door: Door) -> RunFigures | None:
    kept = door.figures
    if kept and door.clock() - kept[0] < KEPT_SECONDS:
        return kept[1]
    try:
        with door.store(create=False) as store:
            figures = store.run_figures()
        paid = door.settings.bigquery_address is not None
    except AuditorError as error:
        logger.warning("the store could not be measured", extra={"because": error.message})
        return None
    if paid:
        door.figures = (door.clock(), figures)
    return figures


def _gauge(name: str, text: str, *samples: tuple[float | None, dict[str, str]]) -> Metric:
    metric = Metric(f"sentinel_ops_{name}", "gauge", text)
    for value, labels in samples:
        metric.add(value, **labels)
    return metric


def _of_odoo(health: Health) -> list[Metric]:
    of = {"database": health.database}
    return [
        _gauge(
            "odoo_ok",
            "Whether Sentinel-Ops in Odoo is able to work: 1 yes, 0 no.",
            (int(health.ok), of),
        ),
        _gauge("odoo_problems", "Problems that Odoo reports.", (len(health.problems), of)),
        _gauge("odoo_notices", "Notices that Odoo reports.", (len(health.notices), of)),
        _gauge("runs_queued", "Runs that wait for their turn.", (health.queued, of)),
        _gauge("runs_running", "Runs at work.", (health.running, of)),
        _gauge(
            "oldest_queued_seconds",
            "How long the oldest run has been waiting for its turn.",
            (health.oldest_queued_seconds, of),
        ),
    ]


def _of_store(figures: RunFigures) -> list[Metric]:
    runs = Metric("sentinel_ops_runs_total", "counter", "Sealed runs by job, mode and status.")
    for tally in figures.tallies:
        runs.add(
            tally.runs,
            database=tally.database,
            chain=tally.chain,
            job=tally.job,
            mode=tally.mode,
            status=tally.status,
        )
    duration = _gauge("last_run_duration_seconds", "How long the newest sealed run took.")
    ended = _gauge("last_run_ended_timestamp_seconds", "When the newest sealed run ended.")
    for run in figures.newest:
        labels = {
            "database": run.database,
            "chain": run.chain,
            "job": run.job,
            "mode": run.mode,
        }
        if run.started_at and run.ended_at:
            duration.add((run.ended_at - run.started_at).total_seconds(), **labels)
        ended.add(_seconds(run.ended_at), **labels)
    findings = _gauge(
        "findings", "Records that the newest plan found and no live run has repaired since."
    )
    planned = _gauge("findings_timestamp_seconds", "When that plan ended.")
    for found in figures.findings:
        labels = {"database": found.database, "chain": found.chain, "job": found.job}
        findings.add(found.records, **labels)
        planned.add(_seconds(found.planned_at), **labels)
    return [runs, duration, ended, findings, planned]


def _position(health: Health | None, figures: RunFigures | None) -> Metric:
    metric = _gauge("chain_position", "Where the chain ends, in Odoo and in the store.")
    if health and health.head.isdecimal():
        metric.add(int(health.head), where="odoo", database=health.database, chain=health.chain)
    for stored in figures.chains if figures else ():
        metric.add(stored.position, where="store", database=stored.database, chain=stored.chain)
    return metric


def _lag(door: Door, health: Health, figures: RunFigures) -> Metric:
    """Return since when the store has been behind Odoo.

    That is how old the first entry is that the store lacks; 0 only when it lacks none.
    """
    metric = _gauge(
        "pull_lag_seconds",
        "Age of the oldest sealed entry that the store lacks; 0 if it lacks none.",
    )
    if not health.head.isdecimal():
        return metric
    stored = next((each.position for each in figures.chains if each.chain == health.chain), 0)
    labels = {"database": health.database, "chain": health.chain}
    if stored == int(health.head):
        metric.add(0, **labels)
    elif stored < int(health.head):
        metric.add(_age(door, stored), **labels)
    return metric


def _age(door: Door, position: int) -> float | None:
    try:
        _page, entries = door.client().export_runs(after=position, limit=1)
    except Refused:
        return None  # the door's user is no auditor, who alone may know
    except OdooError as error:
        logger.warning("the lag could not be measured", extra={"because": error.message})
        return None
    if not entries:
        return None
    sealed = datetime.fromisoformat(entries[0].sealed_at.removesuffix("Z"))
    return max(0.0, (door.now() - sealed.replace(tzinfo=timezone.utc)).total_seconds())


def _seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None


ROUTE = Route(
    "GET",
    "/metrics",
    "Figures for Prometheus",
    "Runs, durations, findings, pull lag and positions of the chain, in Prometheus' text form. "
    "What is not known is absent, never 0.",
    handle,
    {200: Answer("The figures.")},
)
