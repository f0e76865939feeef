"""``undo`` and ``retry``: what is sent, what is said, how they exit."""

from __future__ import annotations

import pytest

from tests.auditor.conftest import Cli, Odoo

POINTERS = {"undo": "undoes", "retry": "retries"}
KINDS = pytest.mark.parametrize("kind", list(POINTERS))


def sent(odoo: Odoo, kind: str) -> list[dict[str, object]]:
    return [named for name, named in odoo.standin.calls if name == kind]


@KINDS
def test_dry_unless_told_otherwise(cli: Cli, odoo: Odoo, kind: str) -> None:
    old = odoo.standin.seal()
    ran = cli(kind, old)
    assert ran.code == 0
    (asked,) = sent(odoo, kind)
    assert (asked["uid"], asked["mode"]) == (old, "plan")
    assert asked["idempotency_key"]
    assert asked["origin"]["source"] == "cli"
    assert "dry run, nothing was changed" in ran.out
    assert f"{POINTERS[kind].capitalize()} the run {old}" in ran.out


@KINDS
def test_live(cli: Cli, odoo: Odoo, kind: str) -> None:
    old = odoo.standin.seal()
    ran = cli(kind, old, "--live", "--reason", "wrong filter")
    assert ran.code == 0
    (asked,) = sent(odoo, kind)
    assert (asked["mode"], asked["reason"]) == ("live", "wrong filter")
    assert "✓ changed" in ran.out
    assert cli(kind, old, "--json").json[POINTERS[kind]] == old


def test_what_an_undo_can_put_back(cli: Cli, odoo: Odoo) -> None:
    old = odoo.standin.seal()
    odoo.standin.twists["status"] = lambda run: {
        **run,
        "population": 10,
        "matched": 10,
        "selected": 8,
        "limited": False,
        "outcomes": {"planned": 8, "refused": 2},
    }
    ran = cli("undo", old)
    assert "8 of 10 changed records can be put back." in ran.out
    assert "match" not in ran.out


def test_status_of_a_run_that_was_undone(cli: Cli, odoo: Odoo) -> None:
    uid = odoo.standin.seal(undone_by=["u-1", "u-2"], retried_by=["r-1"])
    ran = cli("status", uid)
    for text in ("Undone by the run u-1", "Undone by the run u-2", "Retried by the run r-1"):
        assert text in ran.out


@KINDS
def test_refusals_are_passed_on(cli: Cli, odoo: Odoo, kind: str) -> None:
    ran = cli(kind, "0" * 32)
    assert ran.code == 2
    assert "There is no run" in ran.err
    plan = odoo.standin.seal(mode="plan")
    ran = cli(kind, plan)
    assert ran.code == 2
    assert "dry run" in ran.err
    assert cli(kind, odoo.standin.seal(), ODOO_USERNAME="auditor").code == 4
    assert cli(kind).code == 2


@KINDS
def test_a_lost_answer_makes_one_run(cli: Cli, odoo: Odoo, kind: str) -> None:
    old = odoo.standin.seal()
    odoo.standin.misbehave(kind, "drop", times=2)
    assert cli(kind, old, "--live").code == 0
    assert odoo.standin.counted(kind) == 3
    assert len(odoo.standin.runs) == 2
    odoo.standin.misbehave(kind, "drop", times=3)
    ran = cli(kind, old, "--live")
    assert ran.code == 3
    key = str(sent(odoo, kind)[-1]["idempotency_key"])
    assert f"--idempotency-key={key}" in ran.err
    again = cli(kind, old, "--live", f"--idempotency-key={key}", "--no-wait")
    assert again.code == 0
    assert "asked for before under this key" in again.out
    assert len(odoo.standin.runs) == 3
