"""What Odoo is told of having landed: retention there may destroy it, so it must all be here."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.auditor.conftest import Cli, Odoo
from tests.auditor.standin import StandIn

REMEDY = "sentinel-ops reconcile --repair"


@pytest.fixture
def consumer(odoo: Odoo) -> StandIn:
    odoo.env["SENTINEL_CONSUMER"] = "archive"
    odoo.standin.consumers["archive"] = {}
    return odoo.standin


def hide(standin: StandIn, *places: int) -> dict[int, dict[str, object]]:
    """Withhold entries as from who may not see their company; return them as they were."""
    standin.settle()
    whole = {}
    for place in places:
        entry = standin.entries[place - 1]
        whole[place] = dict(entry)
        entry.update(withheld="company", salt="", content="")
    return whole


def acknowledged(standin: StandIn) -> int:
    return int(standin.consumers["archive"].get("position", 0))


def test_what_was_withheld_when_it_was_pulled_is_not_acknowledged_before_it_is_here(
    cli: Cli, consumer: StandIn
) -> None:
    for lines in (2, 3, 1, 2):
        consumer.seal(lines=lines)
    whole = hide(consumer, 3)
    ran = cli("pull")
    assert ran.code == 0
    assert acknowledged(consumer) == 2
    assert "position=3" in ran.err
    assert REMEDY in ran.err
    # Seeing everything now makes no content come by itself.
    consumer.entries[2].update(whole[3])
    consumer.seal()
    ran = cli("pull")
    assert acknowledged(consumer) == 2
    assert REMEDY in ran.err
    assert cli("reconcile", "--repair", "--json").json["repaired"] == 1
    ran = cli("pull")
    assert acknowledged(consumer) == 5
    assert REMEDY not in ran.err
    assert cli("verify", "--json").json["checks"][0]["withheld"] == {}


def test_nothing_is_acknowledged_when_the_first_of_all_was_withheld(
    cli: Cli, consumer: StandIn
) -> None:
    consumer.seal()
    consumer.seal()
    hide(consumer, 1)
    ran = cli("pull")
    assert ran.code == 0
    assert REMEDY in ran.err
    assert consumer.counted("acknowledge") == 0


def test_before_a_break_it_counts_as_well(cli: Cli, consumer: StandIn) -> None:
    for _ in range(4):
        consumer.seal()
    hide(consumer, 2)
    consumer.entries[3]["seal"] = "ab" * 32
    assert cli("pull").code == 6
    assert acknowledged(consumer) == 1


def test_lines_that_retention_took_before_can_never_come_and_hold_nothing_up(
    cli: Cli, consumer: StandIn
) -> None:
    for _ in range(3):
        consumer.seal()
    consumer.settle()
    consumer.entries[0].update(withheld="lines", lines=[])
    consumer.happen("retention", after={"chain": consumer.chain, "until": "0", "lines": "1"})
    ran = cli("pull")
    assert acknowledged(consumer) == 4
    assert REMEDY not in ran.err


def test_of_a_company_not_seen_whose_lines_are_gone_the_rest_comes(
    cli: Cli, consumer: StandIn
) -> None:
    """Other consumers had them, so Odoo let them go; what is left still has to be here."""
    for _ in range(3):
        consumer.seal(lines=2)
    whole = hide(consumer, 2)
    assert cli("pull").code == 0
    consumer.entries[1].update(whole[2], withheld="lines", lines=[])
    consumer.happen("retention", after={"chain": consumer.chain, "until": "0", "lines": "2"})
    ran = cli("reconcile", "--repair", "--json")
    assert ran.code == 0
    assert ran.json["repaired"] == 1
    assert cli("pull").code == 0
    assert acknowledged(consumer) == 4
    assert cli("verify", "--json").json["checks"][0]["withheld"] == {"lines": 1}


def test_places_that_are_gone_in_odoo_hold_nothing_up(
    cli: Cli, consumer: StandIn, store: Path
) -> None:
    for _ in range(5):
        consumer.seal()
    hide(consumer, 2, 3)
    assert cli("pull", "--consumer=").code == 0
    consumer.start = 2
    assert cli("pull").code == 0
    assert acknowledged(consumer) == 2, "that is where what Odoo has begins"
    consumer.start = 4
    ran = cli("pull")
    assert acknowledged(consumer) == 5
    assert REMEDY not in ran.err
    # A store that begins there itself.
    consumer.consumers["archive"] = {}
    hide(consumer, 5)
    assert cli("pull", SENTINEL_STORE=str(store.parent / "late.sqlite3")).code == 0
    assert acknowledged(consumer) == 4


def test_an_entry_marked_as_withheld_in_the_store_loses_nothing_to_a_repair(
    cli: Cli, consumer: StandIn, store: Path
) -> None:
    """Who edits the store must not get it to drop what Odoo does not have any more."""
    for _ in range(2):
        consumer.seal(lines=2)
    assert cli("pull").code == 0
    consumer.entries[0].update(withheld="lines", lines=[])
    consumer.entries[1].update(withheld="erased", salt="", content="")
    with sqlite3.connect(store) as db:
        db.execute(
            "UPDATE entries SET withheld = 'company', salt = '', content = '' WHERE position = 1"
        )
        db.execute("UPDATE entries SET withheld = 'company' WHERE position = 2")
        db.execute("DELETE FROM lines WHERE run_position = 2")
    assert cli("reconcile", "--repair", "--json").json["repaired"] == 0
    with sqlite3.connect(store) as db:
        assert db.execute("SELECT count(*) FROM lines WHERE run_position = 1").fetchone() == (2,)
        assert db.execute("SELECT content <> '' FROM entries").fetchall() == [(0,), (1,)]
