"""A run as the door shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from auditor.cli.common import link
from auditor.cli.exits import GOOD_STATUSES, GOOD_VERDICTS
from auditor.odoo.answers import Line, Run

if TYPE_CHECKING:
    from auditor.adapters.http.door import Door


class Result(Run):
    """A run, with the figures that the first version of this door gave.

    ``status`` is empty while the run has not ended.
    """

    ok: bool | None = Field(
        description="true: ended well; false: ended badly, or its check fails; null: not ended yet."
    )
    dry_run: bool = Field(description="Whether it changes nothing; false only in mode live.")
    records_checked: int
    records_updated: int
    records_skipped: int
    link: str = Field(description="Where a person looks at it in Odoo.")


class Accepted(Result):
    """What came of a request for a run."""

    repeated: bool = Field(description="The request was made before under the same key.")
    idempotency_key: str = Field(description="The same key and request give this run again.")
    messages: list[str] = Field(description="What a person should know of the waiting.")


class Shown(Result):
    """A run with some of its lines."""

    lines: list[Line] = Field(description="Empty unless `lines` asks for some.")
    next_line: int = Field(description="`after` for the next page; 0 after the last.")
    line_total: int | None = Field(description="How many lines there are; null when not asked.")


def figures(door: Door, run: Run) -> dict[str, object]:
    """Return what :class:`Result` adds to ``run``."""
    good = run.status in GOOD_STATUSES and run.verdict in GOOD_VERDICTS
    return {
        **run.model_dump(mode="json"),
        "ok": good if run.state == "done" else None,
        "dry_run": run.mode != "live",
        "records_checked": run.checked,
        "records_updated": run.updated,
        "records_skipped": run.skipped,
        "link": link(door.connection().links_url, run.url),
    }
