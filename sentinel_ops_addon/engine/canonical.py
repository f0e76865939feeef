"""Values of records as they are kept in lines: JSON that means the same everywhere.

Numbers with a fraction become decimal text (binary floats do not survive a round trip through
other systems unchanged), times are UTC, references are ids.
"""

import datetime
import hashlib
import json


def canonical_value(value, field):
    """One field value as JSON-ready data.

    :param value: as ``record[field.name]`` returns it
    :param field: the ``odoo.fields.Field`` it belongs to
    """
    match field.type:
        case "many2one":
            return value.id or None
        case "one2many" | "many2many":
            return sorted(value.ids)
        case "boolean":
            return bool(value)
        case "integer" | "many2one_reference":
            return int(value or 0)
        case "float" | "monetary":
            return decimal_text(value)
        case "date":
            return value.isoformat() if value else None
        case "datetime":
            return utc_text(value) if value else None
        case "binary":
            # The content may be megabytes and is no business of the trail; its digest is proof.
            return hashlib.sha256(value).hexdigest() if value else None
        case _:
            return value if value not in (False, "") else None


def decimal_text(number) -> str:
    """The shortest decimal text that names the number, without exponent: ``1234.5``."""
    text = format(float(number or 0.0), ".12f").rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def money_text(amount, digits=2) -> str:
    """An amount of money as decimal text with a fixed number of places: ``1234.50``."""
    return f"{float(amount or 0.0):.{digits}f}"


def utc_text(moment: datetime.datetime | None) -> str:
    """A naive UTC time as ``YYYY-MM-DD HH:MM:SS``; empty when there is none."""
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def canonical_json(data) -> str:
    """JSON with sorted keys, no spaces, UTF-8 as it is: equal data gives equal text."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(data) -> str:
    """SHA-256 (hex) of the canonical JSON of ``data``."""
    return hashlib.sha256(canonical_json(data).encode()).hexdigest()


def record_values(records, names) -> dict[int, dict]:
    """The named fields of each record, canonical, by id."""
    fields = [records._fields[name] for name in names]
    return {
        record.id: {field.name: canonical_value(record[field.name], field) for field in fields}
        for record in records
    }
