"""`.sentinel/env` as shells read it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from sentinel_env.env_file import read_port, render

AWKWARD = {
    "ODOO_PASSWORD": 'it\'s "quoted" $HOME `id` \\ # ! ; & é',
    "ODOO_DB": "plain",
    "DATABASE_URL": "postgresql://u:p%40@/db?host=%2Ftmp%2Fa b&port=5432",
}


@pytest.mark.parametrize("shell", ["sh", "bash", "dash"])
def test_every_shell_reads_back_what_was_written(tmp_path: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    programs, spare = tmp_path / "a folder" / "bin", tmp_path / "spare's"
    file = tmp_path / "env"
    file.write_text(render(AWKWARD, programs, spare))
    script = f'. "{file}"; env -0 | tr "\\0" "\\036"; printf "PATH_WAS=%s" "${{PATH#*bin:}}"'
    result = subprocess.run(
        [shell, "-c", script],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nobody"},
    )
    seen = dict(row.split("=", 1) for row in result.stdout.split("\x1e") if "=" in row)
    assert {name: seen[name] for name in AWKWARD} == AWKWARD
    assert seen["PATH"] == f"{programs}:/usr/bin:/bin:{spare}"
    assert seen["PATH_WAS"] == f"/usr/bin:/bin:{spare}"


def test_the_port_is_read_from_our_configuration(tmp_path: Path) -> None:
    file = tmp_path / "odoo.conf"
    assert read_port(file) == 0
    file.write_text("[options]\nhttp_port = 40123\n")
    assert read_port(file) == 40123
