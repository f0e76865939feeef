"""``sentinel-ops pull``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.cli.exits import Interrupted

if TYPE_CHECKING:
    from rich.console import Console

    from auditor.alerts.flow import Decision
    from auditor.errors import AuditorError
    from auditor.stores.interface import TrailStore
    from auditor.trail.pull import Pulled


@click.command(
    epilog="""\b
Examples:
  sentinel-ops pull
  sentinel-ops pull --store /var/lib/sentinel/trail.sqlite3
  sentinel-ops pull --consumer archive          tell Odoo what has landed
  sentinel-ops pull --follow --interval 60      until SIGTERM or Ctrl-C
  sentinel-ops pull --json

\b
Needs a user of Sentinel's group auditor or manager. May be interrupted and
repeated at any time: nothing is lost, nothing comes twice. Every seal is
checked on the way; exit code 6 when the chain is not what was sealed.
Where a channel for alerts is configured, people are told afterwards what is
wrong; see sentinel-ops alerts --help. An alert never changes the exit code.
"""
)
@click.option(
    "--consumer",
    default=None,
    metavar="NAME",
    help="Tell Odoo in this name what has landed. A manager registers it; Odoo keeps what a "
    "registered consumer does not have yet. Default: SENTINEL_CONSUMER.",
)
@click.option("--follow", is_flag=True, help="Keep pulling until told to stop.")
@click.option(
    "--interval",
    type=click.FloatRange(min=1),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="With --follow: time between two pulls, more or less a fifth.",
)
@click.option(
    "--heartbeat",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    metavar="FILE",
    help="Touched after each pull that worked: how old it is tells whether pulls work.",
)
@json_option
@common_options
@pass_app
def command(
    app: App, consumer: str | None, follow: bool, interval: float, heartbeat: Path | None
) -> None:
    """Copy the sealed trail, finished runs and who changed what, from Odoo into the local store."""
    from auditor.alerts.around import pull_and_watch
    from auditor.cli.heartbeat import beat
    from auditor.stores.opening import open_store
    from auditor.trail.pull import pull

    connection = app.settings.connection()
    name = app.settings.sentinel_consumer if consumer is None else consumer
    client = app.client()

    def once(store: TrailStore) -> Pulled:
        with _progress(app.err, app) as on_progress:
            pulled = pull(
                client,
                store,
                url=connection.links_url,
                consumer=name,
                on_progress=on_progress,
            )
        if heartbeat is not None:
            beat(heartbeat)
        return pulled

    def attempt() -> Pulled:
        opening = open_store(app.settings, create=True)
        return pull_and_watch(
            app.settings, client, opening, once, on_decided=lambda decided: _say(app, decided)
        )

    if follow:
        _follow(app, attempt, interval)
        return
    try:
        pulled = attempt()
    except KeyboardInterrupt:
        raise Interrupted(
            "Interrupted. What has landed is kept.", "sentinel-ops pull goes on from there."
        ) from None
    _report(app, pulled)


def _follow(app: App, attempt: Callable[[], Pulled], interval: float) -> None:
    from auditor.cli.render import sentence
    from auditor.trail.follow import Stopped, follow, stopping

    first = True

    def again() -> None:
        nonlocal first
        pulled = attempt()
        if first or pulled.runs or pulled.events:
            _report(app, pulled)
        first = False

    def on_trouble(error: AuditorError, pause: float) -> None:
        app.err.print(
            sentence(f"{error.message} Trying again in about {pause:.0f} s.", "yellow"),
            soft_wrap=True,
        )

    try:
        with stopping():
            follow(again, interval=interval, on_trouble=on_trouble)
    except Stopped:
        app.err.print("Stopped, as asked. What has landed is kept.")


def _say(app: App, decided: list[Decision]) -> None:
    from auditor.cli.text import plural

    sent = [each for each in decided if each.sent]
    if sent and not app.as_json:
        channels = ", ".join(sorted({each.channel for each in sent}))
        app.err.print(f"Alerts: {plural(len(sent), 'message')} sent by {channels}.")


def _report(app: App, pulled: Pulled) -> None:
    path = app.settings.store_name
    if app.as_json:
        app.print_json(
            {
                "chain": pulled.chain,
                "database": pulled.database,
                "runs": pulled.runs,
                "events": pulled.events,
                "lines": pulled.lines,
                "position": str(pulled.head.position),
                "seal": pulled.head.seal,
                "start": str(pulled.start.position),
                "store": path,
            }
        )
        return
    from auditor.cli.render import sentence
    from auditor.cli.text import plural

    new = f"{plural(pulled.runs, 'new run')} with {plural(pulled.lines, 'line')}"
    if pulled.events:
        new += f" and {plural(pulled.events, 'event')}"
    if not pulled.runs and not pulled.events:
        new = "Nothing new"
    app.out.print(
        sentence(
            f"{new} from {pulled.database}; the store has its chain up to position "
            f"{pulled.head.position:,}."
        )
    )
    if pulled.head.position:
        app.out.print(sentence(f"Seal there: {pulled.head.seal}", "dim"), soft_wrap=True)
    if pulled.start.position:
        app.out.print(
            sentence(
                f"It begins behind position {pulled.start.position:,}: retention in Odoo had "
                "taken what was before.",
                "yellow",
            )
        )
    app.out.print(sentence(f"Store: {path}", "dim"), soft_wrap=True)


@contextmanager
def _progress(console: Console, app: App) -> Iterator[Callable[[int, int], None]]:
    """Yield what shows positions: a bar on a terminal, else a line per batch."""
    if not console.is_terminal:

        def line(position: int, head: int) -> None:
            if position < head and not app.as_json:
                console.print(f"pull: {position:,} of {head:,}")

        yield line
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("pull"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("pull", total=None)
        yield lambda position, head: progress.update(task, completed=position, total=head or None)
