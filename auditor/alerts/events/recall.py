"""What earlier looks found, asked of the store once a round: in BigQuery each question costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.stores.interface import StoredRun, TrailStore


class Recall:
    """Remembers answers of the store for one round, in which nothing is written to it."""

    def __init__(self, store: TrailStore) -> None:
        self._store = store
        self._runs: dict[tuple[str, int], list[StoredRun]] = {}
        self._records: dict[tuple[str, str], dict[tuple[str, int], str]] = {}

    def runs(self, job: str, limit: int) -> list[StoredRun]:
        """The newest runs of a job."""
        key = (job, limit)
        if key not in self._runs:
            self._runs[key] = self._store.recent_runs(limit=limit, job=job)
        return self._runs[key]

    def records(self, stored: StoredRun) -> dict[tuple[str, int], str]:
        """The records of a run's lines, model and id, with their names."""
        key = (stored.chain, stored.run.position)
        if key not in self._records:
            lines = self._store.lines(stored, limit=0) if stored.run.line_count else []
            self._records[key] = {(line.model, line.record): line.name for line in lines}
        return self._records[key]
