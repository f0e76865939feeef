"""A sign of life with numbers in it, while something long runs."""

import sys
import time
from types import TracebackType

from sentinel_env.console import note

# A log file gets a line now and then, a terminal one line that changes.
_LOG_EVERY_SECONDS = 15.0
_TERMINAL_EVERY_SECONDS = 0.2


class Progress:
    """Shows how much of `total` is done; used as a context.

    :param text: what is going on.
    """

    def __init__(self, text: str, total: int) -> None:
        self._text = text
        self._total = total
        self._done = 0
        self._terminal = sys.stdout.isatty()
        self._started = self._shown = time.monotonic()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        start = "\r\033[K  " if self._terminal else "  "
        seconds = time.monotonic() - self._started
        print(f"{start}{self._line()}, {seconds:.1f} s", flush=True)

    def at(self, done: int) -> None:
        """Tell how much is done now; cheap enough to be called for every record."""
        self._done = done
        now = time.monotonic()
        every = _TERMINAL_EVERY_SECONDS if self._terminal else _LOG_EVERY_SECONDS
        if now - self._shown < every:
            return
        self._shown = now
        if self._terminal:
            print(f"\r  {self._line()} ", end="", flush=True)
        else:
            note(f"... {self._line()}")

    def _line(self) -> str:
        return f"{self._text}: {self._done:,} of {self._total:,}"
