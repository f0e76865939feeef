"""``GET /health``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from auditor import __version__
from auditor.adapters.http.message import Request, Response
from auditor.adapters.http.route import Answer, Call, Route
from auditor.errors import AuditorError
from auditor.odoo.answers import Health, Problem
from auditor.redact import redact

if TYPE_CHECKING:
    from auditor.adapters.http.door import Door


class Query(BaseModel):
    """How deep to look."""

    deep: bool = Field(
        default=False, description="Ask Odoo and the store too; needs an identity, as all else."
    )


class OdooPart(BaseModel):
    """How Sentinel-Ops is inside Odoo; ``health`` is null when Odoo could not be asked."""

    ok: bool
    health: Health | None = None
    problem: Problem | None = None


class StoreChain(BaseModel):
    """How far one chain is stored."""

    chain: str
    database: str
    position: str
    pulled_at: str


class StorePart(BaseModel):
    """How the store is."""

    ok: bool
    chains: list[StoreChain] = []
    problem: Problem | None = None


class Document(BaseModel):
    """``ok`` is true only if everything that was asked is well."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ok": True, "version": "0.1.0"}]})

    ok: bool
    service: Literal["sentinel-ops"] = "sentinel-ops"
    version: str = __version__
    odoo: OdooPart | None = None
    store: StorePart | None = None


def handle(door: Door, call: Call) -> Response:
    """Say that the function is up; with ``deep`` also how everything behind it is."""
    if not (isinstance(call.query, Query) and call.query.deep):
        return Response(200, Document(ok=True).model_dump(exclude_none=True))
    odoo, store = _odoo(door), _store(door)
    found = Document(ok=odoo.ok and store.ok, odoo=odoo, store=store)
    return Response(200 if found.ok else 503, found.model_dump(mode="json"))


def _odoo(door: Door) -> OdooPart:
    try:
        health = door.client().health()
    except AuditorError as error:
        return OdooPart(ok=False, problem=_problem(error))
    return OdooPart(ok=health.ok, health=health)


def _store(door: Door) -> StorePart:
    try:
        with door.store(create=False) as store:
            chains = store.chains()
    except AuditorError as error:
        return StorePart(ok=False, problem=_problem(error))
    return StorePart(
        ok=True,
        chains=[
            StoreChain(
                chain=each.chain,
                database=each.database,
                position=str(each.head.position),
                pulled_at=each.pulled_at,
            )
            for each in chains
        ],
    )


def _problem(error: AuditorError) -> Problem:
    return Problem(
        code=type(error).__name__, message=redact(error.message), remedy=redact(error.remedy)
    )


def _is_shallow(request: Request) -> bool:
    return not any(request.query.get("deep", ()))


ROUTE = Route(
    "GET",
    "/health",
    "Is the function up?",
    "Without `deep` it asks nothing and answers everybody, for probes of the platform. With "
    "`deep=1` it asks Odoo and the store, and 503 says that something is wrong or could not be "
    "asked.",
    handle,
    {
        200: Answer("All that was asked is well.", Document),
        503: Answer("Something is wrong, or could not be asked.", Document),
    },
    query=Query,
    is_open=_is_shallow,
)
