"""What a person sees while set-up works: steps, notes, and a sign of life for what is long."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

# In a log file nobody wants a spinner; a line now and then shows that it is not stuck.
_LOG_EVERY_SECONDS = 15.0
_SPIN_EVERY_SECONDS = 0.2
_SPINNER = "|/-\\"


def say(text: str = "") -> None:
    """Print `text` at once, so that it keeps its place among the output of child processes."""
    print(text, flush=True)


def note(text: str) -> None:
    """Print a detail of the current step."""
    say(f"  {text}")


def complain(text: str) -> None:
    """Print `text` to standard error."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def busy(text: str) -> Iterator[None]:
    """Show that something long goes on, and how long it took when it is over."""
    started = time.monotonic()
    finished = threading.Event()
    terminal = sys.stdout.isatty()

    def live() -> None:
        turn = 0
        while not finished.wait(_SPIN_EVERY_SECONDS if terminal else _LOG_EVERY_SECONDS):
            seconds = time.monotonic() - started
            if terminal:
                turn += 1
                print(f"\r  {text} {_SPINNER[turn % 4]} {seconds:.0f} s ", end="", flush=True)
            else:
                say(f"  ... still: {text} ({seconds:.0f} s)")

    if not terminal:
        note(f"{text} ...")
    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    verb = "failed after"
    try:
        yield
        verb = "done in"
    finally:
        finished.set()
        thread.join()
        start = "\r\033[K" if terminal else ""
        say(f"{start}  {text}: {verb} {time.monotonic() - started:.1f} s")
