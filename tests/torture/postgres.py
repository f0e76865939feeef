"""A PostgreSQL of our own, which may be killed without hurting anybody else's databases."""

import os
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

from sentinel_env import postgres_cluster
from sentinel_env.commands import run
from sentinel_env.errors import SetupError
from sentinel_env.postgres_server import PostgresServer
from sentinel_env.processes import RememberedProcess
from sentinel_env.provision import Site

_RECOVERY = "automatic recovery in progress"
_PATIENCE_SECONDS = 60.0
_BURIAL_SECONDS = 3.0
_PREFIX = "torture-"


class OwnPostgres:
    """A cluster as the embedded one is, durability at PostgreSQL's defaults.

    :param site: whose programs and cache are used.
    """

    def __init__(self, site: Site) -> None:
        usual = postgres_cluster.of_cache(site.cache, site.program.python)
        self._sweep(usual.folder.parent)
        name = f"{_PREFIX}{os.getpid()}"
        self.cluster = replace(
            usual,
            folder=usual.folder.parent / name,
            lock=site.cache.lock(name),
            use=site.cache.lock(f"{name}-in-use"),
        )

    @property
    def server(self) -> PostgresServer:
        """How to reach it."""
        return self.cluster.server

    @property
    def log(self) -> Path:
        """What it says, from its creation on."""
        return self.cluster.log

    def start(self) -> None:
        """Create it when it is not there, and start it."""
        self.cluster.ensure_running()

    def take(self, source: PostgresServer, database: str, name: str, folder: Path) -> None:
        """Copy `database` of another server to here.

        :param name: what it is called here.
        :param folder: for the copy on its way.
        :raises SetupError: the programs of PostgreSQL could not.
        """
        dump = folder / f"{name}.dump"
        programs = self.cluster.programs
        run(
            [programs / "pg_dump", "--format=custom", "--no-owner", f"--file={dump}"],
            what=f"copying {database}",
            remedy="unset DATABASE_URL to use the embedded PostgreSQL",
            env=source.environment(database),
        )
        self.server.sql('CREATE DATABASE :"name"', name=name)
        run(
            [programs / "pg_restore", "--no-owner", "--jobs=2", f"--dbname={name}", dump],
            what=f"copying {database} to a PostgreSQL that may be killed",
            env=self.server.environment(name),
        )
        dump.unlink()

    def dump(self, database: str, file: Path) -> None:
        """Write `database` to `file`, for `pg_restore`."""
        run(
            [self.cluster.programs / "pg_dump", "--format=custom", f"--file={file}"],
            what=f"keeping {database}",
            env=self.server.environment(database),
        )

    def recoveries(self) -> int:
        """Return how often it has recovered from a crash so far."""
        return self.log.read_text(errors="replace").count(_RECOVERY)

    def kill(self) -> None:
        """kill -9 all its processes at once, as losing the machine's power would."""
        postmaster = RememberedProcess.of(self._postmaster())
        # Stopped first: it would replace the children that die before it.
        os.kill(postmaster.pid, signal.SIGSTOP)
        family = [postmaster, *map(RememberedProcess.of, _children(postmaster.pid))]
        for process in family:
            _kill_9(process.pid)
        for process in family:
            if not process.wait(_PATIENCE_SECONDS):
                raise SetupError(f"process {process.pid} of PostgreSQL survived its kill -9")
        self._bury(postmaster.pid)

    def kill_backend(self, pid: int) -> None:
        """kill -9 one connection's process; PostgreSQL then ends all others and recovers."""
        before = self.recoveries()
        _kill_9(pid)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self.recoveries() == before or not self.server.answers():
            if time.monotonic() > deadline:
                raise SetupError("PostgreSQL did not recover from the death of a connection")
            time.sleep(0.05)

    def remove(self) -> None:
        """Stop it and remove all of it."""
        remove_cluster(self.cluster.folder)
        if self.cluster.socket != self.cluster.folder:
            shutil.rmtree(self.cluster.socket, ignore_errors=True)
        self.cluster.lock.unlink(missing_ok=True)

    def _bury(self, postmaster: int) -> None:
        """Make sure that a new postmaster does not take the dead one for a living one."""
        deadline = time.monotonic() + _BURIAL_SECONDS
        while Path(f"/proc/{postmaster}").exists():
            if time.monotonic() > deadline:
                # A zombie: whoever adopted it does not collect its children. PostgreSQL leaves
                # this file alone then, although nothing behind it is alive.
                (self.cluster.data / "postmaster.pid").unlink()
                return
            time.sleep(0.05)

    def _postmaster(self) -> int:
        return int((self.cluster.data / "postmaster.pid").read_text().split()[0])

    @staticmethod
    def _sweep(home: Path) -> None:
        """Remove the clusters of tortures that were killed themselves."""
        for folder in home.glob(f"{_PREFIX}*"):
            owner = folder.name.removeprefix(_PREFIX)
            if owner.isdigit() and not RememberedProcess.of(int(owner)).is_alive():
                remove_cluster(folder)


def remove_cluster(folder: Path) -> None:
    """End the PostgreSQL whose data is in `folder`, and remove it."""
    note = folder / "data" / "postmaster.pid"
    if note.is_file():
        postmaster = int(note.read_text().split()[0])
        # The number may belong to somebody else by now.
        if str(folder) in _command_line(postmaster):
            family = [postmaster, *_children(postmaster)]
            for pid in family:
                _kill_9(pid)
            for pid in family:
                RememberedProcess.of(pid).wait(_PATIENCE_SECONDS)
    shutil.rmtree(folder, ignore_errors=True)


def _kill_9(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def _children(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        # The name, in parentheses, may itself hold blanks and parentheses.
        if int(text.rpartition(")")[2].split()[1]) == parent:
            found.append(int(stat.parent.name))
    return found
