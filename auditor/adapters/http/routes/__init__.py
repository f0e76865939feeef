"""The door's addresses, one a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.adapters.http.routes import execute, health, jobs, metrics, openapi, pull, runs

if TYPE_CHECKING:
    from auditor.adapters.http.route import Route

ROUTES: tuple[Route, ...] = (
    health.ROUTE,
    jobs.ROUTE,
    execute.ROUTE,
    runs.ROUTE,
    pull.ROUTE,
    metrics.ROUTE,
    openapi.ROUTE,
)
