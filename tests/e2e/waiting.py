"""Waiting for what happens in the background, with a bound."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def until(read: Callable[[], T], good: Callable[[T], bool], seconds: float = 60.0) -> T:
    """Read until the answer is good and return it.

    :raises AssertionError: it was not within `seconds`; shows the last answer.
    """
    end = time.monotonic() + seconds
    while True:
        answer = read()
        if good(answer):
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s; last answer: {answer!r}")
        time.sleep(0.2)


def ended(rpc: Any, uid: str, seconds: float = 90.0) -> dict[str, Any]:
    """Return the status of a run once it is done."""
    return until(
        lambda: rpc.execute("sentinel.run", "status", uid),
        lambda status: status["state"] == "done",
        seconds,
    )
