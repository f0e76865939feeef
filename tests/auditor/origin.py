"""A chain for tests of stores, whose contents change while its seals stay, as Odoo's do."""

from __future__ import annotations

import json
from hashlib import sha256

from auditor.stores.interface import EMPTY, Entry, Head, LineRow, TrailStore

CHAIN = "0b0e0c52-7a3b-4f0e-9d55-0c1f6f4c8a11"
DATABASE, URL = 'it\'s "our" database\\', "https://odoo.example.com"


def hexadecimal(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def entry(position: int, version: int = 0) -> Entry:
    """Entry ``position`` as it is in ``version``: some are erased in odd versions."""
    kind = "event" if position % 5 == 0 else "run"
    erased = version % 2 == 1 and position % 3 == 0
    day = position % 28 + 1
    content = {
        "amount": "1234.50",
        "currency": "EUR",
        "ended_at": f"2026-{position % 12 + 1:02}-{day:02}T10:00:03.500000Z",
        "job": f"job_{position % 3}",
        "job_name": "Angebote – „alte“ 'x' \\ \" \u2028 \U0001f600",
        "line_count": lines_of(position, version),
        "lines_digest": "",
        "matched": 4,
        "mode": "live" if position % 2 else "plan",
        "outcomes": {"done": 1} if position % 2 else {"planned": 1},
        "position": str(position),
        "requested_at": f"2026-{position % 12 + 1:02}-{day:02}T10:00:00.000000Z",
        "requested_by": "mia",
        "selected": 3,
        "shape": "remedy",
        "source": "rpc",
        "started_at": f"2026-{position % 12 + 1:02}-{day:02}T10:00:01.000000Z",
        "status": "success",
        "uid": f"run-{position}",
        "version": version,
    }
    if kind == "event":
        content = {"at": "", "kind": "job", "model": "sentinel.job", "user": "mia", "v": version}
    return Entry(
        position,
        kind,
        f"run-{position}",
        f"2026-{position % 12 + 1:02}-{day:02}T10:00:04.123456Z",
        hexadecimal(f"digest {position}"),
        hexadecimal(f"seal {position}"),
        "erased" if erased else "",
        "" if erased else hexadecimal(f"salt {position}")[:32],
        "" if erased else json.dumps(content, ensure_ascii=False, separators=(",", ":")),
    )


def lines_of(position: int, version: int = 0) -> int:
    """How many lines it has; some lose theirs to retention in odd versions."""
    if position % 5 == 0 or (version % 2 == 1 and position % 4 == 0):
        return 0
    return position % 7 + 1


def lines(position: int, version: int = 0) -> list[LineRow]:
    rows = []
    for number in range(1, lines_of(position, version) + 1):
        erased = version % 2 == 1 and number == 2
        content = {
            "after": {},
            "amount": "99999999999999999999.99" if number == 3 else "10.10",
            "at": "2026-11-01T10:00:00.000000Z",
            "before": {"partner": [7, "Ä\tb"], "big": 12345678901234567890123},
            "currency": "EUR",
            "intended": {"state": "cancel"},
            "message": "",
            "model": "sale.order",
            "name": f"S{number:05}",
            "operation": "orders.cancel",
            "outcome": "done" if position % 2 else "planned",
            "position": number,
            "reason": "",
            "record": number,
            "run": f"run-{position}",
            "version": version,
        }
        rows.append(
            LineRow(
                position,
                number,
                hexadecimal(f"digest {position} {number}"),
                "" if erased else hexadecimal(f"salt {position} {number}")[:32],
                "" if erased else json.dumps(content, ensure_ascii=False, separators=(",", ":")),
            )
        )
    return rows


def head(position: int) -> Head:
    return Head(position, hexadecimal(f"seal {position}")) if position else EMPTY


def put(
    store: TrailStore, first: int, last: int, *, version: int = 0, expected: Head | None = None
) -> None:
    """Land the entries from ``first`` to ``last`` with their lines as one batch."""
    expected = head(first - 1) if expected is None else expected
    with store.batch(CHAIN, expected=expected, database=DATABASE, url=URL) as batch:
        batch.add_entries([entry(position, version) for position in range(first, last + 1)])
        for position in range(first, last + 1):
            batch.add_lines(lines(position, version))
        batch.advance(head(last))


def stored(store: TrailStore) -> dict[int, tuple[Entry, list[LineRow]]]:
    """Everything that the store has of the chain, read in pieces."""
    found: dict[int, tuple[Entry, list[LineRow]]] = {}
    after = 0
    while page := store.entries(CHAIN, after=after, limit=50):
        for each in page:
            assert each.position not in found, f"position {each.position} is stored twice"
            found[each.position] = (each, list(store.entry_lines(CHAIN, each.position)))
        after = page[-1].position
    return found


def as_sealed(last: int, version: int = 0) -> dict[int, tuple[Entry, list[LineRow]]]:
    return {n: (entry(n, version), lines(n, version)) for n in range(1, last + 1)}


def check_first_unseen(store: TrailStore) -> None:
    """Fail unless a store finds what was withheld for its company, and only that, until it came."""
    put(store, 1, 3)
    assert store.first_unseen(CHAIN, after=0) == 0
    unseen = {"withheld": "company", "salt": "", "content": ""}
    with store.batch(CHAIN, expected=head(3), database=DATABASE, url=URL) as batch:
        batch.add_entries(
            [
                entry(4)._replace(withheld="lines"),
                entry(5)._replace(withheld="erased", salt="", content=""),
                entry(6)._replace(**unseen),
                entry(7),
                entry(8)._replace(**unseen),
            ]
        )
        batch.add_lines(lines(7))
        batch.advance(head(8))
    assert [store.first_unseen(CHAIN, after=after) for after in (0, 5, 6, 8)] == [6, 6, 8, 0]
    assert store.first_unseen("another", after=0) == 0
    store.replace(CHAIN, entry(6), lines(6))
    assert store.first_unseen(CHAIN, after=0) == 8
