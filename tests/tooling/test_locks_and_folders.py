"""Two runs at once, and runs that do not finish."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from sentinel_env.errors import SetupError
from sentinel_env.folders import built_whole, prepare, sweep
from sentinel_env.locks import exclusive, exclusive_if_free, shared

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"

HOLD = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from sentinel_env.locks import exclusive
with exclusive(Path(sys.argv[2]), "the thing"):
    print("held", flush=True)
    time.sleep(float(sys.argv[3]))
    with open(sys.argv[4], "a") as file:
        file.write("first\\n")
"""


def _holder(lock: Path, seconds: float, diary: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(SCRIPTS), str(lock), str(seconds), str(diary)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_run_waits_and_says_for_whom(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock, diary = tmp_path / "a.lock", tmp_path / "diary"
    with _holder(lock, 0.7, diary) as process:
        with exclusive(lock, "the thing"), diary.open("a") as file:
            file.write("second\n")
        assert f"another run (process {process.pid}) works on the thing" in capsys.readouterr().out
    assert diary.read_text() == "first\nsecond\n"


def test_a_killed_run_leaves_no_lock(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    with _holder(lock, 60, tmp_path / "diary") as process:
        process.kill()
        process.wait()
        started = time.monotonic()
        with exclusive(lock, "the thing"):
            assert time.monotonic() - started < 5


def test_what_is_in_use_is_not_taken(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    with shared(lock), shared(lock), exclusive_if_free(lock) as free:
        assert not free
    with exclusive_if_free(lock) as free:
        assert free


def test_a_folder_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "tree"
    with pytest.raises(IsADirectoryError), built_whole(target) as folder:
        folder.open()
    assert list(tmp_path.iterdir()) == []
    with built_whole(target) as folder:
        (folder / "whole").touch()
        assert not target.exists()
    assert (target / "whole").exists()


def test_what_a_killed_run_left_is_swept(tmp_path: Path) -> None:
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from sentinel_env.folders import built_whole\n"
        "with built_whole(Path(sys.argv[2])) as folder:\n"
        "    (folder / 'half').touch()\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(SCRIPTS), str(tmp_path / "tree")], check=False)
    assert len(list(tmp_path.iterdir())) == 1
    assert not (tmp_path / "tree").exists()
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="cannot make the folder") as caught:
        prepare(tmp_path / "file" / "cache")
    assert "SENTINEL_HOME" in caught.value.remedy
