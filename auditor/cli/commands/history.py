"""``sentinel-ops history``: the life of one record, from the store; Odoo is not asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from auditor.cli.context import App, common_options, json_option, pass_app

if TYPE_CHECKING:
    from auditor.stores.interface import StoredLine, TrailStore


@click.command(
    epilog="""\b
Examples:
  sentinel-ops history sale.order 42       by id
  sentinel-ops history sale.order S00042   by name
  sentinel-ops history sale.order 42 --json

\b
Every run that dealt with the record, the oldest first: planned, changed,
refused, skipped. Reads the local store; sentinel-ops pull brings it up to date.
"""
)
@click.argument("model", metavar="MODEL")
@click.argument("record", metavar="ID_OR_NAME")
@json_option
@common_options
@pass_app
def command(app: App, model: str, record: str) -> None:
    """Show what happened to one record, and why, from the local store."""
    from auditor.stores.opening import open_store

    with open_store(app.settings, create=False) as store:
        life(app, store, model, record)


def life(app: App, store: TrailStore, model: str, record: str) -> None:
    """Print what the store knows about a record, named by its id or by its name."""
    lines = list(store.history(model, record))
    if app.as_json:
        app.print_json(
            {"model": model, "record": record, "lines": [_line_document(line) for line in lines]}
        )
        return
    from auditor.cli import words
    from auditor.cli.render import line_change, marked, record_name, sentence, table
    from auditor.cli.text import moment

    if not lines:
        app.out.print(
            sentence(f"Sentinel-Ops has done nothing to {model} {record}, as far as it was pulled.")
        )
        return
    app.out.print(sentence(f"The life of {record_name(lines[-1].line)} ({model} {record})", "bold"))
    made = table("When", "Job", "Kind", "Outcome", "What", "Why", "By", "Run")
    for each in lines:
        run, line = each.stored.run, each.line
        made.add_row(
            moment(line.at or run.ended_at),
            sentence(run.job),
            words.mode(run.mode, run.shape),
            marked(words.outcome(line.outcome, run.shape)),
            sentence(line_change(line)),
            sentence(": ".join(part for part in (line.reason, line.message) if part)),
            sentence(run.requested_by),
            run.uid[:8],
        )
    app.out.print(made)


def _line_document(line: StoredLine) -> dict[str, object]:
    return {
        "chain": line.stored.chain,
        "database": line.stored.database,
        "job": line.stored.run.job,
        "mode": line.stored.run.mode,
        **line.line.model_dump(mode="json"),
    }
