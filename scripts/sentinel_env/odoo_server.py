"""A running Odoo: started in the background, watched until it answers, stopped."""

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .errors import SetupError
from .odoo_program import OdooProgram, what_matters
from .odoo_rpc import OdooRpc, takes_logins
from .ports import HOST, choose
from .processes import RememberedProcess

LOGIN = "admin"
PASSWORD = "admin"  # noqa: S105 - what Odoo's demo data gives the administrator
_POLL_SECONDS = 0.2
_STOP_SECONDS = 20.0


@dataclass
class OdooServer:
    """A threaded Odoo server for one database. It outlives the process that started it.

    :param folder: its configuration, its log and the note of its process are kept there.
    :param settings: options of Odoo's configuration file, by name, beside the usual ones.
    """

    program: OdooProgram
    database: str
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = 0

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self.port}"

    @property
    def configuration(self) -> Path:
        """Its configuration file."""
        return self.folder / "odoo.conf"

    @property
    def log(self) -> Path:
        """What it says, from one start to the next."""
        return self.folder / "odoo.log"

    @property
    def pid_file(self) -> Path:
        """Where its process is noted."""
        return self.folder / "odoo.pid"

    @property
    def process(self) -> RememberedProcess | None:
        """The process noted, alive or not."""
        return RememberedProcess.read(self.pid_file)

    @property
    def database_url(self) -> str:
        """The libpq address of its database."""
        return self.program.server.url(self.database)

    def is_running(self) -> bool:
        """Tell whether its process is there."""
        process = self.process
        return process is not None and process.is_alive()

    def rpc(self, login: str = LOGIN, secret: str = PASSWORD) -> OdooRpc:
        """Return a client for one of its users."""
        return OdooRpc(self.url, self.database, login, secret)

    def is_answering(self) -> bool:
        """Tell whether it takes logins."""
        try:
            with urllib.request.urlopen(f"{self.url}/web/health", timeout=5) as answer:  # noqa: S310
                if answer.status != 200:
                    return False
        except (OSError, urllib.error.URLError):
            return False
        return takes_logins(self.rpc())

    def start(
        self, *, arguments: Sequence[str] = (), wanted_port: str = "", patience: float = 180.0
    ) -> None:
        """Start it on its port or a free one, and wait until it answers.

        :param arguments: further arguments of the command line, such as `--max-cron-threads=0`.
        :param wanted_port: the port the user insists on.
        :param patience: seconds to wait.
        :raises SetupError: it died, or does not answer; with the part of the log that matters.
        """
        self.port = choose(wanted_port, self.port)
        settings = {"http_port": str(self.port), "logfile": str(self.log), **self.settings}
        self.program.write_configuration(self.configuration, self.database, settings)
        # The last one only: an error of an earlier start must not be shown for this one.
        if self.log.is_file():
            self.log.replace(self.log.with_suffix(".log.1"))
        output = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            child = subprocess.Popen(
                self.program.command("-c", str(self.configuration), *arguments),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self.program.environment(),
                cwd=self.folder,
                # Ctrl-C in the terminal that started it must not end it later.
                start_new_session=True,
            )
        finally:
            os.close(output)
        process = RememberedProcess.of(child.pid)
        process.write(self.pid_file)
        try:
            self._wait_until_answering(process, patience)
        except BaseException:
            # Also on Ctrl-C: a server that nobody was told of would keep port and database.
            process.end(5.0)
            self.pid_file.unlink(missing_ok=True)
            raise
        # From here on it is no child to be waited for; Popen would complain when collected.
        child.returncode = 0

    def _wait_until_answering(self, process: RememberedProcess, patience: float) -> None:
        deadline = time.monotonic() + patience
        while not self.is_answering():
            if not process.is_alive():
                raise SetupError(
                    f"Odoo ended while it started. What matters of {self.log}:\n"
                    f"{what_matters(self.log)}",
                    "correct what it names and run it again; `make clean` starts from a new "
                    "database",
                )
            if time.monotonic() > deadline:
                raise SetupError(
                    f"Odoo does not answer at {self.url} after {patience:.0f} s. "
                    f"What matters of {self.log}:\n{what_matters(self.log)}",
                    "look at that log; a busy machine may only need another try",
                )
            time.sleep(_POLL_SECONDS)

    def stop(self) -> bool:
        """End it if it runs; tell whether it did."""
        process = self.process
        ran = process is not None and process.is_alive()
        if process is not None and ran:
            process.end(_STOP_SECONDS)
        self.pid_file.unlink(missing_ok=True)
        return ran

    def kill(self) -> None:
        """Kill it as a crash would, with no chance to clean up."""
        process = self.process
        if process is not None:
            process.kill()
        self.pid_file.unlink(missing_ok=True)
