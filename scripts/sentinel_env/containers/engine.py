"""A container engine: the one that runs here, else one of our own, started by hand as root."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ..commands import clean_environment, run, tail
from ..console import busy, note
from ..errors import SetupError
from ..folders import prepare
from ..layout import Cache, short_hash
from ..prerequisites import install_command
from ..processes import RememberedProcess

# debootstrap and iptables are only recommended by the first, which is installed without that.
_PACKAGES = ("docker.io", "docker-compose", "iptables")
_START_SECONDS = 60.0
_STOP_SECONDS = 60.0
_POLL_SECONDS = 0.2
_NO_ENGINE = "no container engine can be used here"


@dataclass(frozen=True)
class Engine:
    """An engine that answers.

    :param host: its address as in DOCKER_HOST, "" for the default.
    :param daemon: its process, when it is our own.
    """

    host: str
    daemon: RememberedProcess | None = None

    @property
    def is_ours(self) -> bool:
        """Tell whether we started it, so that its images are nobody else's."""
        return self.daemon is not None

    def environment(self) -> dict[str, str]:
        """Return the process environment of its clients."""
        return clean_environment({"DOCKER_HOST": self.host} if self.host else {})

    def docker(self, *arguments: str | Path, what: str, remedy: str = "") -> str:
        """Run the command `docker` and return what it printed.

        :raises SetupError: it failed.
        """
        return run(["docker", *arguments], what=what, remedy=remedy, env=self.environment())

    def compose(self) -> list[str]:
        """Return the command of Compose: the plugin, or the program of old.

        :raises SetupError: there is neither, and it cannot be installed.
        """
        found = _compose(self.environment())
        if not found and _can_install():
            _install(("docker-compose",))
            found = _compose(self.environment())
        if not found:
            raise SetupError("there is no docker compose", install_command(["docker-compose"]))
        return found

    def stop(self) -> None:
        """End it if it is ours; its containers end with it, its images stay."""
        if self.daemon is not None:
            self.daemon.end(_STOP_SECONDS)


def ensure(cache: Cache) -> Engine:
    """Return an engine that answers.

    :raises SetupError: none runs, and none can be started.
    """
    host = os.environ.get("DOCKER_HOST", "")
    if shutil.which("docker") and _answers(host):
        note(f"container engine: the one that runs at {host or 'the usual place'}")
        return Engine(host)
    if host:
        raise SetupError(
            f"{_NO_ENGINE}: DOCKER_HOST is {host}, and nothing answers there",
            "start that engine, or unset DOCKER_HOST",
        )
    if sys.platform != "linux" or os.geteuid() != 0:
        raise SetupError(
            f"{_NO_ENGINE}: none runs, or this user may not use it, and only root on Linux can "
            "start one",
            "start Docker (Docker Desktop, or sudo systemctl start docker) and see that "
            "`docker version` works; or run this as root",
        )
    if not (shutil.which("dockerd") and shutil.which("docker")):
        if not _can_install():
            raise SetupError(
                f"{_NO_ENGINE}: Docker is not installed, and there is no apt-get to install it",
                "install Docker and start it",
            )
        _install(_PACKAGES)
    return _start(cache)


def data_root(cache: Cache) -> Path:
    """Return the folder of our own engine's images and containers."""
    given = os.environ.get("SENTINEL_DOCKER_DATA", "")
    return Path(given).resolve() if given else cache.root / "docker"


def _start(cache: Cache) -> Engine:
    data = prepare(data_root(cache))
    # Sockets have short names only, and what is in /run is gone when the machine starts anew.
    state = prepare(Path("/run") / f"sentinel-ops-docker-{short_hash(str(data))}")
    host, pid_file = f"unix://{state / 'docker.sock'}", state / "dockerd.json"
    known = RememberedProcess.read(pid_file)
    if known is not None and known.is_alive() and _answers(host):
        note("container engine: our own, which runs already")
        return Engine(host, known)
    log = data / "dockerd.log"
    with busy("starting a container engine of our own"):
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    "dockerd",
                    *("--host", host, "--data-root", str(data / "data")),
                    *("--exec-root", str(state / "exec"), "--pidfile", str(state / "dockerd.pid")),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=clean_environment(),
                start_new_session=True,
            )
        daemon = RememberedProcess.of(process.pid)
        daemon.write(pid_file)
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(host):
            if process.poll() is not None or time.monotonic() > deadline:
                daemon.end(_STOP_SECONDS)
                raise SetupError(
                    f"{_NO_ENGINE}: dockerd does not start on this machine. The end of its log:\n"
                    f"{tail(log.read_text(errors='replace'))}",
                    f"look at {log}; a container without privileges cannot run an engine: "
                    "use a machine that can",
                )
            time.sleep(_POLL_SECONDS)
    return Engine(host, daemon)


def _answers(host: str) -> bool:
    environment = clean_environment({"DOCKER_HOST": host} if host else {})
    try:
        result = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"],
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=environment,
            timeout=30,
        )
    except subprocess.TimeoutExpired:
        return False
    return result.returncode == 0


def _compose(environment: dict[str, str]) -> list[str]:
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) is None:
            continue
        result = subprocess.run(
            [*command, "version"],
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
        if result.returncode == 0:
            return command
    return []


def _can_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install(packages: tuple[str, ...]) -> None:
    environment = clean_environment({"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"})
    with busy(f"installing {', '.join(packages)}"):
        run(["apt-get", "update"], what="apt-get update", env=environment)
        wanted = list(packages)
        # Newer suites have the client in a package of its own.
        if "docker.io" in packages and "docker-cli" in run(
            ["apt-cache", "depends", "--recommends", "docker.io"],
            what="asking apt",
            env=environment,
        ):
            wanted.append("docker-cli")
        run(
            ["apt-get", "install", "--yes", "--no-install-recommends", *wanted],
            what=f"installing {', '.join(wanted)}",
            remedy="install Docker and start it",
            env=environment,
        )
