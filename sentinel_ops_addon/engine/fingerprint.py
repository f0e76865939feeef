"""What a record looked like when it was planned, in one hash."""

from .canonical import digest


def fingerprints(records, values) -> dict[int, str]:
    """A fingerprint for each record: its last change and its recorded values.

    ``write_date``, to the microsecond, catches edits to fields that nobody declared; the values
    catch what SQL changed without touching ``write_date``.

    :param values: as :func:`canonical.record_values` returns them
    """
    has_write_date = "write_date" in records._fields and records._log_access
    return {
        record.id: digest(
            [
                record._name,
                record.id,
                record.write_date.isoformat() if has_write_date else "",
                values[record.id],
            ]
        )
        for record in records
    }
