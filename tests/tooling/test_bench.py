"""The benchmark: it measures what it says, and believes nothing that it did not find done.

Nothing here looks at how long anything took: that depends on the machine.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.comparison import table
from benchmarks.contenders import Told
from benchmarks.copies import copy_row
from benchmarks.evidence import Evidence
from benchmarks.report import comparison, summary
from benchmarks.runs import expect
from benchmarks.settings import Settings, parse
from benchmarks.stopwatch import Stopwatch
from benchmarks.suite import BENCHMARKS, measure
from benchmarks.timing import Timing
from benchmarks.trail import Contest, shares
from sentinel_env.errors import SetupError
from tests.support.workshop import Workshop


@pytest.mark.odoo
@pytest.mark.slow
def test_a_tiny_one_from_end_to_end(
    workshop: Workshop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = set(workshop.site.databases.names(workshop.site.templates.clone_prefix))
    file = tmp_path / "new folder" / "figures.json"
    tiny = Settings(
        records=40,
        naive_sample=5,
        rounds=1,
        json=file,
        orders=3000,
        lines=2000,
        partners=30,
        transfers=10,
        trail_lines=300,
        trail_sample=100,
    )
    measure(workshop.throwaway, tiny)
    figures = json.loads(file.read_text())
    assert figures["settings"]["records"] == 40
    assert set(figures["benchmarks"]) == set(BENCHMARKS)
    assert figures["machine"]["cores"] >= 1
    assert figures["machine"]["memory_gib"] > 0
    assert figures["versions"]["odoo"].startswith("19")
    assert set(figures["versions"]) == {"odoo", "addon", "postgresql"}
    assert set(figures["durability"]) == {
        "fsync",
        "synchronous_commit",
        "full_page_writes",
        "as_shipped",
    }
    ((quotations,), plans, (partners,), (transfers,), (idle,), (into_sqlite, into_bigquery)) = (
        figures["benchmarks"].values()
    )
    (one,) = quotations["rounds"]
    assert {name: timing["records"] for name, timing in one.items()} == {
        "naive": 5,
        "own": 40,
        "plain": 20,
        "plan": 40,
        "live": 40,
        "bad": 40,
    }
    for row in (*one.values(), *quotations["medians"].values()):
        assert row["records_per_second"] == pytest.approx(row["records"] / row["seconds"])
    assert quotations["ratios"]["live / naive"] == pytest.approx(quotations["ratio_by_round"][0])
    # Every third order, and all banks of either kind.
    assert [[row["rounds"][0]["records"] for row in plan["rows"]] for plan in plans] == [
        [1000, 1000],
        [0, 20, 2000],
    ]
    assert all(plan["peak_mib"] > 0 for plan in plans)
    assert [row["rounds"][0]["records"] for row in partners["rows"]] == [30, 30]
    assert [row["rounds"][0]["records"] for row in transfers["rows"]] == [2, 10]
    assert idle["statements"]["plan"] <= 15
    # The lines, and that of the run that they are copies of.
    assert [row["rounds"][0]["records"] for row in into_sqlite["rows"]] == [100, 301, 301]
    assert [row["rounds"][0]["records"] for row in into_bigquery["rows"]] == [301]
    (told,) = into_sqlite["told"]
    for one in (*told.values(), into_bigquery["told"]):
        assert one["peak_mib"] > 10
        assert one["processor_seconds"] > 0
    for way in ("pages", "stream"):
        assert {"waiting for Odoo", "unpacking", "verifying", "writing"} <= set(told[way]["steps"])
        assert into_sqlite["ratios"][way] == pytest.approx(into_sqlite["ratios_by_round"][0][way])
    assert {"loading", "landing"} <= set(into_bigquery["told"]["steps"])
    printed = capsys.readouterr().out
    assert "chatter in bulk" in printed
    assert "fsync = " in printed
    after = set(workshop.site.databases.names(workshop.site.templates.clone_prefix))
    assert after - before <= {workshop.site.templates.with_addon()}, "it left its database behind"


def test_medians_and_ratios() -> None:
    rounds = [
        {"naive": Timing(10, 1.0), "live": Timing(500, 5.0), "plan": Timing(500, 1.0)},
        {"naive": Timing(10, 2.0), "live": Timing(500, 2.0), "plan": Timing(500, 2.0)},
        {"naive": Timing(10, 0.5), "live": Timing(500, 4.0), "plan": Timing(500, 9.0)},
    ]
    for one in rounds:
        one |= {"own": Timing(500, 10.0), "plain": Timing(500, 8.0), "bad": Timing(500, 8.0)}
    figures = summary(rounds)
    rates = {name: row["records_per_second"] for name, row in figures["medians"].items()}
    assert rates == {
        "naive": 10.0,
        "own": 50.0,
        "plain": 62.5,
        "live": 125.0,
        "bad": 62.5,
        "plan": 250.0,
    }
    assert figures["ratios"] == {
        "own / naive": 5.0,
        "plain / naive": 6.25,
        "live / naive": 12.5,
        "bad / live": 0.5,
        "live / plain": 2.0,
    }
    assert figures["ratio_by_round"] == [10.0, 50.0, 6.25]
    lines = table([comparison(figures, 500)])
    (row,) = [line for line in lines if "chatter in bulk" in line]
    assert "12.5 x" in row
    assert "500" in row.split()


class Answers:
    """Answers each statement with the next prepared row."""

    def __init__(self, *rows: list[int]) -> None:
        self._rows = list(rows)

    def __call__(self, _statement: str, **_values: str) -> list[list[str]]:
        return [[str(number) for number in self._rows.pop(0)]]


GOOD = {"status": "success", "outcomes": {"done": 5}, "uid": "x", "error": ""}


@pytest.mark.parametrize(
    ("status", "rows"),
    [
        (GOOD | {"status": "partial", "outcomes": {"done": 4, "failed": 1}}, []),
        (GOOD | {"outcomes": {"done": 4}}, []),
        (GOOD, [[5, 4]]),
        (GOOD, [[6, 5]]),
        (GOOD, [[5, 5], [5, 4, 5]]),
        (GOOD, [[5, 5], [5, 5, 4]]),
        (GOOD, [[5, 5], [6, 5, 5]]),
    ],
    ids=[
        "one failed",
        "one missing",
        "a line without its change",
        "a line too many",
        "one not cancelled",
        "one without chatter",
        "one not selected",
    ],
)
def test_a_live_run_that_did_not_do_its_work_is_not_believed(
    status: dict[str, Any], rows: list[list[int]]
) -> None:
    with pytest.raises(SetupError, match=r"live run|quotations"):
        Evidence(Answers(*rows)).audited("mark", status, 5)


def test_work_that_was_done_is_believed() -> None:
    evidence = Evidence(Answers([5, 5], [5, 5, 5], [5, 5, 5], [5, 0, 0]))
    evidence.audited("mark", GOOD, 5)
    evidence.cancelled("mark", 5)
    evidence.untouched("mark", 5)
    plan = {"status": "dry_run", "matched": 5, "outcomes": {"planned": 5}}
    evidence.planned(plan, 5)
    with pytest.raises(SetupError, match="plan should find 6"):
        evidence.planned(plan, 6)


@pytest.mark.parametrize(
    "status",
    [
        {"status": "failure", "outcomes": {}},
        {"status": "success", "outcomes": {"done": 4}},
        {"status": "success", "outcomes": {"done": 5, "failed": 1}},
        {"status": "dry_run", "outcomes": {"planned": 5}},
    ],
)
def test_a_run_that_did_less_or_else_is_not_believed(status: dict[str, Any]) -> None:
    expect({"job": "x", "error": "", "status": "success", "outcomes": {"done": 5}}, "done", 5)
    with pytest.raises(SetupError, match="the run of x should be"):
        expect({"job": "x", "error": "", **status}, "done", 5)


def test_each_step_has_its_own_time() -> None:
    class Work:
        def outer(self) -> int:
            return sum(self.pieces())

        def pieces(self) -> Iterator[int]:
            for number in (1, 2):
                with self.opened():
                    spend()
                yield number

        @contextmanager
        def opened(self) -> Iterator[None]:
            yield
            spend()

    calls = 0

    def spend() -> None:
        nonlocal calls
        calls += 1
        until = time.process_time() + 0.01
        while time.process_time() < until:
            pass

    watch = Stopwatch()
    watch.function(Work, "outer", "outer")
    watch.generator(Work, "pieces", "pieces")
    watch.context(Work, "opened", "opened")
    started = time.perf_counter()
    assert Work().outer() == 3
    whole = time.perf_counter() - started
    assert calls == 4
    steps = watch.seconds()
    assert set(steps) == {"outer", "pieces", "opened"}
    assert set(watch.processor_seconds()) == set(steps)
    # All was spent in the innermost one, and nothing is counted twice.
    assert steps["opened"] >= 0.04
    assert sum(steps.values()) <= whole
    assert watch.processor_seconds()["opened"] >= 0.03


def test_shares_are_those_of_the_whole() -> None:
    told = Told(seconds=4.0, steps={"verifying": 1.0, "waiting for Odoo": 3.0})
    assert shares([told]) == "of 4.0 s: waiting for Odoo 75%, verifying 25%"


@pytest.mark.parametrize("wrong", ["lines", "seal", "exit"])
def test_a_copy_that_lacks_something_is_not_believed(wrong: str, tmp_path: Path) -> None:
    script = tmp_path / "python"
    told = asdict(Told(lines=2 if wrong == "lines" else 3, position=8, seal="b" * 64))
    script.write_text(
        f"#!/bin/sh\necho '{json.dumps(told)}'\necho trouble >&2\nexit {int(wrong == 'exit')}\n"
    )
    script.chmod(0o700)
    clone = SimpleNamespace(root=tmp_path)
    throwaway: Any = SimpleNamespace(
        site=SimpleNamespace(python=script, clone=clone), folder=tmp_path
    )
    server: Any = SimpleNamespace(url="http://127.0.0.1", database="x")
    settings = Settings(trail_lines=2)
    contest = Contest(throwaway, server, settings, (8, "a" * 64), "key")
    with pytest.raises(SetupError, match="trouble" if wrong == "exit" else "should come to"):
        contest.copy_to_bigquery("http://127.0.0.1")


def test_only_some() -> None:
    assert parse(["--only", "idle", "--only", "plans"], list(BENCHMARKS)).only == ("idle", "plans")
    with pytest.raises(SystemExit):
        parse(["--only", "nothing"], list(BENCHMARKS))


def test_a_copied_row_takes_what_is_given() -> None:
    said: list[str] = []

    def sql(text: str, **_values: str) -> list[list[str]]:
        said.append(text)
        return []

    copy_row(
        sql,
        "a_table",
        7,
        3,
        {"name": "'B' || n", "active": "n % 2 = 0"},
    )
    assert "''B'' || n" in said[0]
    assert "n %% 2 = 0" in said[0]
    assert "original.id = 7" in said[0]


def test_arguments() -> None:
    assert parse([]) == Settings(5000, 300, 3, None)
    given = ["--records", "40", "--naive-sample", "5", "--rounds", "1", "--json", "x.json"]
    assert parse(given) == Settings(40, 5, 1, Path("x.json"))


@pytest.mark.parametrize("wrong", [["--rounds", "0"], ["--records", "-1"], ["--records", "many"]])
def test_wrong_arguments_are_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(wrong)
    assert caught.value.code == 2
    assert wrong[0] in capsys.readouterr().err
