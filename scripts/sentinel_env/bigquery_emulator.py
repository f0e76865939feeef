"""A BigQuery to test against: bqemulator, its data in a folder that outlives its process."""

import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from . import ports
from .commands import clean_environment, run, tail
from .errors import SetupError
from .folders import prepare
from .processes import RememberedProcess

_START_SECONDS = 90.0
_POLL_SECONDS = 0.1
_PID = "bigquery.pid"


class BigQueryEmulator:
    """One emulator over one folder; its port stays the same over restarts.

    :param python: the one that has it (see `venvs.emulator_python`).
    :param folder: where its data, its log and its process number are.
    """

    def __init__(self, python: Path, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "bigquery.log"
        self._python = python
        self._port = ports.choose()
        # The engine looks for its extensions below the home folder; the user's own is left alone.
        self._environment = clean_environment({"HOME": str(folder)})

    @property
    def url(self) -> str:
        """Where it answers, for `BIGQUERY_EMULATOR_HOST`."""
        return f"http://{ports.HOST}:{self._port}"

    @property
    def process(self) -> RememberedProcess | None:
        """The process that was started last."""
        return RememberedProcess.read(self.folder / _PID)

    def start(self) -> None:
        """Start it and wait until it answers.

        :raises SetupError: it ended, or does not answer in time.
        """
        prepare(self.folder)
        if not (self.folder / ".duckdb").is_dir():
            run(
                [
                    self._python,
                    "-c",
                    "import duckdb_extensions; duckdb_extensions.import_extension('spatial')",
                ],
                what="unpacking an extension of the BigQuery emulator's engine",
                env=self._environment,
            )
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [
                    str(self._python.parent / "bqemulator"),
                    *("start", "--persistent", "--data-dir", str(self.folder)),
                    *("--rest-host", ports.HOST, "--rest-port", str(self._port)),
                    *("--grpc-host", ports.HOST, "--grpc-port", "0"),
                    *("--log-level", "warning", "--log-format", "json"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=self.folder,
                start_new_session=True,
            )
        RememberedProcess.of(process.pid).write(self.folder / _PID)
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise SetupError(
                    "the BigQuery emulator does not start. The end of what it said:\n"
                    f"{tail(self.log.read_text(errors='replace'))}",
                    f"look at {self.log}",
                )
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """End it in good order."""
        if self.process is not None:
            self.process.end(10.0)

    def kill(self) -> None:
        """kill -9: no handler and no `finally` in it runs."""
        if self.process is not None:
            self.process.kill()

    def _answers(self) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.url}/healthz", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            return False
