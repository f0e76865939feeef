"""Wait for a run, and keep the person who waits informed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from auditor.cli import words
from auditor.cli.exits import NotYet
from auditor.cli.text import plain
from auditor.odoo.errors import OdooError, Unreachable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

    from auditor.odoo.answers import Run
    from auditor.odoo.client import Client

ASK_WHY_AFTER = 15.0
"""Seconds in the queue after which the user is told what may hold the run up."""
PATIENCE = 60.0
"""Seconds that Odoo may be unreachable in the middle: a restart, an update of the proxy."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.3, 2.0
_LINE_EVERY = 10.0


class Display(Protocol):
    """Where progress is shown."""

    def update(self, run: Run) -> None:
        """Show where the run is."""
        ...

    def say(self, text: str) -> None:
        """Show a sentence that stays."""
        ...

    def close(self) -> None:
        """Take what moves off the screen."""
        ...


class Bar:
    """A progress bar, for a terminal."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeElapsedColumn as Elapsed

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            Elapsed(),
            console=console,
            transient=True,
        )
        self._task: TaskID = self._progress.add_task("", total=None)
        self._progress.start()

    def update(self, run: Run) -> None:
        """See :class:`Display`."""
        self._progress.update(
            self._task,
            description=f"{plain(run.job)} {words.state(run.state, run.awaits)}",
            completed=run.progress.done,
            total=run.progress.total or None,
        )

    def say(self, text: str) -> None:
        """See :class:`Display`."""
        self._progress.console.print(plain(text), soft_wrap=True)

    def close(self) -> None:
        """See :class:`Display`."""
        self._progress.stop()


class Lines:
    """Plain lines, where nothing can be drawn over: one when the state changes, else now and then.

    :param quiet: only sentences that stay, no progress.
    """

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._state = ""
        self._next = 0.0

    def update(self, run: Run) -> None:
        """See :class:`Display`."""
        if self._quiet or (run.state == self._state and time.monotonic() < self._next):
            return
        self._state, self._next = run.state, time.monotonic() + _LINE_EVERY
        counts = f" ({run.progress.done}/{run.progress.total})" if run.progress.total else ""
        self.say(f"{run.job} {words.state(run.state, run.awaits)}{counts}")

    def say(self, text: str) -> None:
        """See :class:`Display`."""
        self._console.print(plain(text), soft_wrap=True)

    def close(self) -> None:
        """See :class:`Display`."""


def display(console: Console, *, quiet: bool) -> Display:
    """Return the display that fits the console."""
    return Bar(console) if console.is_terminal else Lines(console, quiet=quiet)


def wait(
    client: Client,
    uid: str,
    *,
    timeout: float,
    show: Display,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Run:
    """Ask for the run's state until it has ended or waits for people, and return it.

    :param timeout: seconds; 0 waits without end.
    :raises NotYet: it has not ended in time.
    :raises OdooError: Odoo refuses, or can't be reached for longer than a restart takes.
    """
    started = clock()
    end = started + timeout if timeout else float("inf")
    lost_since: float | None = None
    explained = False
    state = "queued"
    pause = _FIRST_PAUSE
    while True:
        try:
            run = client.status(uid)
        except Unreachable as error:
            if lost_since is None:
                lost_since = clock()
                show.say(f"{error.message} The run goes on; asking again.")
            if clock() - lost_since >= PATIENCE or clock() >= end:
                raise
        else:
            lost_since = None
            state = run.state
            show.update(run)
            if state == "done" or run.awaits:
                return run
            if state == "queued" and not explained and clock() - started >= ASK_WHY_AFTER:
                explained = True
                _explain(client, show)
        if clock() >= end:
            raise NotYet(
                f"After {timeout:g} seconds the run {uid} still "
                f"{words.state(state)}. It goes on in Odoo.",
                f"Look again: {look_again(uid)}",
            )
        sleep(max(0.0, min(pause, end - clock())))
        pause = min(pause * 1.25, _LONGEST_PAUSE)


@contextmanager
def naming(uid: str) -> Iterator[None]:
    """Name the run in every error of Odoo's: it was taken, and must not be asked for anew."""
    try:
        yield
    except OdooError as error:
        error.remedy = f"{error.remedy} Then look again: {look_again(uid)}".strip()
        error.details["run"] = uid
        raise


def look_again(uid: str) -> str:
    """Return the command that shows the run later."""
    return f"sentinel-ops status {uid} --wait"


def _explain(client: Client, show: Display) -> None:
    """Tell why a run may be kept waiting."""
    try:
        health = client.health()
    except OdooError as error:
        show.say(f"The run is still queued; asking Odoo why failed: {error.message}")
        return
    if not health.problems:
        ahead = max(0, health.queued - 1) + health.running
        show.say(
            f"The run is still queued behind {ahead} other run(s)."
            if ahead
            else "The run is still queued, and Odoo sees nothing wrong: its workers may be busy."
        )
    for problem in health.problems:
        show.say(f"The run is still queued: {problem.message} {problem.remedy}".rstrip())
