"""``sentinel-ops export``: reads the local store only, Odoo is not asked."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.cli.options import period_options
from auditor.errors import BadInput

if TYPE_CHECKING:
    from rich.console import Console


@click.command(
    epilog="""\b
Examples:
  sentinel-ops export > trail.jsonl
  sentinel-ops export | jq -r 'select(.kind == "line") | .content.name'
  sentinel-ops export --since 2026-01-01 --until 2026-03-31 --output q1.jsonl
  sentinel-ops export --format parquet --output trail.parquet

\b
Days are those of sealing, in UTC. Every row has what was sealed byte for byte,
with salt and digest. Parquet needs, in the clone: pip install '.[parquet]'.
Reads the local store; sentinel-ops pull brings it up to date.
"""
)
@period_options("the first day stored", "the last day stored")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "parquet"]),
    default="jsonl",
    show_default=True,
    help="JSON lines, or one Parquet file.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE",
    help="Where to; it appears when it is complete. Default: standard output, for JSON lines.",
)
@click.option("--force", is_flag=True, help="Replace the file when there is one.")
@json_option
@common_options
@pass_app
def command(
    app: App, since: str | None, until: str | None, form: str, output: Path | None, force: bool
) -> None:
    """Write runs, their lines and events of a period into a file for other programs."""
    from auditor.export import jsonl, parquet
    from auditor.export.rows import rows
    from auditor.files import whole_file
    from auditor.stores.opening import open_store
    from auditor.trail.period import EVER, checked, read_day

    period = checked(
        EVER.since if since is None else read_day(since, "--since"),
        EVER.until if until is None else read_day(until, "--until"),
    )
    if output is None and (form == "parquet" or app.as_json):
        what = "--json" if app.as_json else "Parquet"
        raise BadInput(f"{what} needs --output.", f"For example: --output trail.{form}")
    if form == "parquet":
        parquet.pyarrow()
    write = parquet.write if form == "parquet" else jsonl.write
    counts: Counter[str] = Counter()
    with open_store(app.settings, create=False) as store, _progress(app.err) as on_progress:
        found = rows(store, period, counts=counts, on_progress=on_progress)
        if output is None:
            write(found, sys.stdout.buffer)
            sys.stdout.flush()
        else:
            with whole_file(output, force=force) as file:
                write(found, file)
    _report(app, counts, output)


def _report(app: App, counts: Counter[str], output: Path | None) -> None:
    if app.as_json:
        app.print_json(
            {
                "output": str(output),
                "runs": counts["run"],
                "events": counts["event"],
                "lines": counts["line"],
            }
        )
        return
    from auditor.cli.render import sentence
    from auditor.cli.text import plural

    said = (
        f"{plural(counts['run'], 'run')} with {plural(counts['line'], 'line')} and "
        f"{plural(counts['event'], 'event')}"
    )
    # Standard output holds the rows themselves, when there is no file.
    console = app.err if output is None else app.out
    console.print(sentence(f"{said} in {output}." if output else f"{said}."), soft_wrap=True)


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[int, int], None]]:
    if not console.is_terminal or sys.stdout.isatty():
        yield lambda _done, _total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("export"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("export", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
