"""The embedded store: its file, its schema, what happens when it can't be used."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.stores import migrations, sqlite
from auditor.stores.interface import EMPTY, Entry, Head, LineRow, MovedOn, StoreError
from auditor.stores.sqlite import SqliteStore
from tests.auditor import origin
from tests.auditor.conftest import Cli, Odoo

pytestmark = pytest.mark.one_transport(
    "the store is what is tested; the pull that fills it is tested over both"
)

CHAIN = "c1"
FIVE = Head(5, "ab" * 32)
ENTRY = Entry(1, "run", "u", "2026-01-31T12:00:00.000000Z", "d", "s", "", "salt", "{}")


def tables(path: Path) -> set[str]:
    with sqlite3.connect(path) as db:
        return {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type='table'")}


def test_a_new_store(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "trail.sqlite3"
    SqliteStore(path).close()
    assert tables(path) == {"chains", "entries", "lines", "alert_state"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA user_version").fetchone() == (len(migrations.MIGRATIONS),)


def test_a_store_of_an_older_release_is_brought_forward(
    cli: Cli, odoo: Odoo, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odoo.standin.seal()
    assert cli("pull").code == 0
    newest = len(migrations.MIGRATIONS)
    column = "ALTER TABLE entries ADD COLUMN note TEXT NOT NULL DEFAULT 'x'"
    another = (column, "CREATE TABLE t (a)")
    monkeypatch.setattr(sqlite, "MIGRATIONS", (*migrations.MIGRATIONS, another))
    assert cli("show").code == 0
    with sqlite3.connect(store) as db:
        assert db.execute("SELECT note FROM entries").fetchall() == [("x",)]
        assert db.execute("PRAGMA user_version").fetchone() == (newest + 1,)
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
        assert db.execute("PRAGMA user_version").fetchone() == (len(migrations.MIGRATIONS),)


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


def test_lines_are_kept_byte_for_byte_however_many(tmp_path: Path) -> None:
    """Whole statements of many rows, and the rest of them."""
    store = SqliteStore(tmp_path / "t.sqlite3")
    count = 2 * sqlite.ROWS_A_STATEMENT + 7
    rows = [LineRow(1, at, "d", "s", f'{{"x":"Ü\\u0001 {at}"}}') for at in range(1, count + 1)]
    with store.batch(CHAIN, expected=EMPTY, database="d", url="u") as batch:
        batch.add_entries([ENTRY])
        batch.add_lines(rows[:300])
        batch.add_lines(rows[300:])
        batch.advance(FIVE)
    assert list(store.entry_lines(CHAIN, 1)) == rows
    assert store.entries(CHAIN, after=0, limit=5) == [ENTRY]
    assert store.chains()[0].lines == count


def test_a_place_is_replaced_by_what_is_made_of_itself_or_not_at_all(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.sqlite3")
    rows = [LineRow(1, at, "d", "s", f'{{"x":{at}}}') for at in range(1, 1001)]
    with store.batch(CHAIN, expected=EMPTY, database="d", url="u") as batch:
        batch.add_entries([ENTRY])
        batch.add_lines(rows)
        batch.advance(FIVE)

    def broken() -> Iterator[LineRow]:
        yield rows[0]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.replace(CHAIN, ENTRY._replace(uid="other"), broken())
    assert list(store.entry_lines(CHAIN, 1)) == rows
    assert store.entries(CHAIN, after=0, limit=1) == [ENTRY]
    for _ in range(2):  # what was put aside the first time is not in the way
        store.replace(
            CHAIN,
            ENTRY._replace(uid="other"),
            (row._replace(salt="", content="") for row in store.entry_lines(CHAIN, 1)),
        )
    assert list(store.entry_lines(CHAIN, 1)) == [row._replace(salt="", content="") for row in rows]
    assert store.entries(CHAIN, after=0, limit=1)[0].uid == "other"
    assert store.head(CHAIN) == FIVE


def test_the_first_entry_that_was_withheld_for_its_company(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.sqlite3")
    origin.check_first_unseen(store)


def test_the_disk_is_full(odoo: Odoo, tmp_path: Path, store: Path, cli: Cli) -> None:
    odoo.standin.seal(lines=3)
    assert cli("pull").code == 0
    odoo.standin.seal(lines=3000)
    # A limit on the size of files is what a full disk looks like to who writes.
    limit = store.stat().st_size // 1024 + 200
    ran = subprocess.run(
        ["bash", "-c", f'ulimit -f {limit}; trap "" XFSZ; exec {sys.executable} -m auditor pull'],
        env=odoo.env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 1, ran.stderr
    assert "cannot be used" in ran.stderr
    assert "Check the disk" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert cli("verify", "--json").json["checks"][0]["position"] == "1"
    assert cli("pull").code == 0
    assert cli("verify", "--json").json["checks"][0]["lines"] == 3003


def test_queries_of_ones_own_and_the_indexes_that_the_program_needs(
    cli: Cli, odoo: Odoo, store: Path
) -> None:
    odoo.standin.seal(lines=2)
    odoo.standin.happen()
    assert cli("pull").code == 0
    with sqlite3.connect(store) as db:
        assert db.execute("SELECT job, line_count, requested_by FROM runs").fetchall() == [
            ("clean_old_orders", 2, "manager")
        ]
        assert db.execute("SELECT record, after FROM run_lines ORDER BY 1").fetchall() == [
            (1, '{"state":"cancel"}'),
            (2, '{"state":"cancel"}'),
        ]
        assert db.execute("SELECT kind, user, record_name FROM events").fetchall() == [
            ("job_changed", "manager", "Cancel old quotations")
        ]
    opened = SqliteStore(store)
    asked: list[str] = []
    opened._db.set_trace_callback(asked.append)
    list(opened.history("sale.order", "1"))
    list(opened.history("sale.order", "S00001"))
    opened.first_unseen(odoo.standin.chain, after=0)
    opened.find_runs("abcd")
    opened.recent_runs(limit=20)
    opened.recent_runs(limit=20, job="clean_old_orders")
    opened._db.set_trace_callback(None)
    asked = [sql for sql in asked if not sql.startswith("SELECT id FROM chains")]
    for index, sql in zip(
        (
            "lines_by_record",
            "lines_by_name",
            "entries_unseen",
            "entries_by_uid",
            "runs_by_time",
            "runs_by_job",
        ),
        asked,
        strict=True,
    ):
        plan = " ".join(row[3] for row in opened._db.execute("EXPLAIN QUERY PLAN " + sql))
        assert f"USING INDEX {index}" in plan, plan
