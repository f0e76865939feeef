"""Make runs and lines for people of what was sealed."""

from __future__ import annotations

import json

from pydantic import ValidationError

from auditor.odoo.answers import SealedLine, SealedRun
from auditor.stores.interface import LineRow, StoreError

_REMEDY = "sentinel-ops verify tells whether it was edited."


def sealed_run(position: int, content: str) -> SealedRun:
    """Return the run that was sealed at ``position``.

    :raises StoreError: the content is no run.
    """
    try:
        return SealedRun.model_validate({**json.loads(content), "position": str(position)})
    except (ValueError, TypeError, ValidationError):
        raise StoreError(
            f"What the store has at position {position} cannot be read as a run.", _REMEDY
        ) from None


def sealed_line(row: LineRow, run: str) -> SealedLine:
    """Return one line of the run ``run``; of an erased one nothing is left but its place.

    :raises StoreError: the content is no line.
    """
    try:
        return SealedLine.model_validate(
            {
                **(json.loads(row.content) if row.content else {}),
                "position": row.position,
                "run": run,
                "run_position": str(row.run_position),
            }
        )
    except (ValueError, TypeError, ValidationError):
        raise StoreError(
            f"What the store has as line {row.position} of the run {run} cannot be read.", _REMEDY
        ) from None
