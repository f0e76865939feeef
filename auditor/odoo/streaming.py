"""The streaming route: lines as one long answer instead of many pages.

It needs an API key (a password is no bearer token) and an Odoo that has the route; where it lacks
either, the pages over RPC give the same rows.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import requests
import urllib3

from auditor import __version__
from auditor.odoo.bearer import Bearer, fits_into_header
from auditor.odoo.errors import Garbled, LostAnswer
from auditor.odoo.packed import decoded

if TYPE_CHECKING:
    from auditor.settings import Connection

PATH = "/sentinel_ops/trail/lines"
_PIECE = 256 * 1024
_LARGEST_ROW = 64 * 1024 * 1024
_CONNECT_TIMEOUT = 10.0
_END = "#end\t"


class NoStream(Exception):
    """The route can't be used here; ask for pages."""


class StreamCut(Exception):
    """The answer ended before it was whole; the rows that came are good."""


def stream(connection: Connection, *, chain: str, **arguments: object) -> Iterator[list[str]]:
    """Yield rows in pieces of bounded size.

    :raises NoStream: nothing came, because there is no such route or it refuses us.
    :raises StreamCut: it ended without its last row, or went quiet.
    :raises Garbled: what came is not what the contract says.
    """
    timeout = connection.timeout
    if not fits_into_header(connection.database + connection.password):
        raise NoStream
    try:
        with requests.get(
            connection.url + PATH,
            params={name: str(value) for name, value in arguments.items()},
            headers={
                "User-Agent": f"sentinel-ops/{__version__}",
                "Accept-Encoding": "gzip",
                "X-Odoo-Database": connection.database,
            },
            auth=Bearer(connection.password),
            timeout=(min(_CONNECT_TIMEOUT, timeout), timeout),
            allow_redirects=False,
            stream=True,
        ) as response:
            if response.status_code != 200 or "X-Sentinel-Chain" not in response.headers:
                raise NoStream
            if response.headers["X-Sentinel-Chain"] != chain:
                raise Garbled(
                    f"{connection.shown_url} streams the chain "
                    f"{response.headers['X-Sentinel-Chain']}, a moment ago it was {chain}.",
                    "Someone may have replaced or neutralized the database; pull again.",
                )
            yield from _rows(_texts(response))
    except (
        requests.exceptions.RequestException,
        urllib3.exceptions.HTTPError,
        LostAnswer,
        zlib.error,
    ):
        raise StreamCut from None


def _texts(response: requests.Response) -> Iterator[bytes]:
    """Yield what was sent, unpacked, in pieces that stay small however well it was packed."""
    packed = response.headers.get("Content-Encoding", "identity") == "gzip"
    unpacker = zlib.decompressobj(wbits=31)
    while piece := response.raw.read1(_PIECE):
        if not packed:
            yield piece
            continue
        while piece:
            yield unpacker.decompress(piece, 4 * _PIECE)
            piece = unpacker.unconsumed_tail
    if packed:
        yield unpacker.flush()


def _rows(texts: Iterator[bytes]) -> Iterator[list[str]]:
    rest: list[bytes] = []
    size = total = 0
    for text in texts:
        whole, newline, tail = text.rpartition(b"\n")
        if not newline:
            rest.append(text)
            size += len(text)
            if size > _LARGEST_ROW:
                raise Garbled("A row of the trail has no end.")
            continue
        rows = decoded(b"".join((*rest, whole))).split("\n")
        rest, size = [tail], len(tail)
        if rows[-1].startswith(_END):
            total += len(rows) - 1
            if rows[-1] != f"{_END}{total}" or tail:
                raise Garbled(f"The stream of the trail ends with {rows[-1]!r} after {total} rows.")
            if rows[:-1]:
                yield rows[:-1]
            return
        total += len(rows)
        yield rows
    raise LostAnswer("The stream of the trail was cut off.")
