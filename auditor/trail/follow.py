"""Pull again and again, until told to stop or until the chain is broken."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from auditor.errors import AuditorError
from auditor.odoo.errors import ServerFault, Unreachable
from auditor.stores.interface import StoreError

JITTER = 0.2
"""Share of the interval by which two auditors that were started together drift apart."""
LONGEST_PAUSE = 900.0
"""Seconds between two tries while Odoo can't be reached."""


class Stopped(BaseException):
    """The process was asked to end. No Exception: nothing that handles errors may swallow it."""


def follow(
    once: Callable[[], None],
    *,
    interval: float,
    on_trouble: Callable[[AuditorError, float], None],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Call ``once`` for ever, ``interval`` seconds apart.

    What may be over in a while (Odoo down or broken, the store in use) is waited for, ever longer;
    everything else ends it.

    :param on_trouble: told of what is wrong and of the seconds until the next try.
    :raises Stopped: the process was asked to end (see :func:`stopping`).
    :raises AuditorError: what waiting does not mend, a broken chain above all.
    """
    pause = interval
    while True:
        trouble = _attempt(once)
        if trouble is None:
            pause = interval
            sleep(_about(interval))
        else:
            on_trouble(trouble, pause)
            sleep(_about(pause))
            pause = min(pause * 2, max(LONGEST_PAUSE, interval))


def _attempt(once: Callable[[], None]) -> AuditorError | None:
    """Return what went wrong if waiting may mend it."""
    try:
        once()
    except (Unreachable, ServerFault) as error:
        return error
    except StoreError as error:
        if not error.passing:
            raise
        return error
    return None


def _about(seconds: float) -> float:
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  no secret


@contextmanager
def stopping() -> Iterator[None]:
    """Let SIGTERM and SIGINT raise :class:`Stopped` in the block.

    Wherever that hits, an open batch is rolled back: what has landed is whole.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Stopped

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
