"""An API key in the header of a request."""

from __future__ import annotations

from requests import PreparedRequest
from requests.auth import AuthBase


class Bearer(AuthBase):
    """Puts the key there; said this way, no ``~/.netrc`` puts something else in its place."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


def fits_into_header(text: str) -> bool:
    """Say whether ``text`` may stand in a header as it is."""
    return text.isascii() and text.isprintable()
