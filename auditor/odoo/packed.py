"""Unpack a page of the trail: base64 of zlib-compressed UTF-8 JSON lines."""

from __future__ import annotations

import base64
import binascii
import json
import zlib

from auditor.odoo.errors import Garbled, PageTooLarge

LARGEST_PAGE = 64 * 1024 * 1024
"""Bytes of unpacked text; a page beyond it is asked for in smaller pieces, or refused."""

_REMEDY = "Nothing was stored of it. Try again; if it stays, Odoo's log may tell why."


def unpack(data: str, count: int, *, largest: int = LARGEST_PAGE) -> list[dict[str, object]]:
    """Return the JSON objects in ``data``.

    :param count: how many the answer says it holds.
    :raises PageTooLarge: it unpacks to more than ``largest`` bytes.
    :raises Garbled: anything else that keeps it from being exactly ``count`` JSON objects.
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
    try:
        rows = [json.loads(line) for line in text.decode("utf-8").split("\n") if line]
    except ValueError:  # covers wrong UTF-8 as well
        raise Garbled("A page of the trail is not made of JSON lines.", _REMEDY) from None
    if not all(isinstance(row, dict) for row in rows):
        raise Garbled("A page of the trail holds something that is not an object.", _REMEDY)
    if len(rows) != count:
        raise Garbled(f"A page of the trail holds {len(rows)} rows and claims {count}.", _REMEDY)
    return rows
