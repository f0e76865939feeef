"""SIGTERM as a chance to clean up."""

import signal
from types import FrameType


class Terminated(KeyboardInterrupt):
    """Somebody asked this process to end. Handled wherever Ctrl-C is."""


def on_sigterm() -> None:
    """Raise `Terminated` in the main thread at the first SIGTERM; ignore further ones.

    A second one (a time limit signals a whole group, and we pass ours on) would interrupt the
    cleaning up.
    """

    def handle(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Terminated

    signal.signal(signal.SIGTERM, handle)
