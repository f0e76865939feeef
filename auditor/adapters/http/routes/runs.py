"""``GET /runs/{id}``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from auditor.adapters.http.message import Response
from auditor.adapters.http.result import Shown, figures
from auditor.adapters.http.route import Answer, Call, Route
from auditor.adapters.http.trouble import HttpError
from auditor.odoo.errors import BusinessFault

if TYPE_CHECKING:
    from auditor.adapters.http.door import Door

MOST_LINES = 500


class Query(BaseModel):
    """Which lines."""

    lines: int = Field(default=0, ge=0, le=MOST_LINES, description="How many lines to show.")
    after: int = Field(
        default=0, ge=0, le=2**31 - 1, description="The number of the last line already seen."
    )


def handle(door: Door, call: Call) -> Response:
    """Show where a run is, and some of its lines."""
    if not isinstance(call.query, Query):
        raise TypeError("read by the route's own query")
    client = door.client()
    try:
        run = client.status(call.place)
    except BusinessFault as error:
        raise HttpError(404, "run_unknown", error.message, "POST /execute makes runs.") from None
    wanted = call.query.lines
    page = client.read_lines(run.uid, after=call.query.after, limit=wanted) if wanted else None
    return Response(
        200,
        {
            **figures(door, run),
            "lines": [line.model_dump(mode="json") for line in page.lines] if page else [],
            "next_line": page.next if page else 0,
            "line_total": page.total if page else None,
        },
    )


ROUTE = Route(
    "GET",
    "/runs/{id}",
    "One run",
    "State, result, guards and what it waits for; with `lines=50` its first lines, with "
    "`after=NUMBER` those behind one.",
    handle,
    {200: Answer("The run.", Shown)},
    query=Query,
    errors={404: ("run_unknown",)},
)
