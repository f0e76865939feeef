"""What a record looked like when it was planned, in one hash."""

import hashlib

from .canonical import canonical_json, column


def fingerprint_fields(records) -> list[str]:
    """The fields that a fingerprint needs besides the recorded ones."""
    return ["write_date"] if "write_date" in records._fields and records._log_access else []


def fingerprints(records, values) -> dict[int, str]:
    """A fingerprint for each record: its last change and its recorded values.

    ``write_date``, to the microsecond, catches edits to fields that nobody declared; the values
    catch what SQL changed without touching ``write_date``.

    :param values: as :func:`canonical.record_values` returns them
    """
    dates = [""] * len(records)
    for name in fingerprint_fields(records):
        dates = [moment.isoformat() if moment else "" for moment in column(records, name)]
    # The canonical JSON of [model, id, write_date, values], without making that of values again.
    model = canonical_json(records._name)
    return {
        record_id: hashlib.sha256(
            f'[{model},{record_id},"{date}",{canonical_json(values[record_id])}]'.encode()
        ).hexdigest()
        for record_id, date in zip(records.ids, dates, strict=True)
    }
