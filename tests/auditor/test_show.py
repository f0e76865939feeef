"""``show`` and ``history`` read the store and nothing else."""

from __future__ import annotations

import pytest

from tests.auditor.conftest import Cli, Odoo


@pytest.fixture
def pulled(cli: Cli, odoo: Odoo) -> list[str]:
    uids = [odoo.standin.seal(lines=2), odoo.standin.seal(lines=60, requested_by="eve")]
    odoo.standin.lines[uids[1]][0].update(
        record=1, name="S00001", outcome="refused", message="It is locked.", after={}
    )
    odoo.standin.runs[uids[1]]["outcomes"] = {"refused": 1, "done": 59}
    assert cli("pull").code == 0
    return uids


def test_recent_runs(cli: Cli, odoo: Odoo, pulled: list[str]) -> None:
    calls = len(odoo.standin.calls)
    ran = cli("show", ODOO_URL="", ODOO_PASSWORD="")
    assert ran.code == 0
    for text in (*(uid[:8] for uid in pulled), "✓ success", "1,234.50 EUR", "eve", "60"):
        assert text in ran.out
    assert ran.out.index(pulled[1][:8]) < ran.out.index(pulled[0][:8])
    assert len(odoo.standin.calls) == calls
    assert pulled[0][:8] not in cli("show", "--limit=1").out
    assert "no run of other" in cli("show", "--job=other").out
    assert len(cli("show", "--json").json["runs"]) == 2


def test_one_run(cli: Cli, pulled: list[str]) -> None:
    ran = cli("show", pulled[1][:8])
    assert ran.code == 0
    assert "The first 50 of 60 records" in ran.out
    assert "✗ refused by Odoo's own rules" in ran.out
    assert "It is locked." in ran.out
    assert "state: draft → cancel" in ran.out
    assert "S01060" in cli("show", pulled[1], "--limit=0").out
    ran = cli("show", pulled[1], "--outcome=refused")
    assert "S00001" in ran.out
    assert "S01002" not in ran.out
    assert "this run has: refused, done" in cli("show", pulled[1], "--outcome=planned").out


@pytest.mark.parametrize("words", [["history"], ["show", "--record"]])
@pytest.mark.parametrize("record", ["1", "S00001"])
def test_the_life_of_a_record(
    cli: Cli, odoo: Odoo, pulled: list[str], words: list[str], record: str
) -> None:
    calls = len(odoo.standin.calls)
    ran = cli(*words, "sale.order", record)
    assert ran.code == 0
    assert "The life of S00001" in ran.out
    assert ran.out.index(pulled[0][:8]) < ran.out.index(pulled[1][:8])
    assert "It is locked." in ran.out
    document = cli(*words, "sale.order", record, "--json").json
    assert [line["outcome"] for line in document["lines"]] == ["done", "refused"]
    assert len(odoo.standin.calls) == calls


@pytest.mark.usefixtures("pulled")
def test_a_record_that_was_never_touched(cli: Cli) -> None:
    for record in ("987654", "9" * 40, "S99999"):
        ran = cli("history", "sale.order", record)
        assert ran.code == 0
        assert "has done nothing to" in ran.out


@pytest.mark.usefixtures("pulled")
def test_a_run_that_is_not_there(cli: Cli) -> None:
    ran = cli("show", "00000000")
    assert ran.code == 2
    assert "The store has no run 00000000" in ran.err
    assert cli("show", "ab").code == 2


def test_the_start_of_several_runs(cli: Cli, odoo: Odoo) -> None:
    for end in "ab":
        odoo.standin.seal(uid=f"feedfeed-{end}")
    assert cli("pull").code == 0
    ran = cli("show", "feedfeed")
    assert ran.code == 2
    assert "Several runs begin with feedfeed: feedfeed-a, feedfeed-b" in ran.err


def test_nothing_was_pulled_yet(cli: Cli) -> None:
    ran = cli("show")
    assert ran.code == 1
    assert "Nothing has been pulled yet" in ran.err
    assert "sentinel-ops pull" in ran.err
    assert cli("pull").code == 0
    ran = cli("show")
    assert ran.code == 0
    assert "The store has no runs yet." in ran.out


def test_escape_sequences_in_names_do_nothing(cli: Cli, odoo: Odoo) -> None:
    uid = odoo.standin.seal(lines=1, job_name="\x1b[2Jgone")
    odoo.standin.lines[uid][0].update(name="\x1b]0;title\x07S1", message="a\nb")
    assert cli("pull").code == 0
    for words in (["show"], ["show", uid], ["show", "--record", "sale.order", "1"]):
        ran = cli(*words)
        assert ran.code == 0
        assert "\x1b" not in ran.out
        assert "\x07" not in ran.out


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ({"state": "draft", "user_id": 2}, {"state": "cancel", "user_id": 2}, "draft → cancel"),
        ({"a": False, "b": [5, "Bob"]}, {"a": True, "b": False}, "a: (empty) → yes, b: Bob → (em"),
        ({"state": "draft"}, {"state": "draft"}, "no recorded field changed"),
        ({"state": "draft"}, {}, "state: draft"),
        ({}, {"state": "cancel"}, "state: → cancel"),
    ],
)
def test_changes_in_words(before: dict[str, object], after: dict[str, object], says: str) -> None:
    from auditor.cli.text import changes

    assert says in changes(before, after)
    assert "user_id" not in changes(before, after)
