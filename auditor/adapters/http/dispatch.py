"""Answer a request: who asks, how much, what, in this order."""

from __future__ import annotations

import logging
import math
import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.adapters.http.body import check_size, read_body, read_query
from auditor.adapters.http.identity import admit
from auditor.adapters.http.message import Request, Response
from auditor.adapters.http.route import Call, Nothing, Route
from auditor.adapters.http.routes import ROUTES
from auditor.adapters.http.trouble import HttpError, document, for_error
from auditor.context import bind, trace_of
from auditor.errors import AuditorError, BadInput

if TYPE_CHECKING:
    from auditor.adapters.http.door import Door
    from auditor.adapters.http.rate import TokenBucket

logger = logging.getLogger(__name__)

_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def dispatch(request: Request, door: Door) -> Response:
    """Return the answer; whatever goes wrong, it is one."""
    request_id = request_id_of(request.headers)
    started = door.clock()
    with bind(request_id=request_id, trace=trace_of(request.headers)):
        response = _answer_or_error(request, request_id, door)
        logger.info(
            "answered",
            extra={
                "method": request.method,
                "path": request.path,
                "status": response.status,
                "seconds": round(door.clock() - started, 3),
            },
        )
    return replace(response, headers={**_HEADERS, **response.headers, "X-Request-Id": request_id})


def _answer_or_error(request: Request, request_id: str, door: Door) -> Response:
    try:
        return _answer(request, request_id, door)
    except AuditorError as error:
        return failed(for_error(error), request_id)
    except Exception:
        # The last net: the caller gets no traceback, the log gets all of it.
        logger.exception("a bug in the door")
        return failed(
            HttpError(500, "internal", "A bug in sentinel-ops.", "Its log has the whole story."),
            request_id,
        )


def failed(error: HttpError, request_id: str) -> Response:
    """Return an error as an answer."""
    return Response(error.status, document(error, request_id), error.headers)


def request_id_of(headers: Mapping[str, str]) -> str:
    """Return the caller's id of the request, else that of its trace, else a new one."""
    given = headers.get("x-request-id", "")
    if _ID.fullmatch(given):
        return given
    if trace := trace_of(headers):
        return trace.trace_id
    return str(uuid.uuid4())


def _answer(request: Request, request_id: str, door: Door) -> Response:
    check_size(request)
    path = request.path.rstrip("/") or "/"
    method = "GET" if request.method == "HEAD" else request.method
    here = [(route, place) for route in ROUTES if (place := route.match(path)) is not None]
    route, place = next(
        ((route, place) for route, place in here if route.method == method), (None, "")
    )
    if route is None or not route.is_open(request):
        _admit(request, door)
    if not here:
        addresses = ", ".join(f"{each.method} {each.path}" for each in ROUTES)
        raise HttpError(404, "not_found", f"There is nothing at {path}.", f"There are: {addresses}")
    if route is None:
        raise _wrong_method(request, [each for each, _place in here])
    return route.handle(door, _read(route, request, request_id, place))


def _admit(request: Request, door: Door) -> None:
    try:
        admit(request, door.token, platform=door.platform)
    except HttpError:
        _take(door.strangers)
        raise
    _take(door.callers)


def _take(bucket: TokenBucket) -> None:
    seconds = bucket.take()
    if seconds:
        raise HttpError(
            429,
            "too_many_requests",
            "More requests than this door answers.",
            "Ask again after the seconds in Retry-After.",
            headers={"Retry-After": str(math.ceil(seconds))},
        )


def _read(route: Route, request: Request, request_id: str, place: str) -> Call:
    query = read_query(request.query, route.query)
    body = read_body(request, route.body) if route.body else Nothing()
    if not route.body and request.body:
        raise BadInput(f"{route.method} {route.path} takes no body.")
    return Call(request, request_id, place, query, body)


def _wrong_method(request: Request, routes: list[Route]) -> HttpError:
    methods = [route.method for route in routes]
    if "GET" in methods:
        methods.append("HEAD")
    allowed = ", ".join(methods)
    return HttpError(
        405,
        "method_not_allowed",
        f"{request.path} does not know the method {request.method}.",
        f"It knows {allowed}.",
        headers={"Allow": allowed},
    )
