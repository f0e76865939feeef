"""Let a generator work in a thread of its own, a little ahead of who takes what it yields."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from queue import Full, Queue
from typing import TypeVar

_T = TypeVar("_T")
DEPTH = 1
"""Pieces that may wait while one is made and one is taken; it bounds the memory."""


@contextmanager
def ahead(source: Iterator[_T]) -> Iterator[Iterator[_T]]:
    """Yield what ``source`` yields, made in a thread; its errors come out where they belong.

    The thread has ended when the block has.
    """
    waiting: Queue[tuple[bool, _T | BaseException | None]] = Queue(DEPTH)
    stop = threading.Event()

    def put(more: bool, item: _T | BaseException | None) -> None:
        while not stop.is_set():
            try:
                waiting.put((more, item), timeout=0.2)
            except Full:
                continue
            return

    def work() -> None:
        try:
            for item in source:
                put(True, item)
                if stop.is_set():
                    return
        except BaseException as error:  # noqa: BLE001  it is raised again by who takes
            put(False, error)
        else:
            put(False, None)

    def take() -> Iterator[_T]:
        while True:
            more, item = waiting.get()
            if more:
                yield item  # type: ignore[misc]
            elif item is None:
                return
            else:
                raise item  # type: ignore[misc]

    # A copy of the context, so that what the thread logs and traces has its place, too.
    worker = threading.Thread(target=copy_context().run, args=(work,), name="ahead", daemon=True)
    worker.start()
    try:
        yield take()
    finally:
        stop.set()
        worker.join(_PATIENCE)


_PATIENCE = 5.0
"""Seconds; a thread that still waits for the network is a daemon and ends with the process."""
