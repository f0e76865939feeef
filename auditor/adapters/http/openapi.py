"""The OpenAPI document, made of the routes' own declarations."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from auditor import __version__
from auditor.adapters.http.message import LARGEST_BODY
from auditor.adapters.http.prometheus import CONTENT_TYPE
from auditor.adapters.http.route import PLACE, Route
from auditor.adapters.http.trouble import CODES

_REF = "#/components/schemas/{model}"
_EVERYWHERE: dict[int, tuple[str, ...]] = {
    400: ("bad_input", "refused_by_odoo"),
    401: ("unauthenticated",),
    403: ("forbidden",),
    404: ("not_found",),
    405: ("method_not_allowed",),
    413: ("too_large",),
    429: ("too_many_requests",),
    500: ("misconfigured", "internal"),
    502: ("odoo_unreachable",),
    504: ("odoo_too_slow",),
}
_WITH_BODY: dict[int, tuple[str, ...]] = {415: ("not_json",)}
_ERROR_HEADERS = {
    401: {"WWW-Authenticate": "How to say who asks."},
    405: {"Allow": "The methods that there are."},
    429: {"Retry-After": "Seconds."},
    503: {"Retry-After": "Seconds."},
}


class ErrorFacts(BaseModel):
    """What went wrong and what to do about it; ``remedy`` may be empty."""

    code: str
    message: str
    remedy: str
    request_id: str


class Error(BaseModel):
    """Every error has this shape."""

    error: ErrorFacts


@cache
def document() -> dict[str, Any]:
    """Return the document."""
    from auditor.adapters.http.routes import ROUTES

    shapes = _Shapes(ROUTES)
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, shapes)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sentinel-Ops",
            "version": __version__,
            "description": "Run Odoo jobs dry first, look at what they did, copy the sealed "
            f"trail. A body has at most {LARGEST_BODY // 1024} KiB.",
            "license": {"name": "LGPL-3.0-only", "identifier": "LGPL-3.0-only"},
        },
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": shapes.definitions,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "SENTINEL_HTTP_TOKEN, or behind Google's IAM an identity token.",
                }
            },
        },
    }


class _Shapes:
    """JSON schemas of all models, each said once."""

    def __init__(self, routes: tuple[Route, ...]) -> None:
        wanted: dict[tuple[type[BaseModel], Literal["validation", "serialization"]], None] = {
            (Error, "serialization"): None
        }
        for route in routes:
            if route.body:
                wanted[route.body, "validation"] = None
            for answer in route.answers.values():
                if answer.document:
                    wanted[answer.document, "serialization"] = None
        refs, found = models_json_schema(list(wanted), ref_template=_REF)
        self._refs = refs
        self.definitions: dict[str, Any] = found["$defs"]

    def body(self, model: type[BaseModel]) -> dict[str, Any]:
        return dict(self._refs[model, "validation"])

    def answer(self, model: type[BaseModel]) -> dict[str, Any]:
        return dict(self._refs[model, "serialization"])


def _operation(route: Route, shapes: _Shapes) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}_{route.path.strip('/').split('/')[0]}".replace(
            ".json", ""
        ),
        "summary": route.summary,
        "description": route.description,
        "parameters": _parameters(route),
        "responses": _responses(route, shapes),
    }
    if route.body:
        operation["requestBody"] = {
            "required": bool(_required(route.body)),
            "content": {"application/json": {"schema": shapes.body(route.body)}},
        }
    return operation


def _required(model: type[BaseModel]) -> list[str]:
    """Return the names that a body must have."""
    return [name for name, field in model.model_fields.items() if field.is_required()]


def _parameters(route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if "{id}" in route.path:
        found.append(
            {
                "name": "id",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "pattern": f"^{PLACE}$"},
            }
        )
    for name, schema in route.query.model_json_schema().get("properties", {}).items():
        shape = {key: value for key, value in schema.items() if key not in ("title", "description")}
        found.append(
            {
                "name": name,
                "in": "query",
                "description": schema.get("description", ""),
                "schema": shape,
            }
        )
    found.extend(
        {"name": name, "in": "header", "schema": dict(schema)}
        for name, schema in route.headers.items()
    )
    return found


def _responses(route: Route, shapes: _Shapes) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, answer in route.answers.items():
        content: dict[str, Any] = (
            {"application/json": {"schema": shapes.answer(answer.document)}}
            if answer.document
            else {CONTENT_TYPE: {"schema": {"type": "string"}}}
        )
        responses[str(status)] = {
            "description": answer.description,
            "headers": _headers(answer.headers),
            "content": content,
        }
    errors = {**_EVERYWHERE, **(_WITH_BODY if route.body else {})}
    for status, codes in route.errors.items():
        errors[status] = (*errors.get(status, ()), *codes)
    for status, codes in sorted(errors.items()):
        if str(status) in responses:
            continue
        responses[str(status)] = {
            "description": " ".join(f"`{code}`: {CODES[code]}" for code in codes),
            "headers": _headers(_ERROR_HEADERS.get(status, {})),
            "content": {"application/json": {"schema": shapes.answer(Error)}},
        }
    return responses


def _headers(known: Mapping[str, str]) -> dict[str, Any]:
    return {
        "X-Request-Id": {
            "description": "The request's id: the caller's own, or a new one.",
            "schema": {"type": "string"},
        },
        **{
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in known.items()
        },
    }
