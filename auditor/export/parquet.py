"""Export as one Parquet file, through pyarrow.

One table for runs, events and lines, told apart by ``kind``: the columns that people ask for, and
``content`` with everything, byte for byte. A line carries its run's job, mode and status.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO

from auditor.errors import BadInput
from auditor.export.rows import Row
from auditor.installing import install_extra

if TYPE_CHECKING:
    from types import ModuleType

GROUP_ROWS, GROUP_TEXT = 5_000, 4 * 1024 * 1024
"""What is held in memory and written as one group: so many rows, or characters of content."""
_TEXT = (
    "job job_name mode status verdict shape source reason requested_by run_as company "
    "model name record_name operation outcome message currency user error"
).split()
_NUMBERS = "record population matched selected line_count".split()
_TIMES = "requested_at started_at ended_at at".split()
_OF_RUN = ("job", "mode", "status")
_LARGEST = Decimal(10) ** 29
_SMALLEST = Decimal("1e-9")
_INT64 = 2**63


def pyarrow() -> ModuleType:
    """Return the library.

    :raises BadInput: it is not installed.
    """
    try:
        import_module("pyarrow.parquet")
        return import_module("pyarrow")
    except ImportError:
        raise BadInput(
            "Parquet needs the library pyarrow, which is not installed.",
            f"{install_extra('parquet')}, or take --format jsonl",
        ) from None


def write(rows: Iterable[Row], file: BinaryIO) -> None:
    """Write the rows, some thousands of them in memory at a time.

    :raises BadInput: the library is missing.
    """
    arrow = pyarrow()
    schema = _schema(arrow)
    with arrow.parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for group in _groups(rows):
            writer.write_table(arrow.Table.from_pylist(group, schema=schema))


def _schema(arrow: Any) -> Any:  # noqa: ANN401  the library comes without types
    time = arrow.timestamp("us", tz="UTC")
    label = arrow.dictionary(arrow.int32(), arrow.string())
    columns = [
        ("kind", label),
        ("chain", label),
        ("database", label),
        ("position", arrow.int64()),
        ("line", arrow.int64()),
        ("uid", arrow.string()),
        ("sealed_at", time),
        *((name, arrow.string()) for name in _TEXT),
        *((name, arrow.int64()) for name in _NUMBERS),
        *((name, time) for name in _TIMES),
        ("amount", arrow.decimal128(38, 9)),
        ("withheld", label),
        ("digest", arrow.string()),
        ("seal", arrow.string()),
        ("salt", arrow.string()),
        ("content", arrow.string()),
    ]
    return arrow.schema(columns)


def _groups(rows: Iterable[Row]) -> Iterator[list[dict[str, object]]]:
    group: list[dict[str, object]] = []
    of_run: dict[str, object] = {}
    size = 0
    for row in rows:
        record = _record(row)
        if row.line is None:
            of_run = {name: record[name] for name in _OF_RUN}
        else:
            record.update(of_run)
        group.append(record)
        size += len(row.sealed.content)
        if len(group) == GROUP_ROWS or size >= GROUP_TEXT:
            yield group
            group, size = [], 0
    if group:
        yield group


def _record(row: Row) -> dict[str, object]:
    entry, sealed, facts = row.entry, row.sealed, row.facts
    return {
        "kind": row.kind,
        "chain": row.chain.chain,
        "database": row.chain.database,
        "position": entry.position,
        "line": row.line.position if row.line else None,
        "uid": entry.uid,
        "sealed_at": _time(entry.sealed_at),
        **_read(facts, _TEXT, _text),
        **_read(facts, _NUMBERS, _number),
        **_read(facts, _TIMES, _time),
        "amount": _amount(facts.get("amount")),
        "withheld": None if row.line else entry.withheld,
        "digest": sealed.digest,
        "seal": None if row.line else entry.seal,
        "salt": sealed.salt,
        "content": sealed.content or None,
    }


def _read(
    facts: dict[str, Any], names: list[str], read: Callable[[object], object]
) -> dict[str, object]:
    return {name: read(facts.get(name)) for name in names}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> int | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and -_INT64 <= value < _INT64
    return value if fits else None  # type: ignore[return-value]


def _time(value: object) -> datetime | None:
    try:
        # As sealed; Python 3.10 does not read the Z.
        return datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        return None


def _amount(value: object) -> Decimal | None:
    try:
        amount = Decimal(str(value))
        fits = abs(amount) < _LARGEST and amount == amount.quantize(_SMALLEST)
    except InvalidOperation:
        return None
    return amount if fits else None
