"""Read what was sent, strictly: nothing is guessed, nothing is left out in silence."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from auditor.adapters.http.message import LARGEST_BODY, Request
from auditor.adapters.http.trouble import HttpError
from auditor.errors import BadInput

_M = TypeVar("_M", bound=BaseModel)
_REMEDY = "GET /openapi.json says what may be sent."


def check_size(request: Request) -> None:
    """Refuse a body that is too large.

    :raises HttpError: with 413.
    """
    if len(request.body) > LARGEST_BODY:
        raise HttpError(
            413, "too_large", f"The body has more than {LARGEST_BODY // 1024} KiB.", _REMEDY
        )


def read_body(request: Request, kind: type[_M]) -> _M:
    """Return the body as ``kind``; no body at all counts as ``{}``.

    :raises HttpError: it is not sent as JSON (415).
    :raises BadInput: it can't be used, with every reason.
    """
    if not request.body:
        return _check(kind, {}, "The body")
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = request.headers.get("content-encoding", "identity").lower()
    if content_type != "application/json" or encoding != "identity":
        raise HttpError(
            415,
            "not_json",
            "The body must be JSON, sent as application/json and not packed.",
            "Send the header Content-Type: application/json.",
        )
    return _check(kind, _parse(request.body), "The body")


def read_query(query: Mapping[str, Sequence[str]], kind: type[_M]) -> _M:
    """Return the query as ``kind``.

    :raises BadInput: it can't be used, with every reason.
    """
    twice = [name for name in kind.model_fields if len(query.get(name, ())) > 1]
    if twice:
        raise BadInput(f"{', '.join(twice)}: given more than once.", _REMEDY)
    known = {name: query[name][0] for name in kind.model_fields if query.get(name)}
    return _check(kind, known, "The query")


def _parse(body: bytes) -> object:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        # Which of two would count is anybody's guess, and dry_run may be among them.
        names = [name for name, _value in found]
        if len(names) != len(set(names)):
            raise ValueError("a name stands twice in one object")
        return dict(found)

    def constant(name: str) -> object:
        raise ValueError(f"{name} is no number")

    try:
        return json.loads(body.decode(), object_pairs_hook=pairs, parse_constant=constant)
    except UnicodeDecodeError:
        raise BadInput("The body is not UTF-8.", _REMEDY) from None
    except RecursionError:
        raise BadInput("The body is nested too deeply.", _REMEDY) from None
    except ValueError as error:
        raise BadInput(f"The body is not JSON: {error}.", _REMEDY) from None


def _check(kind: type[_M], found: object, what: str) -> _M:
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        problems = []
        for item in error.errors(include_input=False, include_url=False):
            place = ".".join(str(part) for part in item["loc"]) or what
            problem = f"{place}: {item['msg'].removeprefix('Value error, ')}"
            problems.append(problem)
        raise BadInput(f"{'; '.join(dict.fromkeys(problems))}.", _REMEDY) from None
