"""The embedded store: its file, its schema, what happens when it can't be used."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest

from auditor.stores import migrations, sqlite
from auditor.stores.interface import EMPTY, Head, MovedOn, StoreError
from auditor.stores.sqlite import SqliteStore
from tests.auditor.conftest import Cli, Odoo

CHAIN = "c1"
FIVE = Head(5, "ab" * 32)


def tables(path: Path) -> set[str]:
    with sqlite3.connect(path) as db:
        return {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type='table'")}


def test_a_new_store(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "trail.sqlite3"
    SqliteStore(path).close()
    assert tables(path) == {"chains", "entries", "lines"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA user_version").fetchone() == (len(migrations.MIGRATIONS),)


def test_a_store_of_an_older_release_is_brought_forward(
    cli: Cli, odoo: Odoo, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odoo.standin.seal()
    assert cli("pull").code == 0
    second = ("ALTER TABLE entries ADD COLUMN note TEXT NOT NULL DEFAULT 'x'", "CREATE TABLE t (a)")
    monkeypatch.setattr(sqlite, "MIGRATIONS", (*migrations.MIGRATIONS, second))
    assert cli("show").code == 0
    with sqlite3.connect(store) as db:
        assert db.execute("SELECT note FROM entries").fetchall() == [("x",)]
        assert db.execute("PRAGMA user_version").fetchone() == (2,)
    assert cli("show").code == 0
    odoo.standin.seal()
    assert cli("pull").code == 0


def test_a_migration_that_breaks_leaves_the_old_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "trail.sqlite3"
    SqliteStore(path).close()
    broken = ("CREATE TABLE half (a)", "CREATE TABLE half (a)")
    monkeypatch.setattr(sqlite, "MIGRATIONS", (*migrations.MIGRATIONS, broken))
    with pytest.raises(StoreError, match="already exists"):
        SqliteStore(path)
    assert "half" not in tables(path)
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)


def test_a_store_of_a_newer_release(cli: Cli, store: Path) -> None:
    assert cli("pull").code == 0
    with sqlite3.connect(store) as db:
        db.execute("PRAGMA user_version = 99")
    for command in (["pull"], ["show"]):
        ran = cli(*command)
        assert ran.code == 1
        assert "written by a newer auditor" in ran.err


def test_a_file_of_another_program_is_left_alone(cli: Cli, store: Path) -> None:
    store.parent.mkdir()
    with sqlite3.connect(store) as db:
        db.execute("CREATE TABLE theirs (a)")
    ran = cli("pull")
    assert ran.code == 1
    assert "SQLite file of another program" in ran.err
    assert tables(store) == {"theirs"}
    store.write_text("not a database at all, but long enough to have a header of its own" * 20)
    ran = cli("pull")
    assert ran.code == 1
    assert "cannot be used" in ran.err


def test_a_folder_that_cannot_be_written(cli: Cli) -> None:
    ran = cli("pull", SENTINEL_STORE="/proc/nowhere/trail.sqlite3")
    assert ran.code == 1
    assert "SENTINEL_STORE" in ran.err


def test_default_place(cli: Cli, odoo: Odoo, tmp_path: Path) -> None:
    odoo.standin.seal()
    ran = cli("pull", "--json", SENTINEL_STORE="")
    assert ran.json["store"] == str(tmp_path / ".local/share/sentinel-ops/trail.sqlite3")
    ran = cli("pull", "--json", SENTINEL_STORE="", XDG_DATA_HOME=str(tmp_path / "xdg"))
    assert ran.json["store"] == str(tmp_path / "xdg/sentinel-ops/trail.sqlite3")


def test_a_batch_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.sqlite3")

    def half_a_batch() -> None:
        with store.batch(CHAIN, expected=EMPTY, database="d", url="u") as batch:
            batch.advance(FIVE)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half_a_batch()
    assert store.head(CHAIN) == EMPTY
    assert store.chains() == []


def test_a_batch_from_an_old_position_is_refused(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.sqlite3")
    with store.batch(CHAIN, expected=EMPTY, database="d", url="u") as batch:
        batch.advance(FIVE)
    with pytest.raises(MovedOn), store.batch(CHAIN, expected=EMPTY, database="d", url="u"):
        pytest.fail("a batch was opened from an old position")
    assert store.head(CHAIN) == FIVE


def test_a_second_writer_waits_and_then_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite3"
    first, second = SqliteStore(path), SqliteStore(path, busy=0.2)
    with (
        first.batch(CHAIN, expected=EMPTY, database="d", url="u"),
        pytest.raises(StoreError, match="in use by another pull"),
        second.batch(CHAIN, expected=EMPTY, database="d", url="u"),
    ):
        pytest.fail("two batches at once")
