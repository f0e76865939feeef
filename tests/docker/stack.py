"""The demo of docker-compose.yml under a name of its own, on a real engine."""

import json
import os
import shlex
import subprocess
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.models.containers import Container

from sentinel_env.odoo_rpc import OdooRpc

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "sentinel"
SERVICES = ("db", "odoo", "auditor")
_POLL_SECONDS = 0.3
# A first start installs Odoo's apps and demo data; machines that test are small and busy.
_FIRST_START_SECONDS = 1500.0
_SECONDS = 300.0


@dataclass(frozen=True)
class Answer:
    """What a command in a container said.

    :param text: standard output and standard error.
    """

    status: int
    text: str


def until(true: Callable[[], Any], what: str, seconds: float = _SECONDS) -> Any:
    """Wait until `true` returns something true, and return it."""
    deadline = time.monotonic() + seconds
    while True:
        value = true()
        if value:
            return value
        assert time.monotonic() < deadline, f"still not after {seconds:.0f} s: {what}"
        time.sleep(_POLL_SECONDS)


class Stack:
    """Containers, volumes and a network, all removed by :meth:`close`."""

    def __init__(self) -> None:
        self.project = f"sentineltest{os.getpid()}"
        self.client = docker.from_env(timeout=120)
        self._compose = shlex.split(os.environ["SENTINEL_COMPOSE"])
        # A port of the engine's choice: several may be tested on one machine.
        self.environment = {**os.environ, "SENTINEL_PORT": "0"}

    def compose(self, *arguments: str, timeout: float = _FIRST_START_SECONDS) -> str:
        """Run Compose on the repository's file; return what it said."""
        result = subprocess.run(
            [*self._compose, "-p", self.project, *arguments],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
        )
        assert result.returncode == 0, f"{arguments}: {result.stdout[-4000:]}"
        return result.stdout

    def container(self, service: str) -> Container:
        """Return the container of a service as it is now."""
        (found,) = self.client.containers.list(
            all=True,
            filters={
                "label": [
                    f"com.docker.compose.project={self.project}",
                    f"com.docker.compose.service={service}",
                    "com.docker.compose.oneoff=False",
                ]
            },
        )
        return found

    def run(self, service: str, *command: str, user: str = "") -> Answer:
        """Run a command in the running container of a service."""
        status, output = self.container(service).exec_run(list(command), user=user)
        return Answer(status, output.decode(errors="replace"))

    def ops(self, *arguments: str, allowed: tuple[int, ...] = (0,)) -> Any:
        """Run `sentinel-ops ... --json` in the auditor's container; return the document.

        :param allowed: exit codes that are not a failure of the test.
        """
        status, (out, err) = self.container("auditor").exec_run(
            ["sentinel-ops", *arguments, "--json"], demux=True
        )
        assert status in allowed, (arguments, status, out, err)
        return json.loads(out)

    def sql(self, statement: str, database: str = DATABASE) -> list[list[str]]:
        """Ask PostgreSQL as its superuser, past Odoo."""
        answer = self.run(
            "db", "psql", "-U", "postgres", "-d", database, "-AtX", "-F", "\t", "-c", statement
        )
        assert answer.status == 0, answer.text
        return [line.split("\t") for line in answer.text.splitlines()]

    @property
    def url(self) -> str:
        """The one address for people."""
        (binding,) = self.container("odoo").ports["8069/tcp"]
        return f"http://127.0.0.1:{binding['HostPort']}"

    def get(self, path: str) -> tuple[int, str]:
        """Ask the address as a browser would."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=60) as answer:
            return answer.status, answer.read().decode(errors="replace")

    def rpc(self) -> OdooRpc:
        """Return a plain client of the administrator."""
        return OdooRpc(self.url, DATABASE, "admin", "admin")

    def health(self, service: str) -> str:
        """Return what the engine says of a container: its health, or its state without one."""
        state = self.container(service).attrs["State"]
        if state["Status"] != "running":
            return str(state["Status"])
        return str(state.get("Health", {}).get("Status", "running"))

    def until_healthy(self, *services: str) -> None:
        """Wait until the engine says that all of them are healthy."""
        for service in services or SERVICES:
            until(lambda name=service: self.health(name) == "healthy", f"{service} is healthy")

    def crash(self, service: str) -> None:
        """kill -9 the first process of a container, so that the engine sees it die.

        `docker kill` would count as somebody's wish, and nothing would be started again.
        """
        container = self.container(service)
        restarts = container.attrs["RestartCount"]
        self.client.containers.run(
            "sentinel-ops-postgres",
            entrypoint=["kill", "-9", str(container.attrs["State"]["Pid"])],
            command=[],
            pid_mode="host",
            remove=True,
        )
        until(
            lambda: (
                (now := self.container(service)).attrs["RestartCount"] > restarts
                and now.status == "running"
            ),
            f"{service} is started again",
        )

    def logs(self, service: str) -> str:
        """Return all that a container said."""
        return self.container(service).logs().decode(errors="replace")

    def close(self) -> None:
        """Remove everything, data included."""
        self.compose("--profile", "bigquery", "down", "--volumes", "--remove-orphans")
        self.client.close()
