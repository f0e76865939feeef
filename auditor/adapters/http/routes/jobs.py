"""``GET /jobs``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.adapters.http.message import Response
from auditor.adapters.http.route import Answer, Call, Route
from auditor.odoo.answers import Catalog

if TYPE_CHECKING:
    from auditor.adapters.http.door import Door


def handle(door: Door, _call: Call) -> Response:
    """List the jobs with their parameters."""
    return Response(200, door.client().catalog().model_dump(mode="json"))


ROUTE = Route(
    "GET",
    "/jobs",
    "The jobs that Odoo offers",
    "Every job with its name, description, tags, modes, caps, schedule, last run and declared "
    "parameters (type, bounds, choices, the job's own value).",
    handle,
    {200: Answer("The catalogue.", Catalog)},
)
