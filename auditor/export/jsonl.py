"""Export as JSON lines.

The content stands last in its row, byte for byte as it was sealed, so that whoever has the file
can check ``digest`` = SHA-256(``salt`` + content) without making JSON of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import BinaryIO

from auditor.export.rows import Row


def write(rows: Iterable[Row], file: BinaryIO) -> None:
    """Write each row as one line of UTF-8."""
    for row in rows:
        file.write(as_text(row).encode())


def as_text(row: Row) -> str:
    """Return the row as JSON text that ends with a line break."""
    entry, sealed = row.entry, row.sealed
    head: dict[str, object] = {
        "kind": row.kind,
        "chain": row.chain.chain,
        "database": row.chain.database,
        "position": entry.position,
    }
    if row.line is None:
        head.update(
            uid=entry.uid, sealed_at=entry.sealed_at, seal=entry.seal, withheld=entry.withheld
        )
    else:
        head.update(line=row.line.position, run=entry.uid)
    head.update(digest=sealed.digest, salt=sealed.salt)
    text = json.dumps(head, ensure_ascii=False)
    return f'{text[:-1]}, "content": {sealed.content or "null"}}}\n'
