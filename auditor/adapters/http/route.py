"""What one address of the door declares; the answers and the OpenAPI document come of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from auditor.adapters.http.door import Door
    from auditor.adapters.http.message import Request, Response

PLACE = "[A-Za-z0-9-]{1,64}"
"""What may stand for ``{id}`` in a path."""


class Nothing(BaseModel):
    """No query, or no body: nothing may be said."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Call:
    """One request, read and found good.

    :param query: an instance of the route's ``query``; ``body`` of its ``body``.
    :param place: what stood for ``{id}`` in the path, ``""`` when there is no such part.
    """

    request: Request
    request_id: str
    place: str
    query: BaseModel
    body: BaseModel


@dataclass(frozen=True)
class Answer:
    """One answer that a route gives.

    :param document: the model of its JSON; None for a text.
    :param headers: header to description.
    """

    description: str
    document: type[BaseModel] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """One address and method.

    :param path: with at most one part ``{id}``.
    :param errors: codes of :data:`auditor.adapters.http.trouble.CODES` besides those that every
        route has, by status.
    :param headers: request header to its JSON schema.
    :param is_open: tells whether a request is answered without asking who sent it.
    """

    method: str
    path: str
    summary: str
    description: str
    handle: Callable[[Door, Call], Response]
    answers: Mapping[int, Answer]
    query: type[BaseModel] = Nothing
    body: type[BaseModel] | None = None
    headers: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    errors: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    is_open: Callable[[Request], bool] = lambda _request: False

    def match(self, path: str) -> str | None:
        """Return what stands for ``{id}``, ``""`` if there is no such part, None for another path.

        :param path: without a trailing slash.
        """
        pattern = re.escape(self.path).replace(r"\{id\}", f"({PLACE})")
        found = re.fullmatch(pattern, path)
        if not found:
            return None
        return found[1] if found.groups() else ""
