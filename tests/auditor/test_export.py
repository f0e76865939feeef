"""``export``: the trail as a file for other programs."""

from __future__ import annotations

import json
import re
import sqlite3
import stat
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from auditor import files
from auditor.stores.interface import EMPTY, Entry, Head, LineRow
from auditor.stores.sqlite import SqliteStore
from tests.auditor.conftest import Cli, Odoo, clean_env

pytestmark = pytest.mark.one_transport(
    "exports read the store; the pull that fills it is tested over both"
)


@pytest.fixture
def pulled(cli: Cli, odoo: Odoo) -> list[str]:
    """Three days: a run of two lines, an event, a run of one line."""
    uids = []
    for day, sealed in (
        ("2026-01-30", lambda: odoo.standin.seal(lines=2, reason='Ünï "q"\n2nd \u2028 💶')),
        ("2026-01-31", odoo.standin.happen),
        ("2026-02-02", lambda: odoo.standin.seal(lines=1)),
    ):
        odoo.standin.day = day
        uids.append(sealed())
        odoo.standin.settle()
    assert cli("pull").code == 0
    return uids


def read(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.split("\n")[:-1]]


def test_json_lines_hold_what_was_sealed_byte_for_byte(
    cli: Cli, odoo: Odoo, pulled: list[str]
) -> None:
    calls = len(odoo.standin.calls)
    ran = cli("export", ODOO_URL="", ODOO_PASSWORD="")
    assert ran.code == 0
    assert len(odoo.standin.calls) == calls
    rows = read(ran.out)
    assert [(row["kind"], row["position"], row.get("line")) for row in rows] == [
        ("run", 1, None),
        ("line", 1, 1),
        ("line", 1, 2),
        ("event", 2, None),
        ("run", 3, None),
        ("line", 3, 1),
    ]
    assert [row["uid"] for row in rows if row["kind"] != "line"] == pulled
    assert rows[0]["content"]["reason"] == 'Ünï "q"\n2nd \u2028 💶'
    for row, text in zip(rows, ran.out.split("\n"), strict=False):
        content = text[text.index('"content": ') + len('"content": ') : -1]
        assert sha256((row["salt"] + content).encode()).hexdigest() == row["digest"]
    assert "2 runs with 3 lines and 1 event." in ran.err


@pytest.mark.parametrize(
    ("options", "positions"),
    [
        (["--since=2026-01-31"], {2, 3}),
        (["--until=2026-01-31"], {1, 2}),
        (["--since=2026-01-31", "--until=2026-02-01"], {2}),
        (["--since=2026-02-01", "--until=2026-02-01"], set()),
    ],
)
@pytest.mark.usefixtures("pulled")
def test_a_period_holds_both_of_its_days(cli: Cli, options: list[str], positions: set[int]) -> None:
    ran = cli("export", *options)
    assert ran.code == 0
    assert {row["position"] for row in read(ran.out)} == positions


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--since=yesterday"], "--since 'yesterday' is no day"),
        (["--until=2026-02-30"], "--until '2026-02-30' is no day"),
        (["--since=20260201"], "is no day"),
        (["--since=2026-02-02", "--until=2026-02-01"], "lies after"),
        (["--format=parquet"], "needs --output"),
        (["--json"], "needs --output"),
        (["--output=."], "is a folder"),
    ],
)
@pytest.mark.usefixtures("pulled")
def test_what_cannot_be_meant_is_refused(cli: Cli, options: list[str], says: str) -> None:
    ran = cli("export", *options)
    assert ran.code == 2
    assert says in ran.err


