"""Promise 5: every sealed run reaches the store exactly once, whatever happens on the way."""

from __future__ import annotations

import base64
import random
import signal
import sqlite3
import subprocess
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.auditor.conftest import Cli, Odoo, assert_no_secret, start_process
from tests.auditor.standin import NOT_SEALED, StandIn, pack, unpack

Twist = Callable[[dict[str, Any]], dict[str, Any]]


def stored(path: Path) -> tuple[int, list[tuple[int, str, int]], list[tuple[int, int]]]:
    """Return (position, runs as (position, uid, line count), lines as (run position, position))."""
    with sqlite3.connect(path) as db:
        position = db.execute("SELECT coalesce(max(position), 0) FROM chains").fetchone()[0]
        runs = db.execute(
            "SELECT position, uid, coalesce(json_extract(content, '$.line_count'), 0) "
            "FROM entries ORDER BY 1"
        ).fetchall()
        lines = db.execute("SELECT run_position, position FROM lines ORDER BY 1, 2").fetchall()
    return position, runs, lines


def assert_whole(path: Path, standin: StandIn, *, complete: bool = True) -> int:
    """Fail unless the store is a gapless beginning of the chain, each run with all its lines."""
    position, runs, lines = stored(path)
    expected = standin.sealed[:position]
    assert [(at, uid) for at, uid, _count in runs] == list(enumerate(expected, start=1))
    wanted = [
        (at, line["position"])
        for at, uid in enumerate(expected, start=1)
        for line in standin.lines[uid]
    ]
    assert lines == wanted
    if complete:
        assert position == len(standin.sealed)
    return position


def test_everything_arrives_and_a_second_pull_adds_nothing(
    cli: Cli, odoo: Odoo, store: Path
) -> None:
    for lines in (3, 0, 7):
        odoo.standin.seal(lines=lines)
    ran = cli("pull", "--json")
    assert ran.code == 0
    assert (ran.json["runs"], ran.json["lines"], ran.json["position"]) == (3, 10, "3")
    assert_whole(store, odoo.standin)
    before = stored(store)
    again = cli("pull", "--json")
    assert again.code == 0
    assert (again.json["runs"], again.json["lines"]) == (0, 0)
    assert stored(store) == before
    odoo.standin.seal(lines=2)
    assert cli("pull", "--json").json["runs"] == 1
    assert_whole(store, odoo.standin)


def test_an_empty_chain(cli: Cli, store: Path) -> None:
    ran = cli("pull")
    assert ran.code == 0
    assert "Nothing new" in ran.out
    assert stored(store) == (0, [], [])


def test_small_pages(cli: Cli, odoo: Odoo, store: Path) -> None:
    odoo.standin.largest_runs_page = 2
    odoo.standin.largest_lines_page = 3
    for lines in (0, 5, 3, 0, 0, 7, 1):
        odoo.standin.seal(lines=lines)
    assert cli("pull").code == 0
    assert_whole(store, odoo.standin)


