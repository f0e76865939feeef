"""``GET /openapi.json``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from auditor.adapters.http.message import Response
from auditor.adapters.http.route import Answer, Call, Route

if TYPE_CHECKING:
    from auditor.adapters.http.door import Door


class Document(BaseModel):
    """An OpenAPI document."""

    model_config = ConfigDict(extra="allow")

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]


def handle(_door: Door, _call: Call) -> Response:
    """Describe the door."""
    from auditor.adapters.http.openapi import document

    return Response(200, document())


ROUTE = Route(
    "GET",
    "/openapi.json",
    "This document",
    "The door's addresses as OpenAPI 3.1, made from what the code checks requests with.",
    handle,
    {200: Answer("The document.", Document)},
)