def test_parquet(cli: Cli, pulled: list[str], tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    target = tmp_path / "trail.parquet"
    ran = cli("export", "--format=parquet", f"--output={target}", "--json")
    assert ran.code == 0
    assert ran.json == {"output": str(target), "runs": 2, "events": 1, "lines": 3}
    rows = parquet.read_table(target).to_pylist()
    assert [(row["kind"], row["position"], row["line"]) for row in rows] == [
        ("run", 1, None),
        ("line", 1, 1),
        ("line", 1, 2),
        ("event", 2, None),
        ("run", 3, None),
        ("line", 3, 1),
    ]
    run, line, event = rows[0], rows[1], rows[3]
    assert run["uid"] == line["uid"] == pulled[0]
    assert run["sealed_at"].isoformat() == "2026-01-30T12:00:01+00:00"
    assert (run["amount"], run["currency"]) == (Decimal("1234.5"), "EUR")
    assert (line["job"], line["mode"], line["name"], line["record"]) == (
        "clean_old_orders",
        "live",
        "S00001",
        1,
    )
    assert (event["user"], event["job"], event["amount"]) == ("manager", None, None)
    for row in rows:
        assert sha256((row["salt"] + row["content"]).encode()).hexdigest() == row["digest"]


def test_numbers_that_do_not_fit_a_column_stay_in_the_content(
    cli: Cli, odoo: Odoo, tmp_path: Path
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    uid = odoo.standin.seal(lines=3)
    for line, amount in zip(odoo.standin.lines[uid], ("1e400", "0.1234567891", "x"), strict=True):
        line.update(amount=amount, record=2**70, at="some day")
    assert cli("pull").code == 0
    target = tmp_path / "trail.parquet"
    assert cli("export", "--format=parquet", f"--output={target}").code == 0
    for row in parquet.read_table(target).to_pylist()[1:]:
        assert (row["amount"], row["record"], row["at"]) == (None, None, None)
        assert json.loads(row["content"])["record"] == 2**70


@pytest.mark.usefixtures("pulled")
def test_parquet_without_its_library_names_the_remedy(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    ran = cli("export", "--format=parquet", "--output=trail.parquet")
    assert ran.code == 2
    assert "pip install '.[parquet]'" in ran.err
    assert not (tmp_path / "trail.parquet").exists()


@pytest.mark.usefixtures("pulled")
def test_a_file_is_replaced_only_when_told_to(cli: Cli, tmp_path: Path) -> None:
    target = tmp_path / "trail.jsonl"
    target.write_text("mine")
    ran = cli("export", "--output=trail.jsonl")
    assert ran.code == 2
    assert "--force replaces it" in ran.err
    assert target.read_text() == "mine"
    ran = cli("export", "--output=trail.jsonl", "--force")
    assert ran.code == 0
    assert "2 runs with 3 lines and 1 event in trail.jsonl." in ran.out
    assert len(read(target.read_text())) == 6
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.usefixtures("pulled")
def test_an_edited_store_leaves_no_half_file(cli: Cli, store: Path, tmp_path: Path) -> None:
    with sqlite3.connect(store) as db:
        db.execute("DROP VIEW v_money")
        db.execute("DROP INDEX lines_by_name")
        db.execute("DROP INDEX lines_by_record")
        db.execute("UPDATE lines SET content = '{' WHERE run_position = 3")
    ran = cli("export", "--output=trail.jsonl")
    assert ran.code == 1
    assert "position 3 is not what was sealed" in ran.err
    assert [path.name for path in tmp_path.iterdir() if "trail" in path.name] == []


def test_a_file_that_came_meanwhile_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "file"

    def write() -> None:
        with files.whole_file(target) as file:
            file.write(b"mine")
            target.write_text("theirs")

    with pytest.raises(files.BadInput, match="there already"):
        write()
    assert target.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("folder", ["/proc", "/nowhere/at/all"])
@pytest.mark.usefixtures("pulled")
def test_a_folder_that_cannot_be_written(cli: Cli, folder: str) -> None:
    ran = cli("export", f"--output={folder}/trail.jsonl")
    assert ran.code == 1
    assert f"{folder}/trail.jsonl cannot be written" in ran.err


def test_nothing_was_pulled_yet(cli: Cli) -> None:
    ran = cli("export")
    assert ran.code == 1
    assert "Nothing has been pulled yet" in ran.err
    assert cli("pull").code == 0
    ran = cli("export")
    assert (ran.code, ran.out) == (0, "")


@pytest.mark.usefixtures("pulled")
def test_a_reader_that_has_seen_enough(odoo: Odoo, tmp_path: Path) -> None:
    command = f"{sys.executable} -m auditor export | head -n 1"
    made = subprocess.run(
        command, shell=True, env=odoo.env, cwd=tmp_path, capture_output=True, text=True
    )
    assert "Traceback" not in made.stderr
    assert made.stdout.count("\n") == 1


def test_withheld_content_is_null(tmp_path: Path) -> None:
    from auditor.export.jsonl import as_text
    from auditor.export.rows import rows
    from auditor.trail.period import EVER

    store = SqliteStore(tmp_path / "t.sqlite3")
    sealed_at = "2026-01-31T12:00:00.000000Z"
    with store.batch("c", expected=EMPTY, database="d", url="u") as batch:
        batch.add_entries([Entry(1, "run", "u1", sealed_at, "a" * 64, "b" * 64, "company", "", "")])
        batch.advance(Head(1, "b" * 64))
    counts: Counter[str] = Counter()
    (row,) = rows(store, EVER, counts=counts, on_progress=lambda _done, _all: None)
    read_back = json.loads(as_text(row))
    assert (read_back["withheld"], read_back["content"]) == ("company", None)


# Not ru_maxrss: that counts what the parent had when it forked.
MEASURE = """
import re, sys
from pathlib import Path
from auditor.cli import main
code = main(sys.argv[1:])
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
print(int(code), int(peak) // 1024, file=sys.stderr)
"""


def big_store(path: Path, lines: int) -> None:
    """Make a store whose one run has that many lines; digests and seals are not real."""
    store = SqliteStore(path)
    sealed_at = "2026-01-31T12:00:00.000000Z"
    long = "x" * 900
    with store.batch("c", expected=EMPTY, database="d", url="u") as batch:
        content = f'{{"job":"j","line_count":{lines},"mode":"live","status":"success","uid":"u1"}}'
        batch.add_entries([Entry(1, "run", "u1", sealed_at, "", "b" * 64, "", "s", content)])
        for first in range(1, lines + 1, 1000):
            batch.add_lines(
                [
                    LineRow(
                        1,
                        number,
                        "",
                        "s",
                        f'{{"amount":"1.00","message":"{long}","model":"m","name":"N{number}",'
                        f'"outcome":"done","position":{number},"record":{number},"run":"u1"}}',
                    )
                    for number in range(first, min(first + 1000, lines + 1))
                ]
            )
        batch.advance(Head(1, "b" * 64))
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_memory_does_not_grow_with_the_trail(tmp_path: Path, form: str) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    peaks = []
    for lines in (25_000, 60_000):
        path = tmp_path / f"{lines}.sqlite3"
        big_store(path, lines)
        made = subprocess.run(
            [
                *(sys.executable, "-c", MEASURE, "export", f"--format={form}", f"--store={path}"),
                *(f"--output={tmp_path / form}", "--force"),
            ],
            env=clean_env(tmp_path),
            capture_output=True,
            text=True,
            cwd=tmp_path,
        )
        code, peak = made.stderr.split()[-2:]
        assert code == "0"
        peaks.append(int(peak))
    # Both fill SQLite's cache; the lines more are 38 MB of text.
    assert peaks[1] - peaks[0] < 25, peaks


def test_the_check_in_the_document_works(
    cli: Cli, pulled: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = (Path(__file__).parents[2] / "docs" / "auditor.md").read_text()
    found = re.search(r"```python\n(import hashlib.*?)```", document, re.DOTALL)
    assert found
    assert cli("export", "--output=trail.jsonl").code == 0
    monkeypatch.chdir(tmp_path)
    exec(found[1], {})
    text = (tmp_path / "trail.jsonl").read_text()
    (tmp_path / "trail.jsonl").write_text(text.replace(pulled[0], pulled[0][::-1]))
    with pytest.raises(AssertionError):
        exec(found[1], {})
