"""What was done, from the audit store: nothing here asks Odoo."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Annotated

from pydantic import Field

from auditor.adapters.mcp.door import Door
from auditor.adapters.mcp.foreign import Code, OdooText
from auditor.adapters.mcp.views import Answer, LineView, View, line_view
from auditor.stores.interface import StoredRun, TrailStore

MOST = 100
SCANNED = 2000
"""Newest runs among which list_runs looks."""
GOOD = frozenset({"success", "dry_run"})
GOOD_VERDICTS = frozenset({"", "pass"})


class Freshness(View):
    """How much of one database the store has, and since when it has nothing new."""

    database: Code
    pulled_at: Code
    runs: int


class StoredAnswer(Answer):
    """An answer out of the store."""

    store: list[Freshness] = Field(
        description="When each database was last copied into the store; later runs are missing."
    )


class ListedRun(View):
    """One run, in short."""

    uid: Code
    database: Code
    job: Code
    mode: Code
    status: Code
    verdict: Code
    requested_at: Code
    ended_at: Code
    requested_by: OdooText
    reason: OdooText
    error: OdooText
    matched: int
    selected: int
    amount: Code
    currency: Code
    outcomes: dict[str, int]


class ListedRuns(StoredAnswer):
    """Runs, the newest first."""

    runs: list[ListedRun]
    next: int = Field(description="Give it as `skip` for the next ones; 0 after the last.")
    complete: bool = Field(
        description=f"False when only the newest {SCANNED} runs were looked at and there are more."
    )


class Happened(LineView):
    """What one run did to the record."""

    run: Code
    database: Code
    job: Code
    mode: Code
    requested_by: OdooText


class RecordHistory(StoredAnswer):
    """The life of a record, the oldest first."""

    happened: list[Happened]
    next: int = Field(description="Give it as `skip` for the next ones; 0 after the last.")


Skip = Annotated[int, Field(ge=0, le=100_000, description="`next` of the page before.")]
Limit = Annotated[int, Field(ge=1, le=MOST)]


def list_runs(door: Door) -> Callable[..., ListedRuns]:
    """Return the tool."""

    def list_runs(
        job: Annotated[str, Field(max_length=100, description="Only runs of this job.")] = "",
        since: Annotated[
            str,
            Field(
                pattern=r"^(\d{4}-\d\d-\d\d([ T]\d\d:\d\d)?)?$",
                description="Only runs asked for at or after this UTC time: 2026-01-31 or "
                "2026-01-31 18:00.",
            ),
        ] = "",
        only_bad: Annotated[
            bool, Field(description="Only runs that ended badly, or whose check did not pass.")
        ] = False,
        skip: Skip = 0,
        limit: Limit = 20,
    ) -> ListedRuns:
        """List what was run, the newest first, from the audit store; `store` says how old it is."""
        since = since.replace("T", " ")
        with door.store() as store:
            newest = store.recent_runs(limit=SCANNED, job=job)
            fresh = freshness(store)
        fitting = [
            each
            for each in newest
            if each.run.requested_at.replace("T", " ") >= since and not (only_bad and _good(each))
        ]
        whole = len(newest) < SCANNED or newest[-1].run.requested_at.replace("T", " ") < since
        return ListedRuns(
            store=fresh,
            runs=[_listed(each) for each in fitting[skip : skip + limit]],
            next=skip + limit if len(fitting) > skip + limit else 0,
            complete=whole,
        )

    return list_runs


def record_history(door: Door) -> Callable[..., RecordHistory]:
    """Return the tool."""

    def record_history(
        model: Annotated[
            str,
            Field(
                pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)+$",
                max_length=100,
                description="Technical name of a model, such as sale.order.",
            ),
        ],
        record: Annotated[
            str, Field(min_length=1, max_length=200, description="The record's id or exact name.")
        ],
        skip: Skip = 0,
        limit: Limit = 20,
    ) -> RecordHistory:
        """Tell what Sentinel-Ops did to one record, and why, the oldest first.

        From the audit store; `store` says how old it is. What people changed in Odoo themselves is
        not in it.
        """
        with door.store() as store:
            found = list(islice(store.history(model, record), skip, skip + limit + 1))
            fresh = freshness(store)
        return RecordHistory(
            store=fresh,
            happened=[
                Happened(
                    **{name: getattr(line_view(each.line), name) for name in LineView.model_fields},
                    run=each.stored.run.uid,
                    database=each.stored.database,
                    job=each.stored.run.job,
                    mode=each.stored.run.mode,
                    requested_by=each.stored.run.requested_by,
                )
                for each in found[:limit]
            ],
            next=skip + limit if len(found) > limit else 0,
        )

    return record_history


def freshness(store: TrailStore) -> list[Freshness]:
    """Return when each chain of the store was last pulled."""
    return [
        Freshness(database=chain.database, pulled_at=chain.pulled_at, runs=chain.runs)
        for chain in store.chains()
    ]


def _good(stored: StoredRun) -> bool:
    return stored.run.status in GOOD and stored.run.verdict in GOOD_VERDICTS


def _listed(stored: StoredRun) -> ListedRun:
    same = set(ListedRun.model_fields) - {"database"}
    return ListedRun(database=stored.database, **{name: getattr(stored.run, name) for name in same})
