"""Figures about all runs of a store at once, for monitoring: the same questions to every store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, NamedTuple


class Tally(NamedTuple):
    """How many runs of a job ended in one way."""

    chain: str
    database: str
    job: str
    mode: str
    status: str
    runs: int


class Newest(NamedTuple):
    """The newest run of a job in one mode; times are None where they are not known."""

    chain: str
    database: str
    job: str
    mode: str
    started_at: datetime | None
    ended_at: datetime | None


class Open(NamedTuple):
    """What the newest plan of a job found that no live run has repaired since.

    Of plans only those count that could tell: one that broke tells nothing.
    """

    chain: str
    database: str
    job: str
    records: int
    planned_at: datetime | None


class Stored(NamedTuple):
    """How far a chain is stored."""

    chain: str
    database: str
    position: int


@dataclass(frozen=True)
class RunFigures:
    """Figures about all runs of a store, each list in the order of chain, job and mode."""

    chains: list[Stored]
    tallies: list[Tally]
    newest: list[Newest]
    findings: list[Open]


_CHAINS = "SELECT chain, database, position FROM {chains} ORDER BY chain"
_TALLIES = """
    SELECT chain, database, job, mode, status, count(*) AS number FROM {runs}
    GROUP BY chain, database, job, mode, status ORDER BY chain, job, mode, status
"""
_NEWEST = """
    SELECT chain, database, job, mode, started_at, ended_at
    FROM (
        SELECT r.*, row_number() OVER (
            PARTITION BY chain, job, mode ORDER BY position DESC) AS place
        FROM {runs} AS r
    ) AS n
    WHERE place = 1 ORDER BY chain, job, mode
"""
# The view leaves out the jobs of which nothing is open; the plans that it looks at are these.
_FINDINGS = """
    SELECT n.chain, n.database, n.job, ifnull(v.open, 0) AS records, n.ended_at
    FROM (
        SELECT r.*, row_number() OVER (PARTITION BY chain, job ORDER BY position DESC) AS place
        FROM {runs} AS r
        WHERE mode = 'plan' AND shape IN ('check', 'remedy') AND status IN ('success', 'dry_run')
            AND ifnull(verdict, '') NOT IN ('error', 'not_evaluated')
    ) AS n
    LEFT JOIN {open} AS v ON v.chain = n.chain AND v.job = n.job
    WHERE n.place = 1 AND n.matched IS NOT NULL ORDER BY n.chain, n.job
"""


def gather(
    ask: Callable[[str], list[tuple[Any, ...]]],
    *,
    runs: str,
    chains: str = "chains",
    open_findings: str = "v_open_findings",
) -> RunFigures:
    """Return the figures.

    :param ask: runs one SELECT.
    :param runs: what to select runs from, in that store's SQL; the others likewise.
    """

    def rows(sql: str) -> list[tuple[Any, ...]]:
        tables = {"{runs}": runs, "{chains}": chains, "{open}": open_findings}
        for name, table in tables.items():
            sql = sql.replace(name, table)
        return ask(sql)

    return RunFigures(
        [Stored(chain, database or "", position) for chain, database, position in rows(_CHAINS)],
        [
            Tally(chain, database or "", job, mode or "", status or "", number)
            for chain, database, job, mode, status, number in rows(_TALLIES)
        ],
        [
            Newest(chain, database or "", job, mode or "", _moment(started), _moment(ended))
            for chain, database, job, mode, started, ended in rows(_NEWEST)
        ],
        [
            Open(chain, database or "", job, records, _moment(ended))
            for chain, database, job, records, ended in rows(_FINDINGS)
        ],
    )


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not value:
        return None
    try:
        found = datetime.fromisoformat(value.removesuffix("Z").replace("T", " "))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
