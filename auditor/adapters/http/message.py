"""A request and its answer, in plain values of no framework."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

LARGEST_BODY = 64 * 1024
"""Bytes. Who reads a request gives at most one byte more, by which a larger one shows."""


@dataclass(frozen=True)
class Request:
    """What came in.

    :param path: decoded, with its leading slash.
    :param headers: names in lower case.
    :param peer: address of the other end of the connection, ``""`` when unknown. Not what a
        header says of it.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    body: bytes = b""
    peer: str = ""


@dataclass(frozen=True)
class Response:
    """What goes out.

    :param document: what becomes JSON; a text is sent as it is, with the content type that the
        headers name.
    """

    status: int
    document: object
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content_type(self) -> str:
        """What the headers say, else JSON."""
        return self.headers.get("Content-Type", "application/json")

    def content(self) -> bytes:
        """Return the body as it is sent."""
        if isinstance(self.document, str):
            return self.document.encode()
        return json.dumps(self.document, ensure_ascii=False, default=str).encode() + b"\n"
