"""A run of tests that is stopped leaves nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sentinel_env.processes import RememberedProcess
from sentinel_env.throwaway import throwaway_home
from tests.support.workshop import Workshop

pytestmark = pytest.mark.odoo

ROOT = Path(__file__).resolve().parents[2]
TEST = """
import time

def test_that_takes_too_long(workshop):
    server = workshop.new_server("", "--max-cron-threads=0")
    print(f"SERVES {server.db} {server.server.pid_file}", flush=True)
    time.sleep(300)
"""


@pytest.fixture
def stopped() -> "subprocess.Popen[str]":
    """Start a pytest that holds a server, wait until it does, and return its process."""
    file = ROOT / "tests" / "tooling" / f"test_tmp_{os.getpid()}.py"
    file.write_text(TEST)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-s", "-p", "no:cacheprovider", str(file)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "SENTINEL_SUITE_HELD": "1"},
        )
        assert process.stdout is not None
        for line in process.stdout:
            if "SERVES" in line:
                process.words = line.split("SERVES")[1].split()  # type: ignore[attr-defined]
                return process
    finally:
        file.unlink()
    raise AssertionError("it never got its server")


def test_sigterm_takes_servers_and_databases_down(
    stopped: "subprocess.Popen[str]", workshop: Workshop
) -> None:
    database, pid_file = stopped.words  # type: ignore[attr-defined]
    server = RememberedProcess.read(Path(pid_file))
    assert server is not None
    assert server.is_alive()
    stopped.send_signal(signal.SIGTERM)
    stopped.communicate(timeout=60)
    assert not server.is_alive()
    assert not workshop.site.databases.exists(database)


def test_after_a_kill_the_next_run_sweeps(
    stopped: "subprocess.Popen[str]", workshop: Workshop
) -> None:
    database, pid_file = stopped.words  # type: ignore[attr-defined]
    server = RememberedProcess.read(Path(pid_file))
    assert server is not None
    stopped.kill()
    stopped.communicate(timeout=60)
    assert server.is_alive()
    workshop.throwaway.sweep()
    assert not server.is_alive()
    assert not workshop.site.databases.exists(database)
    mine = workshop.throwaway.folder
    assert mine in throwaway_home(workshop.site.clone).iterdir()
