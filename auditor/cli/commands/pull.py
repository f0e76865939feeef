"""``sentinel-ops pull``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.cli.exits import Interrupted

if TYPE_CHECKING:
    from rich.console import Console


@click.command(
    epilog="""\b
Examples:
  sentinel-ops pull
  sentinel-ops pull --store /var/lib/sentinel/trail.sqlite3
  sentinel-ops pull --json

\b
Needs a user of Sentinel's group auditor or manager. May be interrupted and
repeated at any time: nothing is lost, nothing comes twice.
"""
)
@json_option
@common_options
@pass_app
def command(app: App) -> None:
    """Copy finished runs and their lines from Odoo into the local store."""
    from auditor.stores.opening import open_store
    from auditor.trail.pull import pull

    connection = app.settings.connection()
    client = app.client()
    with open_store(app.settings, create=True) as store, _progress(app.err, app) as on_progress:
        try:
            pulled = pull(client, store, url=connection.shown_url, on_progress=on_progress)
        except KeyboardInterrupt:
            raise Interrupted(
                "Interrupted. What has landed is kept.", "sentinel-ops pull goes on from there."
            ) from None
    path = str(app.settings.store_path)
    if app.as_json:
        app.print_json(
            {
                "chain": pulled.chain,
                "database": pulled.database,
                "runs": pulled.runs,
                "lines": pulled.lines,
                "position": str(pulled.position),
                "store": path,
            }
        )
        return
    from auditor.cli.render import sentence
    from auditor.cli.text import plural

    new = f"{plural(pulled.runs, 'new run')} with {plural(pulled.lines, 'line')}"
    if not pulled.runs:
        new = "Nothing new"
    app.out.print(
        sentence(f"{new} from {pulled.database}; the store has its {pulled.position:,} run(s).")
    )
    app.out.print(sentence(f"Store: {path}", "dim"), soft_wrap=True)


@contextmanager
def _progress(console: Console, app: App) -> Iterator[Callable[[int, int], None]]:
    """Yield what shows positions: a bar on a terminal, else a line per batch."""
    if not console.is_terminal:

        def line(position: int, head: int) -> None:
            if position < head and not app.as_json:
                console.print(f"pull: {position:,} of {head:,} runs")

        yield line
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("pull"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("pull", total=None)
        yield lambda position, head: progress.update(task, completed=position, total=head or None)
