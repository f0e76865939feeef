"""`make up`, `down` and `clean` in a clone of their own, as a user types them."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.workshop import Workshop

pytestmark = [pytest.mark.odoo, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("Makefile", "pyproject.toml", "scripts", "auditor", "sentinel_ops_addon")


class Clone:
    """A copy of the working tree; not `git clone`, to test what is here now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, folder / part)
        # Its package says so; an editable installation needs the file.
        for name in ("README.md", "LICENSE"):
            if (ROOT / name).is_file():
                shutil.copy2(ROOT / name, folder / name)

    def make(self, target: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run `make target`."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name in ("PATH", "HOME", "SENTINEL_HOME", "LANG") or name.startswith("PIP_")
        }
        return subprocess.run(
            ["make", target],
            cwd=self.folder,
            check=False,
            capture_output=True,
            text=True,
            env=inherited | environment,
        )

    def shell(self, script: str) -> "subprocess.CompletedProcess[str]":
        """Run a script after reading `.sentinel/env`."""
        return subprocess.run(
            ["sh", "-c", f". .sentinel/env && {script}"],
            cwd=self.folder,
            check=False,
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]},
        )

    @property
    def pid(self) -> int:
        """The process that is noted."""
        return int(json.loads((self.folder / ".sentinel/odoo.pid").read_text())["pid"])


@pytest.fixture(scope="module")
def clone(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """Give a clone with Odoo up, and take it down in the end."""
    # A blank in the path is what breaks scripts most often.
    made = Clone(tmp_path_factory.mktemp("a clone") / "sentinel ops")
    result = made.make("up")
    assert result.returncode == 0, result.stdout + result.stderr
    yield made
    result = made.make("clean")
    assert result.returncode == 0, result.stdout + result.stderr
    assert workshop.site.cluster is None or workshop.site.program.server.answers()


def test_the_settings_reach_the_server_and_the_command(clone: Clone) -> None:
    assert (clone.folder / ".sentinel/env").stat().st_mode & 0o777 == 0o600
    assert (clone.folder / ".sentinel/odoo.conf").stat().st_mode & 0o777 == 0o600
    listed = clone.shell("command -v sentinel-ops && sentinel-ops list --json")
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.startswith(str(clone.folder / ".sentinel/venv/bin/sentinel-ops"))
    assert "clean_old_orders" in listed.stdout
    odoo = clone.shell('"$ODOO_PYTHON" -c "import odoo.release as r; print(r.version_info[0])"')
    assert odoo.stdout.strip() == "19"
    for name in ("ODOO_URL", "ODOO_DB", "ODOO_USERNAME", "ODOO_PASSWORD", "DATABASE_URL"):
        assert clone.shell(f'test -n "${name}"').returncode == 0, name


def test_up_again_is_quick_and_keeps_the_server(clone: Clone) -> None:
    pid, started = clone.pid, time.monotonic()
    # Read into a shell, the settings are in the environment of the next `make`, too.
    again = clone.shell(f"SENTINEL_HOME='{os.environ.get('SENTINEL_HOME', '')}' make up")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "runs already" in again.stdout
    assert clone.pid == pid
    assert time.monotonic() - started < 20


def test_a_killed_server_is_started_again_on_its_port(clone: Clone) -> None:
    url = clone.shell("echo $ODOO_URL").stdout
    os.kill(clone.pid, signal.SIGKILL)
    result = clone.make("up")
    assert result.returncode == 0, result.stdout + result.stderr
    assert clone.shell("echo $ODOO_URL").stdout == url
    assert clone.shell("sentinel-ops health").returncode == 0


def test_a_taken_port_is_an_error_and_leaves_nothing_behind(clone: Clone) -> None:
    assert clone.make("down").returncode == 0
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        result = clone.make("up", SENTINEL_ODOO_PORT=port)
    assert result.returncode != 0
    assert f"port {port} (SENTINEL_ODOO_PORT) is taken" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (clone.folder / ".sentinel/odoo.pid").exists()


def test_down_twice_is_no_error_and_touches_no_stranger(clone: Clone) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        note = {"pid": stranger.pid, "started": "before the last boot"}
        (clone.folder / ".sentinel/odoo.pid").write_text(json.dumps(note))
        for _ in range(2):
            result = clone.make("down")
            assert result.returncode == 0, result.stdout + result.stderr
        assert stranger.poll() is None
        stranger.kill()
    # This very run of tests uses PostgreSQL.
    assert "PostgreSQL stays up" in result.stdout or "no embedded" in result.stdout


def test_clean_removes_the_databases_of_this_clone_only(clone: Clone, workshop: Workshop) -> None:
    databases = workshop.site.databases
    others = set(databases.names("sentinel_"))
    result = clone.make("clean")
    assert result.returncode == 0, result.stdout + result.stderr
    assert not (clone.folder / ".sentinel").exists()
    gone = others - set(databases.names("sentinel_"))
    assert gone
    assert not any(name.startswith(workshop.site.templates.clone_prefix) for name in gone)
    assert workshop.site.templates.shared_name("base") not in gone
