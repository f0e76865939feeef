"""Retention that works in Odoo while the trail is read: lines that go are no break of the chain."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.auditor.conftest import Cli, Odoo
from tests.auditor.standin import StandIn
from tests.auditor.test_verify import erase

Retention = Callable[[StandIn], object]


@pytest.fixture
def standin(odoo: Odoo) -> StandIn:
    for lines in (2, 3, 1):
        odoo.standin.seal(lines=lines)
    odoo.standin.settle()
    return odoo.standin


def take_lines(standin: StandIn, *places: int) -> None:
    """Let lines go as Odoo does, with the event that says so."""
    for place in places:
        standin.entries[place - 1].update(withheld="lines", lines=[])
    after = {"chain": standin.chain, "until": "0", "lines": str(max(places))}
    standin.happen("retention", after=after)


def take_places(standin: StandIn) -> None:
    take_lines(standin, 1, 2)
    standin.happen("retention", after={"chain": standin.chain, "until": "2", "lines": "2"})
    standin.settle()
    standin.start = 2


def hide(standin: StandIn) -> None:
    standin.entries[1].update(withheld="company", salt="", content="")


def once_entries_were_given(standin: StandIn, change: Callable[[], object]) -> None:
    """Make ``change`` behind the next page of entries, and before any lines are asked for."""

    def twist(answer: dict[str, Any]) -> dict[str, Any]:
        if answer["count"]:
            standin.twists.clear()
            change()
        return answer

    standin.twists["export_runs"] = twist


@pytest.mark.parametrize(
    ("change", "lines", "withheld"),
    [
        (lambda odoo: take_lines(odoo, 1, 2), 1, {"lines": 2}),
        (take_places, 1, {}),
        (hide, 3, {"company": 1}),
    ],
)
def test_a_pull_reads_again_what_went_meanwhile(
    cli: Cli, standin: StandIn, change: Retention, lines: int, withheld: dict[str, int]
) -> None:
    once_entries_were_given(standin, lambda: change(standin))
    ran = cli("pull", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["lines"] == lines
    ran = cli("verify", "--json")
    assert ran.code == 0
    (check,) = ran.json["checks"]
    assert (check["lines"], check["withheld"]) == (lines, withheld)


def test_a_pull_reads_again_what_it_may_see_now(cli: Cli, standin: StandIn) -> None:
    whole = dict(standin.entries[1])
    hide(standin)
    once_entries_were_given(standin, lambda: standin.entries[1].update(whole))
    assert cli("pull", "--json").json["lines"] == 6


def test_lines_that_went_without_a_word_are_missing(cli: Cli, standin: StandIn) -> None:
    once_entries_were_given(standin, standin.entries[1]["lines"].clear)
    ran = cli("pull")
    assert ran.code == 6
    assert "Lines are missing" in ran.err


def test_an_entry_that_says_otherwise_each_time_ends_the_pull(cli: Cli, standin: StandIn) -> None:
    def twist(answer: dict[str, Any]) -> dict[str, Any]:
        entry = standin.entries[1]
        entry["withheld"] = "" if entry["withheld"] else "lines"
        return answer

    standin.entries[1]["lines"] = []
    standin.twists["export_runs"] = twist
    ran = cli("pull")
    assert ran.code == 6
    assert "Lines are missing" in ran.err


@pytest.mark.parametrize("change", [lambda odoo: take_lines(odoo, 1, 2), take_places])
def test_verify_reads_again_what_went_meanwhile(
    cli: Cli, standin: StandIn, change: Retention
) -> None:
    assert cli("pull").code == 0
    at = []

    def twist(answer: dict[str, Any]) -> dict[str, Any]:
        at.append(answer["count"])
        # The first page only says that the head is still there.
        if len(at) == 2:
            change(standin)
        return answer

    standin.twists["export_runs"] = twist
    ran = cli("verify", "--against-odoo", "--json")
    assert ran.code == 0, ran.out
    check = ran.json["checks"][-1]
    kept = {"runs": 3, "lines": 1, "kept": 2}
    if standin.start:
        kept["runs"] = 1
    assert {name: check[name] for name in kept} == kept


def while_it_is_reconciled(standin: StandIn) -> None:
    """Let lines go behind the page that says what is the same and what is to be refilled."""

    def twist(answer: dict[str, Any]) -> dict[str, Any]:
        if standin.counted("export_days") and answer["count"] > 1:
            standin.twists.clear()
            take_lines(standin, 1, 2)
        return answer

    standin.twists["export_runs"] = twist


def test_a_repair_takes_nothing_of_what_goes_meanwhile(
    cli: Cli, standin: StandIn, store: Path
) -> None:
    assert cli("pull").code == 0
    with sqlite3.connect(store) as db:
        db.execute("UPDATE lines SET salt = '', content = '' WHERE run_position = 2")
        db.execute("DELETE FROM lines WHERE run_position = 2 AND position = 1")
    while_it_is_reconciled(standin)
    ran = cli("reconcile", "--repair", "--json")
    assert ran.code == 6
    assert (ran.json["differing"], ran.json["repaired"]) == (1, 0)
    with sqlite3.connect(store) as db:
        kept = db.execute("SELECT count(*) FROM lines WHERE run_position = 2").fetchone()
    assert kept == (2,)


def test_lines_erased_here_and_let_go_there_are_no_difference(cli: Cli, standin: StandIn) -> None:
    erase(standin, 2, 1)
    assert cli("pull").code == 0
    assert cli("reconcile", "--json").json["differing"] == 0
    while_it_is_reconciled(standin)
    assert cli("reconcile", "--json").json["differing"] == 0
    assert standin.entries[1]["withheld"] == "lines"
    assert cli("pull").code == 0
    assert cli("reconcile", "--json").json["differing"] == 0
