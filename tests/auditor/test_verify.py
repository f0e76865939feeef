"""Promise 4: whatever is changed, in the store or in Odoo, the first broken place is named."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from tests.auditor.conftest import Cli, Odoo
from tests.auditor.standin import StandIn


@pytest.fixture
def pulled(cli: Cli, odoo: Odoo) -> StandIn:
    """Five entries: a run of 3 lines, an event, a run of none, a run of 4, a run of 2."""
    standin = odoo.standin
    standin.seal(lines=3)
    standin.happen()
    standin.seal(lines=0)
    standin.settle()
    standin.day = "2026-02-01"
    standin.seal(lines=4)
    standin.seal(lines=2, requested_by="eve")
    standin.settle()
    assert cli("pull").code == 0
    return standin


LINE_4 = "WHERE run_position = 4 AND position = 2"
TAMPERED: list[tuple[list[str], str, int, str]] = [
    # An amount, a time, a user of a line or a run; with what kind, position, words.
    (
        [f"UPDATE lines SET content = replace(content, '100.00', '900.00') {LINE_4}"],
        "line_edited",
        4,
        "line 2 was edited",
    ),
    (
        [f"UPDATE lines SET content = replace(content, 'T12:03', 'T13:03') {LINE_4}"],
        "line_edited",
        4,
        "line 2 was edited",
    ),
    (
        ["UPDATE entries SET content = replace(content, 'eve', 'bob') WHERE position = 5"],
        "content_edited",
        5,
        "position 5",
    ),
    (
        ["UPDATE entries SET content = replace(content, 'false', 'true') WHERE position = 2"],
        "content_edited",
        2,
        "event",
    ),
    (
        ["UPDATE entries SET sealed_at = '2026-02-02T00:00:00.000000Z' WHERE position = 4"],
        "seal_rewritten",
        4,
        "The seal was rewritten",
    ),
    (["UPDATE entries SET uid = 'x' WHERE position = 3"], "seal_rewritten", 3, "position 3"),
    (["UPDATE entries SET digest = salt WHERE position = 3"], "content_edited", 3, "position 3"),
    # Deleted.
    ([f"DELETE FROM lines {LINE_4}"], "line_missing", 4, "line 2 is missing"),
    (
        ["DELETE FROM lines WHERE run_position = 4 AND position = 4"],
        "line_missing",
        4,
        "line 4 is missing: 4 lines were sealed and 3 are there",
    ),
    (["DELETE FROM lines WHERE run_position = 5"], "line_missing", 5, "has 2 and none"),
    (["DELETE FROM entries WHERE position = 1"], "entry_missing", 1, "so 1 is gone"),
    (["DELETE FROM entries WHERE position IN (2, 3)"], "entry_missing", 2, "so 2 to 3 is gone"),
    (
        ["DELETE FROM entries WHERE position = 5", "DELETE FROM lines WHERE run_position = 5"],
        "head_missing",
        5,
        "was stored up to position 5",
    ),
    (["DELETE FROM entries"], "head_missing", 1, "now it ends at 0"),
    # Put in.
    (
        ["INSERT INTO lines SELECT chain, 4, 5, digest, salt, content FROM lines " + LINE_4],
        "line_order",
        4,
        "line 5 stands where another line was sealed",
    ),
    (
        ["INSERT INTO lines SELECT chain, 2, position, digest, salt, content FROM lines " + LINE_4],
        "line_extra",
        2,
        "no run that they belong to",
    ),
    (
        [
            "INSERT INTO entries SELECT chain, 6, kind, uid, sealed_at, digest, seal, withheld, "
            "salt, content FROM entries WHERE position = 5"
        ],
        "head_missing",
        6,
        "stands behind the head",
    ),
    # Swapped.
    (
        [
            "UPDATE entries SET position = 50 WHERE position = 3",
            "UPDATE entries SET position = 3 WHERE position = 4",
            "UPDATE entries SET position = 4 WHERE position = 50",
        ],
        "seal_rewritten",
        3,
        "position 3",
    ),
    (
        [
            "UPDATE lines SET position = 50 " + LINE_4,
            "UPDATE lines SET position = 2 WHERE run_position = 4 AND position = 3",
            "UPDATE lines SET position = 3 WHERE run_position = 4 AND position = 50",
        ],
        "line_order",
        4,
        "line 2 stands where another",
    ),
    # Said to be gone.
    (
        [f"UPDATE lines SET salt = '', content = '' {LINE_4}"],
        "withheld_unseen",
        4,
        "More is gone than the chain itself tells of: erased lines",
    ),
    (
        [
            "UPDATE entries SET withheld = 'lines' WHERE position = 4",
            "DELETE FROM lines WHERE run_position = 4",
        ],
        "withheld_unseen",
        4,
        "position 4 is without its lines",
    ),
    (
        ["UPDATE entries SET withheld = 'retention', salt = '', content = '' WHERE position = 3"],
        "withheld_unseen",
        3,
        "position 3 is without its content",
    ),
    (["UPDATE entries SET content = '' WHERE position = 3"], "content_edited", 3, "is missing"),
]


def tamper(store: Path, statements: list[str]) -> None:
    with sqlite3.connect(store) as db:
        for statement in statements:
            assert db.execute(statement).rowcount > 0, statement


def test_what_was_sealed_verifies(cli: Cli, pulled: StandIn) -> None:
    ran = cli("verify")
    assert ran.code == 0
    assert "In the store, 4 runs, 1 event and 9 lines up to position 5" in ran.out
    assert pulled.entries[-1]["seal"] in ran.out
    calls = len(pulled.calls)
    assert cli("verify", "--json", ODOO_URL="").json["good"] is True
    assert len(pulled.calls) == calls
    ran = cli("verify", "--against-odoo", "--json")
    assert ran.code == 0
    assert [check["where"] for check in ran.json["checks"]] == ["store", "odoo"]
    assert [check["lines"] for check in ran.json["checks"]] == [9, 9]


@pytest.mark.parametrize(("statements", "kind", "place", "says"), TAMPERED)
def test_a_tampered_store_is_named_and_refilled(
    cli: Cli,
    pulled: StandIn,
    store: Path,
    statements: list[str],
    kind: str,
    place: int,
    says: str,
) -> None:
    whole = everything(store)
    tamper(store, statements)
    ran = cli("verify", "--json")
    assert ran.code == 6
    (check,) = ran.json["checks"]
    assert (check["break"], check["position"]) == (kind, str(place)), check["message"]
    assert says in check["message"]
    assert check["remedy"]
    assert cli("verify").code == 6
    if "stands behind" in says or (place == 2 and kind == "line_extra"):
        return  # what was put in where nothing was is for people to remove
    found = cli("reconcile")
    assert found.code == 6
    assert "differs at position" in found.out
    assert cli("verify").code == 6
    assert cli("reconcile", "--repair").code == 0
    assert cli("verify", "--against-odoo").code == 0
    assert everything(store) == whole
    assert pulled.entries[-1]["seal"]


def everything(store: Path) -> list[list[tuple[object, ...]]]:
    with sqlite3.connect(store) as db:
        return [
            db.execute("SELECT * FROM entries ORDER BY chain, position").fetchall(),
            db.execute("SELECT * FROM lines ORDER BY chain, run_position, position").fetchall(),
        ]


def test_a_line_edited_with_its_digest_is_found_though_not_which(
    cli: Cli, pulled: StandIn, store: Path
) -> None:
    with sqlite3.connect(store) as db:
        salt, text = db.execute(f"SELECT salt, content FROM lines {LINE_4}").fetchone()
        text = text.replace("100.00", "900.00")
        db.execute(
            f"UPDATE lines SET content = ?, digest = ? {LINE_4}",
            (text, sha256((salt + text).encode()).hexdigest()),
        )
    (check,) = cli("verify", "--json").json["checks"]
    assert (check["break"], check["position"]) == ("line_edited", "4")
    assert "nothing here says which" in check["message"]
    assert pulled.entries


def test_a_store_sealed_anew_as_a_whole_shows_against_odoo(
    cli: Cli, pulled: StandIn, store: Path
) -> None:
    """Whoever owns the file can rehash it all; then only what is outside contradicts it."""
    other = StandIn()
    other.sealed, other.runs, other.lines = pulled.sealed, pulled.runs, pulled.lines
    other.entries = json.loads(json.dumps(pulled.entries))
    other.rewrite(3, content=other.entries[2]["content"].replace("manager", "mallory"))
    with sqlite3.connect(store) as db:
        for entry in other.entries:
            db.execute(
                "UPDATE entries SET content = ?, digest = ?, seal = ? WHERE position = ?",
                (entry["content"], entry["digest"], entry["seal"], int(entry["position"])),
            )
        db.execute("UPDATE chains SET seal = ?", (other.entries[-1]["seal"],))
    assert cli("verify").code == 0
    ran = cli("verify", "--against-odoo", "--json")
    assert ran.code == 6
    check = ran.json["checks"][-1]
    assert (check["break"], check["position"]) == ("seal_rewritten", "3")
    assert cli("pull").code == 6


Edit = Callable[[StandIn], object]


def line_of_odoo(standin: StandIn) -> None:
    line = standin.entries[3]["lines"][2]
    line[3] = line[3].replace("100.00", "900.00")


IN_ODOO: list[tuple[Edit, str, int, str]] = [
    (line_of_odoo, "line_edited", 4, "The first that differs from the store is line 3"),
    (lambda odoo: odoo.entries[3]["lines"].pop(1), "line_missing", 4, "is line 2"),
    (lambda odoo: odoo.entries[3]["lines"].pop(), "line_missing", 4, "is line 4"),
    (
        lambda odoo: odoo.entries[4].update(
            content=odoo.entries[4]["content"].replace("eve", "bob")
        ),
        "content_edited",
        5,
        "position 5",
    ),
    (lambda odoo: odoo.entries[2].update(seal="ab" * 32), "seal_rewritten", 3, "position 3"),
    (lambda odoo: odoo.entries.pop(2) and odoo.sealed.pop(), "entry_missing", 3, "so 3 is gone"),
    (
        lambda odoo: odoo.rewrite(3, sealed_at="2026-01-01T00:00:00.000000Z"),
        "seal_rewritten",
        3,
        "In Odoo: the chain was rewritten",
    ),
]


@pytest.mark.parametrize(("edit", "kind", "place", "says"), IN_ODOO)
def test_what_was_changed_in_odoo_after_the_pull_is_named(
    cli: Cli, pulled: StandIn, store: Path, edit: Edit, kind: str, place: int, says: str
) -> None:
    whole = everything(store)
    edit(pulled)
    assert cli("verify").code == 0
    ran = cli("verify", "--against-odoo", "--json")
    assert ran.code == 6, ran.err
    check = ran.json["checks"][-1]
    assert (check["break"], check["position"]) == (kind, str(place)), check["message"]
    assert says in check["message"]
    cli("reconcile", "--repair")
    assert everything(store) == whole, "nothing of it is taken over"


def test_the_end_of_odoos_chain_was_cut_off(cli: Cli, pulled: StandIn) -> None:
    pulled.sealed.pop()
    ran = cli("verify", "--against-odoo", "--json")
    assert ran.code == 6
    assert ran.json["checks"][-1]["kind"] == "Rewound"
    assert cli("reconcile").code == 6


def test_an_empty_store_is_not_all_good(cli: Cli, odoo: Odoo) -> None:
    assert cli("verify").code == 1  # there is no store at all
    assert cli("pull").code == 0
    ran = cli("verify")
    assert ran.code == 5
    assert "nothing to check" in ran.err
    odoo.standin.seal()
    assert cli("pull").code == 0
    odoo.standin.chain = "99999999-2222-3333-4444-555555555555"
    ran = cli("verify", "--against-odoo")
    assert ran.code == 5
    assert "nothing to compare" in ran.err


@pytest.mark.parametrize(
    ("hinder", "why"),
    [
        (lambda _odoo: None, "The store itself is not what was sealed"),
        (
            lambda odoo: setattr(odoo, "chain", "99999999-2222-3333-4444-555555555555"),
            "nothing to compare",
        ),
        (lambda odoo: odoo.misbehave("health", "status", value=500, times=9), "500"),
    ],
)
def test_a_broken_store_is_told_of_though_odoo_was_not_compared(
    cli: Cli, pulled: StandIn, store: Path, hinder: Edit, why: str
) -> None:
    tamper(store, [f"UPDATE lines SET content = replace(content, '100.00', '900.00') {LINE_4}"])
    hinder(pulled)
    ran = cli("verify", "--against-odoo", "--json")
    assert ran.code == 6, ran.err
    (check,) = ran.json["checks"]
    assert (check["break"], check["position"]) == ("line_edited", "4")
    assert ran.json["good"] is False
    assert why in ran.json["not_compared"]["message"]
    ran = cli("verify", "--against-odoo")
    assert ran.code == 6
    assert "line 2 was edited" in ran.out
    assert "Odoo was not compared. " in ran.out
    assert why in ran.out


def test_odoo_that_cannot_be_asked_is_not_all_good(cli: Cli, pulled: StandIn) -> None:
    pulled.misbehave("export_lines", "status", value=500)
    assert cli("verify", "--against-odoo").code == 3
    assert cli("verify", "--against-odoo", ODOO_USERNAME="operator").code == 4


def erase(standin: StandIn, place: int, line: int) -> None:
    """Erase a line as Odoo does: the digest stays, and an event tells of it."""
    row = standin.entries[place - 1]["lines"][line - 1]
    record = json.loads(row[3])["record"]
    row[1:] = [sha256((row[2] + row[3]).encode()).hexdigest(), "", ""]
    standin.happen("erased", model="sale.order", record=record, after={"lines": 1, "reason": "x"})


def test_what_is_erased_in_odoo_is_erased_here(cli: Cli, pulled: StandIn, store: Path) -> None:
    erase(pulled, 4, 2)
    ran = cli("verify", "--against-odoo", "--json")
    assert ran.code == 0
    assert ran.json["checks"][-1]["kept"] == 1
    assert cli("pull").code == 0
    with sqlite3.connect(store) as db:
        assert db.execute(f"SELECT salt, content FROM lines {LINE_4}").fetchall() == [("", "")]
    ran = cli("verify", "--against-odoo", "--json")
    assert ran.code == 0
    assert [check["erased"] for check in ran.json["checks"]] == [1, 1]
    uid = pulled.sealed[3]
    assert [line["outcome"] for line in cli("show", uid, "--json").json["lines"]] == [
        "done",
        "erased",
        "done",
        "done",
    ]
    assert cli("show", uid).code == 0
    fresh = cli("pull", "--json", SENTINEL_STORE=str(store.parent / "fresh.sqlite3"))
    assert fresh.json["lines"] == 9


def test_what_one_may_not_see_is_stored_as_a_seal(cli: Cli, odoo: Odoo) -> None:
    for lines in (2, 3, 1):
        odoo.standin.seal(lines=lines)
    odoo.standin.settle()
    secret = dict(odoo.standin.entries[1])
    odoo.standin.entries[1].update(withheld="company", salt="", content="")
    assert cli("pull", "--json").json["lines"] == 3
    ran = cli("verify", "--json")
    assert ran.code == 0
    assert ran.json["checks"][0]["withheld"] == {"company": 1}
    assert len(cli("show", "--json").json["runs"]) == 2
    odoo.standin.entries[1].update(secret)
    ran = cli("verify", "--against-odoo", "--json")
    assert ran.code == 0
    assert ran.json["checks"][-1]["lacking"] == 1
    assert cli("reconcile", "--repair").code == 0
    assert cli("verify", "--json").json["checks"][0]["lines"] == 6


def test_retention_in_odoo_leaves_the_store_whole(cli: Cli, pulled: StandIn, store: Path) -> None:
    pulled.start = 3
    pulled.happen("retention", after={"chain": pulled.chain, "until": "3", "lines": "3"})
    assert cli("pull", "--json").json["events"] == 1
    ran = cli("verify", "--against-odoo", "--json")
    assert ran.code == 0, ran.out
    assert ran.json["checks"][-1]["kept"] == 3
    assert cli("reconcile").code == 0
    # Whoever comes later begins behind what is gone, and says so.
    late = {"SENTINEL_STORE": str(store.parent / "late.sqlite3")}
    ran = cli("pull", **late)
    assert "It begins behind position 3" in ran.out
    assert cli("verify", "--against-odoo", **late).code == 0
    # What has gone before it was stored is no gap to be passed over in silence.
    pulled.seal()
    pulled.seal()
    pulled.settle()
    pulled.start = 7
    ran = cli("pull")
    assert ran.code == 6
    assert "Retention in Odoo took everything up to position 7" in ran.err
    assert "--consumer" in ran.err


def test_what_odoo_let_go_is_not_taken_over_what_the_store_has(
    cli: Cli, pulled: StandIn, store: Path
) -> None:
    pulled.entries[3].update(withheld="lines", lines=[])
    pulled.happen("retention", after={"chain": pulled.chain, "until": "0", "lines": "4"})
    assert cli("pull").code == 0
    assert cli("reconcile", "--repair", "--json").json["differing"] == 0
    tamper(store, [f"UPDATE lines SET content = replace(content, '100.00', '900.00') {LINE_4}"])
    ran = cli("reconcile", "--repair", "--json")
    assert ran.code == 6
    assert (ran.json["differing"], ran.json["repaired"]) == (1, 0)
    with sqlite3.connect(store) as db:
        kept = db.execute("SELECT count(*) FROM lines WHERE run_position = 4").fetchone()
    assert kept == (4,), "the lines that are good are not lost with the one that is not"


def test_years_are_compared_in_pieces(cli: Cli, pulled: StandIn, store: Path) -> None:
    pulled.day = "2029-12-31"
    pulled.seal()
    assert cli("pull").code == 0
    tamper(store, ["UPDATE entries SET content = '' WHERE position IN (1, 6)"])
    days = cli("reconcile", "--json").json["days"]
    assert [(day["day"], day["differing"]) for day in days] == [
        ("2026-01-31", ["1"]),
        ("2026-02-01", []),
        ("2029-12-31", ["6"]),
    ]
    assert cli("backfill", "--since=2020-01-01", "--until=2040-01-01").code == 0
    assert cli("verify").code == 0
    assert pulled.counted("export_days") == 8


def test_days_and_periods(cli: Cli, pulled: StandIn, store: Path) -> None:
    document = cli("reconcile", "--json").json
    assert [(day["day"], day["entries"], day["lines"]) for day in document["days"]] == [
        ("2026-01-31", 3, 3),
        ("2026-02-01", 2, 6),
    ]
    tamper(store, ["UPDATE entries SET content = '' WHERE position = 3"])
    tamper(store, [f"DELETE FROM lines {LINE_4}"])
    assert cli("reconcile", "--since=2026-02-02").code == 0
    ran = cli("reconcile", "--until=2026-01-31", "--json")
    assert ran.code == 6
    assert ran.json["differing"] == 1
    assert (
        cli("backfill", "--since=2026-01-31", "--until=2026-01-31", "--json").json["repaired"] == 1
    )
    assert cli("verify", "--json").json["checks"][0]["position"] == "4"
    assert cli("backfill", "--since=2026-01-01").code == 2
    pulled.seal()
    assert cli("reconcile", "--repair", "--json").json["beyond"] == 1
    assert cli("verify").code == 0
