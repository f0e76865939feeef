"""What a bare machine lacks is named, with the command that installs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sentinel_env import prerequisites
from sentinel_env.errors import SetupError

ROOT = Path(__file__).resolve().parents[2]


def test_a_missing_keyring_is_named_with_its_package(tmp_path: Path) -> None:
    if not Path("/usr/bin/apt-get").exists():
        pytest.skip("no apt-get here")
    with pytest.raises(SetupError, match="this machine lacks") as caught:
        prerequisites.check(needs_debian=True, keyring=tmp_path / "none.gpg")
    assert "apt-get install -y debian-archive-keyring" in caught.value.remedy
    assert ("sudo " in caught.value.remedy) == (os.geteuid() != 0)


def test_a_machine_without_apt_is_sent_to_a_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(SetupError, match="no apt-get") as caught:
        prerequisites.check(needs_debian=True)
    assert "ODOO_PATH" in caught.value.remedy


def test_a_python_without_venv_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Debian's python3 without python3-venv has no ensurepip.
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\necho \"No module named 'ensurepip'\" >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(prerequisites, "base_python", lambda: str(python))
    with pytest.raises(SetupError, match="ensurepip") as caught:
        prerequisites.check(needs_debian=False)
    assert "python3-venv" in caught.value.remedy


def test_all_that_is_missing_is_named_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not Path("/usr/bin/apt-get").exists():
        pytest.skip("no apt-get here")
    monkeypatch.setattr(prerequisites, "base_python", lambda: "/bin/false")
    with pytest.raises(SetupError) as caught:
        prerequisites.check(needs_debian=True, keyring=tmp_path / "none.gpg")
    assert "debian-archive-keyring python3-venv" in caught.value.remedy


@pytest.mark.parametrize("version", [(3, 9), (3, 14)])
def test_another_python_gets_a_sentence(version: tuple[int, int]) -> None:
    code = (
        "import sys, runpy\n"
        f"sys.version_info = ({version[0]}, {version[1]}, 0, 'final', 0)\n"
        "sys.argv = ['sentinel.py', 'up']\n"
        "runpy.run_path('scripts/sentinel.py', run_name='__main__')\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert "need Python 3.10 to 3.13" in result.stderr
    assert "make PYTHON=" in result.stderr
    assert "Traceback" not in result.stderr


def test_without_network_and_cache_the_command_ends_with_one_error(tmp_path: Path) -> None:
    if not prerequisites.KEYRING.is_file():
        pytest.skip("no Debian keyring here")
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("ODOO_PATH", "DATABASE_URL")
    }
    environment |= {
        "SENTINEL_HOME": str(tmp_path / "cache"),
        "DEBIAN_MIRROR": "http://127.0.0.1:1/debian",
        "no_proxy": "127.0.0.1",
    }
    result = subprocess.run(
        [sys.executable, "scripts/sentinel.py", "up"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert result.returncode == 1
    assert result.stderr.count("error:") == 1
    assert "connect to the network" in result.stderr
    assert "Traceback" not in result.stdout + result.stderr
