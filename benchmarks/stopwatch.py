"""Where the time of a piece of work goes: what each of its steps took, from outside of them."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from typing import Any


class Stopwatch:
    """Seconds by step; what a step spends in another one counts for that other one alone.

    Steps of several threads overlap, so that together they may take longer than the work.
    """

    def __init__(self) -> None:
        self._seconds: dict[str, float] = defaultdict(float)
        self._processor: dict[str, float] = defaultdict(float)
        self._threads = threading.local()

    def seconds(self) -> dict[str, float]:
        """Return what each step took."""
        return dict(self._seconds)

    def processor_seconds(self) -> dict[str, float]:
        """Return how long each step kept a processor busy."""
        return dict(self._processor)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count the block for a step."""
        within: list[list[float]] = self._threads.__dict__.setdefault("within", [])
        inner = [0.0, 0.0]
        within.append(inner)
        started, busy = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            seconds, processor = time.perf_counter() - started, time.thread_time() - busy
            within.pop()
            self._seconds[name] += seconds - inner[0]
            self._processor[name] += processor - inner[1]
            if within:
                within[-1][0] += seconds
                within[-1][1] += processor

    def function(self, owner: object, attribute: str, step: str) -> None:
        """Count all calls of a function for a step, from now on.

        :param owner: module or class that others look it up in.
        """
        original: Callable[..., Any] = getattr(owner, attribute)

        @wraps(original)
        def counted(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            with self.step(step):
                return original(*args, **kwargs)

        setattr(owner, attribute, counted)

    def generator(self, owner: object, attribute: str, step: str) -> None:
        """Count what it takes to make each item of a generator for a step, from now on."""
        original: Callable[..., Iterator[Any]] = getattr(owner, attribute)

        @wraps(original)
        def counted(*args: Any, **kwargs: Any) -> Iterator[Any]:  # noqa: ANN401
            items = original(*args, **kwargs)
            while True:
                with self.step(step):
                    item = next(items, _END)
                if item is _END:
                    return
                yield item

        setattr(owner, attribute, counted)

    def context(self, owner: object, attribute: str, step: str) -> None:
        """Count the time between the begin and the end of a context for a step, from now on."""
        original: Callable[..., AbstractContextManager[Any]] = getattr(owner, attribute)

        @contextmanager
        @wraps(original)
        def counted(*args: Any, **kwargs: Any) -> Iterator[Any]:  # noqa: ANN401
            with self.step(step), original(*args, **kwargs) as inside:
                yield inside

        setattr(owner, attribute, counted)


_END = object()
