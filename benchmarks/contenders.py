"""Processes that copy the trail, one for each way: how they are told what to do, what they tell."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Order:
    """What to copy.

    :param secret: password or API key.
    :param store: a file, or an address as `SENTINEL_STORE` takes it.
    :param most: copy no more lines than that, where the way allows it.
    """

    url: str
    database: str
    login: str
    secret: str = field(repr=False)
    store: str
    most: int


@dataclass
class Told:
    """What a process found of itself.

    :param lines: copied.
    :param position: of the last place in the chain that was copied, 0 for a way that knows of none.
    :param seconds: from the first question to the last commit; Python itself had started before.
    :param processor_seconds: of all its threads meanwhile.
    :param peak_mib: the most memory that it ever had, Python itself included.
    :param steps: seconds by step; those of several threads overlap.
    :param steps_processor: the same, counting only what kept a processor busy.
    """

    lines: int = 0
    position: int = 0
    seal: str = ""
    seconds: float = 0.0
    processor_seconds: float = 0.0
    peak_mib: float = 0.0
    steps: dict[str, float] = field(default_factory=dict)
    steps_processor: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Time the block."""
        started, busy = time.perf_counter(), time.process_time()
        yield
        self.seconds = time.perf_counter() - started
        self.processor_seconds = time.process_time() - busy


def serve(copy: Callable[[Order, Told], None]) -> None:
    """Take the order from standard input, and tell on standard output how it went."""
    told = Told()
    copy(Order(**json.load(sys.stdin)), told)
    told.peak_mib = _peak()
    json.dump(asdict(told), sys.stdout)


def _peak() -> float:
    # Not getrusage(): what it tells begins with the memory of the process that started this one.
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0
