"""Processes that outlive us: remembered by number and start time, so that none other is hit."""

import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class RememberedProcess:
    """A process as it was when it was started.

    A number alone may belong to somebody else after a while; number, start time and boot
    together do not.
    """

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> "RememberedProcess":
        """Return what is to be remembered about the running process `pid`."""
        return cls(pid, _start_of(pid))

    @classmethod
    def read(cls, file: Path) -> "RememberedProcess | None":
        """Return the process that `file` remembers; None when there is none or it is garbage."""
        try:
            data = json.loads(file.read_text())
            return cls(int(data["pid"]), str(data["started"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def write(self, file: Path) -> None:
        """Remember the process in `file`."""
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps({"pid": self.pid, "started": self.started}))
        temporary.rename(file)

    def is_alive(self) -> bool:
        """Tell whether this very process still runs (a zombie does not)."""
        return bool(self.started) and _start_of(self.pid) == self.started

    def end(self, patience: float) -> None:
        """Ask it to end, kill it after `patience` seconds. Its children go with its session."""
        if not self.is_alive():
            return
        self._signal(signal.SIGTERM)
        if not self.wait(patience):
            self.kill()

    def kill(self) -> None:
        """Kill it, without a chance to clean up."""
        if self.is_alive():
            self._signal(signal.SIGKILL)
            self.wait(10.0)

    def wait(self, seconds: float) -> bool:
        """Wait until it is gone; tell whether it is."""
        deadline = time.monotonic() + seconds
        while self.is_alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _signal(self, number: int) -> None:
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return


def _start_of(pid: int) -> str:
    """Return what tells this process from a later one of the same number, "" if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    # The name, in parentheses, may itself hold blanks and parentheses.
    fields = stat.rpartition(")")[2].split()
    state, start = fields[0], fields[19]
    if state in ("Z", "X"):
        _reap(pid)
        return ""
    return f"{boot}:{start}"


def _reap(pid: int) -> None:
    # A child that ended stays a zombie until its parent, which may be us, asks for its status.
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
