"""What PostgreSQL's container deletes at its start: only what it made itself and never served."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "docker" / "postgres" / "sentinel-postgres"
FILES = ("PG_VERSION", "base", "global", "postgresql.conf")

Start = Callable[..., subprocess.CompletedProcess[str]]

ENSURE = """
[ -n "$POSTGRES_PASSWORD" ] || exit 9
[ -s "$PGDATA/PG_VERSION" ] && exit 0
mkdir -p "$PGDATA/base/1" "$PGDATA/global"
echo 17 >"$PGDATA/PG_VERSION"
[ "$DIES_IN" != initdb ] || exit 7
echo "made $$" | tee "$PGDATA/global/pg_control" "$PGDATA/base/1/table" >"$PGDATA/postgresql.conf"
"""
SERVER = 'echo "serving $* from $PGDATA with password ${POSTGRES_PASSWORD:-none}"'
MV = """
real=/bin/mv
case "$DIES_IN $*" in
    "moving "*PG_VERSION*) exit 7 ;;
    "renaming --no-target-directory "*) exit 7 ;;
esac
exec "$real" "$@"
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Where the cluster is, as in the volume: there, and empty."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def start(tmp_path: Path, data: Path) -> Start:
    """Start the container's script, with programs around it that need neither root nor a server."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {
        "id": "echo 0",
        "install": ":",
        "docker-ensure-initdb.sh": ENSURE,
        "docker-entrypoint.sh": SERVER,
        "mv": MV,
        "sentinel-postgres": SCRIPT.read_text().replace("/run/sentinel-db", str(tmp_path / "db")),
    }.items():
        program = programs / name
        program.write_text(text if text.startswith("#!") else f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)

    def run(dies_in: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sentinel-postgres", "postgres"],
            env={
                "PATH": f"{programs}:{os.environ['PATH']}",
                "PGDATA": str(data),
                "DIES_IN": dies_in,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def assert_serving(ran: subprocess.CompletedProcess[str], data: Path) -> None:
    assert ran.returncode == 0, ran.stderr
    assert f"serving postgres from {data} with password none" in ran.stdout


def restore(data: Path) -> None:
    """Put a physical backup in place, as people do."""
    for name in ("base/16384", "global"):
        (data / name).mkdir(parents=True)
    (data / "base/16384/orders").write_text("precious")
    (data / "global/pg_control").write_text("theirs")
    (data / "PG_VERSION").write_text("17\n")


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_first_start_makes_a_cluster_and_another_one_leaves_it(start: Start, data: Path) -> None:
    assert_serving(start(), data)
    assert sorted(path.name for path in data.iterdir()) == sorted(FILES)
    before = files(data)
    assert_serving(start(), data)
    assert files(data) == before


@pytest.mark.parametrize("dies_in", ["initdb", "renaming", "moving"])
def test_a_first_start_that_died_comes_to_its_end(start: Start, data: Path, dies_in: str) -> None:
    for _ in range(2):
        assert start(dies_in).returncode == 7
        assert not (data / "PG_VERSION").exists(), "nobody takes it for a cluster"
    assert_serving(start(), data)
    assert sorted(path.name for path in data.iterdir()) == sorted(FILES)
    assert len(set(files(data / "global").values()) | set(files(data / "base").values())) == 1


@pytest.mark.parametrize("dies_in", ["initdb", "renaming", "moving", ""])
@pytest.mark.parametrize("emptied", [True, False])
def test_a_backup_put_in_place_after_the_first_start_stays(
    start: Start, data: Path, dies_in: str, emptied: bool
) -> None:
    start(dies_in)
    if emptied or dies_in in ("moving", ""):
        for path in list(data.iterdir()):
            subprocess.run(["rm", "-rf", str(path)], check=True)
    restore(data)
    before = files(data) if emptied else {"base/16384/orders": "precious"}
    for _ in range(2):
        assert_serving(start(), data)
        assert before.items() <= files(data).items()
        assert not list(data.glob("sentinel-*"))


def test_what_is_being_restored_is_not_mixed_with_a_new_cluster(start: Start, data: Path) -> None:
    start("moving")
    (data / "pg_xact").mkdir()
    (data / "sentinel-made" / "pg_xact").mkdir()
    before = files(data)
    ran = start()
    assert ran.returncode == 1
    assert "pg_xact is in" in ran.stderr
    assert "what to do" in ran.stderr
    assert files(data) == before


def test_a_folder_with_something_else_in_it_is_left_alone(start: Start, data: Path) -> None:
    (data / "lost+found").mkdir()
    (data / "base").mkdir()
    (data / "base" / "orders").write_text("precious")
    ran = start()
    assert ran.returncode == 1
    assert "it is no database" in ran.stderr
    assert files(data) == {"base/orders": "precious"}
    subprocess.run(["rm", "-rf", str(data / "base")], check=True)
    assert_serving(start(), data)
    assert (data / "lost+found").is_dir()


def test_a_cluster_whose_password_is_gone_is_not_started(start: Start, data: Path) -> None:
    restore(data)
    before = files(data)
    ran = start()
    assert ran.returncode == 1
    assert "Odoo's password" in ran.stderr
    assert files(data) == before