def test_a_batch_is_bounded_by_its_lines(
    cli: Cli, odoo: Odoo, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from auditor.trail import pull

    monkeypatch.setattr(pull, "LINES_A_BATCH", 10)
    for lines in (4, 4, 4, 25, 1):
        odoo.standin.seal(lines=lines)
    assert cli("pull").code == 0
    assert_whole(store, odoo.standin)
    asked = [named["until"] for name, named in odoo.standin.calls if name == "export_lines"]
    assert asked == ["2", "3", "4", "5"]


def test_everything_of_a_run_and_a_line_is_kept(cli: Cli, odoo: Odoo) -> None:
    uid = odoo.standin.seal(lines=1, reason="because", later_key={"a": [1, 2**60]})
    odoo.standin.lines[uid][0].update(
        name="Ünïcode\u0001 💶", before={"a": None, "b": [1, "x"]}, later=7, record=2**40
    )
    assert cli("pull").code == 0
    document = cli("show", uid, "--json").json
    for key, value in odoo.standin.runs[uid].items():
        if key not in NOT_SEALED and not key.endswith("_at"):
            assert document[key] == value
    assert document["ended_at"] == "2026-01-31T12:00:09.000000Z"
    (line,) = document["lines"]
    odoo.standin.lines[uid][0]["at"] = "2026-01-31T12:00:02.000000Z"
    for key, value in odoo.standin.lines[uid][0].items():
        assert line[key] == value


def twist_rows(change: Callable[[list[list[str]]], object]) -> Twist:
    """Return a twist that changes the rows of a page and keeps its count right."""

    def twist(answer: dict[str, Any]) -> dict[str, Any]:
        rows = unpack(answer["data"])
        change(rows)
        return {**answer, "data": pack(rows), "count": len(rows)}

    return twist


def column(row: int, number: int, old: str, new: str) -> Twist:
    """Return a twist that replaces a text in one column of one row."""

    def change(rows: list[list[str]]) -> None:
        assert old in rows[row][number]
        rows[row][number] = rows[row][number].replace(old, new)

    return twist_rows(change)


def cut(data: str) -> str:
    return base64.b64encode(base64.b64decode(data)[:-5]).decode()


def packed(text: bytes) -> str:
    return base64.b64encode(zlib.compress(text)).decode()


BAD_PAGES: list[tuple[str, Twist, int, str]] = [
    ("export_runs", lambda a: {**a, "data": "%%%" + a["data"]}, 3, "not base64"),
    ("export_runs", lambda a: {**a, "data": a["data"][:-3]}, 3, "not base64"),
    ("export_lines", lambda a: {**a, "data": cut(a["data"])}, 3, "cut off"),
    ("export_lines", lambda a: {**a, "data": base64.b64encode(b"plain").decode()}, 3, "not unpack"),
    ("export_lines", lambda a: {**a, "data": packed(b"\xff\xfe"), "count": 1}, 3, "not UTF-8"),
    ("export_lines", lambda a: {**a, "data": packed(b"1\t2"), "count": 1}, 3, "is not a line"),
    ("export_runs", lambda a: {**a, "data": packed(b"1\t2"), "count": 1}, 3, "is not an entry"),
    ("export_runs", lambda a: {**a, "count": a["count"] + 1}, 3, "claims"),
    ("export_lines", lambda a: {**a, "chain": "other"}, 6, "answers with chain other"),
    ("export_runs", lambda a: {**a, "chain": "other"}, 6, "answers with chain other"),
    (
        "export_lines",
        lambda a: {**a, "more": True, "count": 0, "data": ""},
        6,
        "promises more lines and gives none",
    ),
    ("export_runs", lambda a: {**a, "head": "1"}, 6, "ends at position 1"),
    ("export_runs", lambda a: {**a, "start": "3", "start_seal": "ab" * 32}, 6, "Retention in Odoo"),
    ("export_runs", column(0, 5, "", "ab"), 6, "has forked: at position 2"),
    ("export_runs", twist_rows(lambda rows: rows.pop(0)), 6, "missing in Odoo: that at"),
    (
        "export_runs",
        twist_rows(lambda rows: rows.clear()),
        6,
        "missing in Odoo: that at position 2",
    ),
    (
        "export_runs",
        twist_rows(lambda rows: rows.pop(1)),
        6,
        "position 4 of the chain comes where 3",
    ),
    ("export_runs", column(1, 8, '"requested_by":"manager"', '"requested_by":"eve"'), 6, "edited"),
    ("export_runs", column(1, 3, "12:00", "13:00"), 6, "seal was rewritten"),
    ("export_runs", column(1, 5, "", "ab"), 6, "seal was rewritten"),
    ("export_runs", twist_rows(lambda rows: rows[1].__setitem__(8, "")), 6, "content of the run"),
]
Change = Callable[[list[list[str]]], object]


def amount(rows: list[list[str]]) -> None:
    rows[0][4] = rows[0][4].replace('"amount":"100.00"', '"amount":"900.00"')


BAD_LINES: list[tuple[Change, str]] = [
    (amount, "a line was edited"),
    (lambda rows: rows.pop(), "line 3 is missing: 3 lines were sealed and 2 are there"),
    (lambda rows: rows.pop(1), "line 2 is missing"),
    (lambda rows: rows.clear(), "has 3 and none is there"),
    (lambda rows: rows.insert(1, rows[0]), "line 1 comes after line 1"),
    (lambda rows: rows.reverse(), "twice, or out of order"),
    (lambda rows: rows[0].__setitem__(0, "9"), "lines at position 9"),
    (lambda rows: rows[0].__setitem__(0, "1"), "line 1 comes after line 2"),
    (lambda rows: rows[0].__setitem__(1, "0"), "comes after line 0"),
    (
        lambda rows: rows.append([rows[0][0], "4", *rows[0][2:]]),
        "line 4 stands where another line was sealed",
    ),
    (
        lambda rows: rows.append([*rows[0][:1], "4", "ab" * 32, "", ""]),
        "line 4 is one too many: 3 lines were sealed and 4 are there",
    ),
    (lambda rows: rows.__setitem__(2, [*rows[2][:2], "ab" * 32, "", ""]), "a line was edited"),
    (lambda rows: rows[2].__setitem__(4, ""), "neither its content nor the digest"),
]


@pytest.mark.parametrize(("method", "twist", "code", "says"), BAD_PAGES)
def test_a_bad_page_is_an_error_and_nothing_is_lost(
    cli: Cli, odoo: Odoo, store: Path, method: str, twist: Twist, code: int, says: str
) -> None:
    odoo.standin.seal()
    odoo.standin.seal()
    assert cli("pull").code == 0
    before = stored(store)
    for _ in range(3):
        odoo.standin.seal()
    odoo.standin.twists[method] = twist
    ran = cli("pull")
    assert ran.code == code
    assert says in ran.err
    assert stored(store) == before
    odoo.standin.twists.clear()
    assert cli("pull").code == 0
    assert_whole(store, odoo.standin)


def in_third(rows: list[list[str]], change: Change) -> None:
    """Change the rows of the third entry only."""
    third = [row for row in rows if row[0] == "3"]
    first = rows.index(third[0]) if third else 0
    del rows[first : first + len(third)]
    if third:
        change(third)
    rows[first:first] = third


@pytest.mark.parametrize(("change", "says"), BAD_LINES)
def test_what_comes_before_a_bad_line_lands_and_nothing_behind_it(
    cli: Cli, odoo: Odoo, store: Path, change: Change, says: str
) -> None:
    for lines in (2, 0, 3, 2):
        odoo.standin.seal(lines=lines)
    odoo.standin.twists["export_lines"] = twist_rows(lambda rows: in_third(rows, change))
    ran = cli("pull")
    assert ran.code == 6, ran.err
    assert says in ran.err
    # A line that claims to be of another run leaves it open where that one ends.
    kept = {"lines at position 9": 1, "line 1 comes after line 2": 0}.get(says, 2)
    assert assert_whole(store, odoo.standin, complete=False) == kept
    odoo.standin.twists.clear()
    assert cli("pull").code == 0
    assert_whole(store, odoo.standin)


@pytest.mark.parametrize("method", ["export_runs", "export_lines"])
@pytest.mark.parametrize(("mood", "value"), [("html", None), ("half", None), ("status", 500)])
def test_a_broken_answer_in_the_middle(
    cli: Cli, odoo: Odoo, store: Path, method: str, mood: str, value: Any
) -> None:
    odoo.standin.largest_runs_page = 1
    for _ in range(3):
        odoo.standin.seal()
    # The second batch breaks: the first must stay, the second must leave nothing behind.
    before = "export_lines" if method == "export_runs" else "export_runs"
    at = "1" if method == "export_runs" else "2"
    odoo.standin.twists[before] = lambda answer: (
        (odoo.standin.misbehave(method, mood, value=value) if answer["next"] == at else None)
        or answer
    )
    ran = cli("pull")
    assert ran.code == 3
    assert assert_whole(store, odoo.standin, complete=False) == 1
    odoo.standin.twists.clear()
    assert cli("pull").code == 0
    assert_whole(store, odoo.standin)


def test_lost_answers_are_asked_for_again(cli: Cli, odoo: Odoo, store: Path) -> None:
    odoo.standin.seal()
    odoo.standin.misbehave("export_runs", "drop")
    odoo.standin.misbehave("export_lines", "truncated")
    assert cli("pull").code == 0
    assert_whole(store, odoo.standin)


def test_a_page_that_unpacks_without_end_is_refused(cli: Cli, odoo: Odoo, store: Path) -> None:
    odoo.standin.seal()
    bomb = base64.b64encode(zlib.compress(b" " * (100 * 1024 * 1024), 9)).decode()
    odoo.standin.twists["export_lines"] = lambda answer: {**answer, "data": bomb}
    ran = cli("pull")
    assert ran.code == 3
    assert "unpacks to more than 64 MiB" in ran.err
    assert stored(store)[0] == 0


def test_a_page_too_large_is_asked_for_in_pieces(
    cli: Cli, odoo: Odoo, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from auditor.odoo import client, packed

    def unpack_little(data: str, count: int) -> list[str]:
        return packed.unpack(data, count, largest=12_000)

    monkeypatch.setattr(client, "unpack", unpack_little)
    for lines in (*[1] * 30, 300):
        odoo.standin.seal(lines=lines)
    assert cli("pull").code == 0
    assert_whole(store, odoo.standin)


def test_unpacking_stops_at_the_bound() -> None:
    """100 MiB of blanks must not be in memory even for a moment."""
    import tracemalloc

    from auditor.odoo.errors import PageTooLarge
    from auditor.odoo.packed import unpack as unpack_page

    bomb = base64.b64encode(zlib.compress(b" " * (100 * 1024 * 1024), 9)).decode()
    tracemalloc.start()
    with pytest.raises(PageTooLarge):
        unpack_page(bomb, 1, largest=1024 * 1024)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 1024 * 1024


def test_several_databases_in_one_store(cli: Cli, odoo: Odoo, store: Path) -> None:
    odoo.standin.seal(lines=2)
    assert cli("pull").code == 0
    odoo.standin.chain = "99999999-2222-3333-4444-555555555555"
    odoo.standin.entries.clear()
    assert cli("pull", "--json").json["runs"] == 1
    with sqlite3.connect(store) as db:
        assert db.execute("SELECT chain, position FROM chains ORDER BY 1").fetchall() == [
            ("11111111-2222-3333-4444-555555555555", 1),
            ("99999999-2222-3333-4444-555555555555", 1),
        ]
        assert db.execute("SELECT count(*) FROM lines").fetchone() == (4,)
    assert "Database" in cli("show").out


def test_a_restored_database_is_noticed(cli: Cli, odoo: Odoo, store: Path) -> None:
    for _ in range(3):
        odoo.standin.seal()
    assert cli("pull").code == 0
    odoo.standin.sealed.pop()
    ran = cli("pull")
    assert ran.code == 6
    assert "ends at position 2, the store has it up to 3" in ran.err
    assert stored(store)[0] == 3


def spawn(odoo: Odoo, folder: Path) -> subprocess.Popen[str]:
    return start_process(odoo.env, folder, "pull")


def test_pulls_at_once_do_no_harm(odoo: Odoo, tmp_path: Path, store: Path) -> None:
    odoo.standin.largest_runs_page = 2
    for _ in range(40):
        odoo.standin.seal(lines=5)
    pulls = [spawn(odoo, tmp_path) for _ in range(3)]
    for each in pulls:
        out, err = each.communicate(timeout=60)
        assert each.returncode == 0, out + err
    assert_whole(store, odoo.standin)


def test_show_reads_while_a_pull_writes(cli: Cli, odoo: Odoo, tmp_path: Path) -> None:
    odoo.standin.seal()
    assert cli("pull").code == 0
    odoo.standin.seal()
    odoo.standin.misbehave("export_lines", "slow", value=4)
    pull = spawn(odoo, tmp_path)
    end = time.monotonic() + 20
    while odoo.standin.counted("export_lines") < 2 and time.monotonic() < end:
        time.sleep(0.05)
    started = time.monotonic()
    ran = cli("show")
    assert ran.code == 0
    assert "1 run with 3 lines" in ran.out
    assert time.monotonic() - started < 3
    pull.communicate(timeout=30)
    assert "2 runs with 6 lines" in cli("show").out


def test_ctrl_c_keeps_what_has_landed(odoo: Odoo, tmp_path: Path, store: Path) -> None:
    odoo.standin.largest_runs_page = 1
    for _ in range(2):
        odoo.standin.seal()
    odoo.standin.twists["export_runs"] = lambda answer: (
        (
            odoo.standin.misbehave("export_lines", "slow", value=10)
            if answer["next"] == "2"
            else None
        )
        or answer
    )
    pull = spawn(odoo, tmp_path)
    end = time.monotonic() + 20
    while odoo.standin.counted("export_lines") < 2 and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.2)
    pull.send_signal(signal.SIGINT)
    out, err = pull.communicate(timeout=20)
    assert pull.returncode == 130
    assert "What has landed is kept." in err
    assert_no_secret(out + err)
    assert assert_whole(store, odoo.standin, complete=False) == 1


@pytest.mark.slow
@pytest.mark.one_transport("what a kill leaves is in the store, whichever way the pages came")
def test_killed_at_random_points_there_is_no_gap_and_no_double(
    odoo: Odoo, tmp_path: Path, store: Path
) -> None:
    odoo.standin.largest_runs_page = 4
    odoo.standin.largest_lines_page = 40
    chance = random.Random(20261123)
    positions: list[int] = []
    stop = threading.Event()

    def seal_on() -> None:
        # Bounded, or the last pull would have ever more to do on a slow machine.
        for _ in range(120):
            if stop.wait(0.05):
                return
            odoo.standin.seal(lines=chance.choice([0, 1, 30, 60]))

    sealer = threading.Thread(target=seal_on)
    sealer.start()
    killed = 0
    try:
        for _ in range(15):
            # Counted in pages, so that kills hit the work on a slow machine as on a fast one.
            enough = len(odoo.standin.calls) + chance.randint(3, 12)
            pull = spawn(odoo, tmp_path)
            end = time.monotonic() + 20
            while (
                len(odoo.standin.calls) < enough and pull.poll() is None and time.monotonic() < end
            ):
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.02))
            pull.kill()
            pull.communicate(timeout=20)
            killed += pull.returncode == -signal.SIGKILL
            with odoo.standin.lock:
                positions.append(assert_whole(store, odoo.standin, complete=False))
    finally:
        stop.set()
        sealer.join()
    assert killed >= 5, "the kills must hit pulls that are at work"
    assert positions == sorted(positions)
    assert positions[-1] > 0
    last = spawn(odoo, tmp_path)
    out, err = last.communicate(timeout=120)
    assert last.returncode == 0, out + err
    assert_whole(store, odoo.standin)
