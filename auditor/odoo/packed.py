"""Unpack a page of the trail: base64 of zlib-compressed UTF-8 rows.

Rows of text, a newline between them, tabs between columns, the sealed content last. Content never
holds either, so that nothing has to be parsed to be told apart.
"""

from __future__ import annotations

import base64
import binascii
import zlib

from auditor.odoo.errors import Garbled, PageTooLarge
from auditor.stores.interface import Entry, LineRow

LARGEST_PAGE = 64 * 1024 * 1024
"""Bytes of unpacked text; a page beyond it is asked for in smaller pieces, or refused."""

_REMEDY = "Nothing was stored of it. Try again; if it stays, Odoo's log may tell why."


def unpack(data: str, count: int, *, largest: int = LARGEST_PAGE) -> list[str]:
    """Return the rows in ``data``.

    :param count: how many the answer says it holds.
    :raises PageTooLarge: it unpacks to more than ``largest`` bytes.
    :raises Garbled: anything else that keeps it from being exactly ``count`` rows.
    """
    if not data:
        text = b""
    else:
        try:
            packed = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            raise Garbled("A page of the trail is not base64.", _REMEDY) from None
        unpacker = zlib.decompressobj()
        try:
            text = unpacker.decompress(packed, largest)
        except zlib.error:
            raise Garbled("A page of the trail does not unpack.", _REMEDY) from None
        if unpacker.unconsumed_tail:
            raise PageTooLarge(
                f"A page of the trail unpacks to more than {largest // (1024 * 1024)} MiB.", _REMEDY
            )
        if not unpacker.eof or unpacker.unused_data:
            raise Garbled("A page of the trail is cut off or has something behind it.", _REMEDY)
    rows = decoded(text).split("\n")
    if not rows[-1]:
        rows.pop()
    if len(rows) != count:
        raise Garbled(f"A page of the trail holds {len(rows)} rows and claims {count}.", _REMEDY)
    return rows


def decoded(text: bytes) -> str:
    """Return ``text``.

    :raises Garbled: it is not UTF-8.
    """
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        raise Garbled("A page of the trail is not UTF-8 text.", _REMEDY) from None


def entries(rows: list[str]) -> list[Entry]:
    """Return the rows of ``export_runs`` as entries.

    :raises Garbled: one is not made as the contract says.
    """
    made = []
    try:
        for row in rows:
            position, kind, uid, sealed_at, digest, seal, withheld, salt, content = row.split(
                "\t", 8
            )
            made.append(
                Entry(int(position), kind, uid, sealed_at, digest, seal, withheld, salt, content)
            )
    except ValueError:
        raise _no_row("an entry") from None
    return made


def lines(rows: list[str]) -> list[LineRow]:
    """Return the rows of ``export_lines`` as lines.

    :raises Garbled: one is not made as the contract says.
    """
    made: list[LineRow] = []
    add = made.append
    try:
        for row in rows:
            run_position, position, digest, salt, content = row.split("\t", 4)
            add(LineRow(int(run_position), int(position), digest, salt, content))
    except ValueError:
        raise _no_row("a line") from None
    return made


def _no_row(what: str) -> Garbled:
    return Garbled(
        f"A row of the trail is not {what} as the contract says.",
        "The addon and the auditor may be of different releases: upgrade both.",
    )
