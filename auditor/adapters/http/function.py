"""The door as a function of functions-framework: a thin wrapper of :func:`dispatch`.

``functions-framework --target=sentinel`` finds it in ``main.py``.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from typing import IO

import flask

from auditor import logs, telemetry
from auditor.adapters.http.dispatch import dispatch, failed, request_id_of
from auditor.adapters.http.door import Door, misconfigured
from auditor.adapters.http.identity import is_local
from auditor.adapters.http.message import LARGEST_BODY, Request, Response
from auditor.adapters.http.trouble import HttpError, for_error
from auditor.errors import AuditorError, BadInput
from auditor.settings import load

logger = logging.getLogger(__name__)

_DRAINED = 1024 * 1024
"""Bytes of a body that is too large which are read and dropped, so that the caller hears why."""


def make() -> Callable[[flask.Request], flask.Response]:
    """Return the function, with a door of its own that opens with the first request."""
    lock = threading.Lock()
    opened: list[Door] = []

    def door() -> Door:
        with lock:
            # What is wrong with the settings may be mended meanwhile, in Secret Manager say.
            if not opened:
                opened.append(_open())
            return opened[0]

    def sentinel(request: flask.Request) -> flask.Response:
        asked = _asked(request)
        try:
            answer = dispatch(asked, door())
        except AuditorError as error:
            answer = _closed(error, asked)
        # The framework reads the rest of a request into memory, unless its answer is a stream.
        return _sent(answer, rest=request.stream if len(asked.body) > LARGEST_BODY else None)

    return sentinel


def _open() -> Door:
    settings = load()
    logs.set_up(settings)
    telemetry.set_up(environment=settings.environment)
    # The platform says so itself; no request can.
    return Door(settings, platform=bool(os.environ.get("K_SERVICE")))


def _closed(error: AuditorError, asked: Request) -> Response:
    """Return the answer of a door that its settings keep shut.

    Who may know what is wrong is decided by those very settings, so only this machine is told.
    """
    logger.error("the door stays shut: %s %s", error.message, error.remedy)
    found = misconfigured(error) if isinstance(error, BadInput) else for_error(error)
    if not is_local(asked):
        found = HttpError(
            500, "misconfigured", "This door is not set up yet.", "Its log says what is missing."
        )
    return failed(found, request_id_of(asked.headers))


def _asked(request: flask.Request) -> Request:
    return Request(
        method=request.method,
        path=request.path,
        headers={name.lower(): value for name, value in request.headers.items()},
        query=request.args.to_dict(flat=False),
        body=request.stream.read(LARGEST_BODY + 1),
        peer=request.remote_addr or "",
    )


def _sent(response: Response, *, rest: IO[bytes] | None) -> flask.Response:
    content = response.content()
    made = flask.Response(
        content if rest is None else _drained(rest, content),
        status=response.status,
        headers=dict(response.headers),
    )
    made.content_type = response.content_type
    made.content_length = len(content)
    return made


def _drained(rest: IO[bytes], content: bytes) -> Iterator[bytes]:
    left = _DRAINED
    while left > 0 and (part := rest.read(64 * 1024)):
        left -= len(part)
    yield content
