"""Never the process of somebody else, never the port of somebody else."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sentinel_env.errors import SetupError
from sentinel_env.ports import choose, is_free
from sentinel_env.processes import RememberedProcess


def _sleeper() -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


def test_a_note_survives_and_ends_the_right_process(tmp_path: Path) -> None:
    with _sleeper() as child:
        RememberedProcess.of(child.pid).write(tmp_path / "pid")
        noted = RememberedProcess.read(tmp_path / "pid")
        assert noted is not None
        assert noted.is_alive()
        noted.end(5.0)
        assert not noted.is_alive()


def test_a_number_that_belongs_to_somebody_else_now_is_left_alone(tmp_path: Path) -> None:
    with _sleeper() as child:
        note = {"pid": child.pid, "started": "another-boot:12345"}
        (tmp_path / "pid").write_text(json.dumps(note))
        noted = RememberedProcess.read(tmp_path / "pid")
        assert noted is not None
        assert not noted.is_alive()
        noted.end(0.1)
        noted.kill()
        assert child.poll() is None
        child.kill()


def test_one_that_does_not_want_to_end_is_killed() -> None:
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('ready', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        noted = RememberedProcess.of(child.pid)
        noted.end(0.3)
        assert not noted.is_alive()


@pytest.mark.parametrize("text", ["", "123", "{}", '{"pid": "x", "started": ""}', "\0\0"])
def test_a_damaged_note_is_no_process(tmp_path: Path, text: str) -> None:
    (tmp_path / "pid").write_text(text)
    assert RememberedProcess.read(tmp_path / "pid") is None


def test_no_note_is_no_process(tmp_path: Path) -> None:
    assert RememberedProcess.read(tmp_path / "pid") is None
    assert not RememberedProcess(os.getpid(), "").is_alive()


def test_a_taken_port_is_refused_when_it_was_asked_for() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert not is_free(port)
        with pytest.raises(SetupError, match=f"port {port} .* is taken") as caught:
            choose(str(port))
        assert "SENTINEL_ODOO_PORT" in caught.value.remedy
        assert choose("", previous=port) != port


@pytest.mark.parametrize("wanted", ["http", "0", "65536", "-1", "80.0"])
def test_nonsense_is_no_port(wanted: str) -> None:
    with pytest.raises(SetupError, match="is not a port"):
        choose(wanted)


def test_the_port_of_the_last_time_is_taken_again() -> None:
    port = choose()
    assert choose("", previous=port) == port
