"""The views that dashboards read from the SQLite store."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.auditor.conftest import Cli, Odoo

pytestmark = pytest.mark.one_transport(
    "dashboards read the store; the pull that fills it is tested over both"
)

COLUMNS = {
    "v_runs_daily": "chain database day job mode status runs matched selected",
    "v_open_findings": "chain database job job_name uid verdict matched repaired open population "
    "amount currency ended_at",
    "v_money": "chain database month job currency at_stake saved",
    "v_slowest_jobs": "chain database job mode runs average_seconds longest_seconds",
    "v_who_ran_what": "chain database requested_by job mode source runs records_live "
    "last_requested_at",
}


def read(store: Path, view: str, **of: str) -> list[dict[str, Any]]:
    where = " AND ".join(f"{name} = ?" for name in of) or "true"
    with sqlite3.connect(store) as db:
        db.row_factory = sqlite3.Row
        return [
            dict(row) for row in db.execute(f"SELECT * FROM {view} WHERE {where}", [*of.values()])
        ]


@pytest.mark.parametrize("view", COLUMNS)
def test_columns_are_those_of_the_other_store(cli: Cli, odoo: Odoo, store: Path, view: str) -> None:
    odoo.standin.seal(mode="plan", status="dry_run")
    assert cli("pull").code == 0
    (row,) = read(store, view)
    assert " ".join(row) == COLUMNS[view]


def test_runs_a_day(cli: Cli, odoo: Odoo, store: Path) -> None:
    for _ in range(2):
        odoo.standin.seal(matched=10, selected=4)
    odoo.standin.seal(status="failure", matched=1, selected=0)
    odoo.standin.seal(ended_at="")
    odoo.standin.happen()
    assert cli("pull").code == 0
    rows = {(row["day"], row["status"]): row for row in read(store, "v_runs_daily")}
    assert set(rows) == {("2026-01-31", "success"), ("2026-01-31", "failure"), (None, "success")}
    both = rows["2026-01-31", "success"]
    assert (both["runs"], both["matched"], both["selected"]) == (2, 20, 8)


def test_a_plan_that_broke_does_not_close_what_is_open(cli: Cli, odoo: Odoo, store: Path) -> None:
    plan = {"mode": "plan", "status": "dry_run", "verdict": "warn"}
    uid = odoo.standin.seal(**plan, matched=7)
    odoo.standin.seal(**{**plan, "status": "failure"}, matched=0)
    odoo.standin.seal(**{**plan, "verdict": "error"}, matched=0)
    assert cli("pull").code == 0
    (row,) = read(store, "v_open_findings")
    assert (row["uid"], row["matched"], row["amount"]) == (uid, 7, 1234.5)
    odoo.standin.seal(**plan, matched=0)
    assert cli("pull").code == 0
    assert read(store, "v_open_findings") == []


def test_what_was_repaired_is_open_no_longer_until_it_is_undone(
    cli: Cli, odoo: Odoo, store: Path
) -> None:
    def found() -> list[tuple[int, int, int]]:
        assert cli("pull").code == 0
        rows = read(store, "v_open_findings")
        return [(row["matched"], row["repaired"], row["open"]) for row in rows]

    live = {"mode": "live", "shape": "remedy"}
    odoo.standin.seal(**live, outcomes={"done": 5})
    odoo.standin.seal(mode="plan", status="dry_run", verdict="warn", matched=7)
    assert found() == [(7, 0, 7)]
    odoo.standin.seal(**live, code="release_stuck_transfers", outcomes={"done": 7})
    odoo.standin.seal(**live, outcomes={"done": 4, "refused": 3})
    assert found() == [(7, 4, 3)]
    odoo.standin.seal(**live, outcomes={"done": 3})
    assert found() == []
    odoo.standin.seal(**live, outcomes={"done": 2}, undoes="1f0c")
    assert found() == [(7, 5, 2)]


def test_money_counts_plans_and_what_was_done(cli: Cli, odoo: Odoo, store: Path) -> None:
    for mode, outcome in (("plan", "planned"), ("live", "done"), ("simulate", "simulated")):
        uid = odoo.standin.seal(lines=3, mode=mode)
        for line in odoo.standin.lines[uid]:
            line.update(outcome=outcome, amount="0.10")
        odoo.standin.lines[uid][0].update(outcome="refused")
        odoo.standin.lines[uid][1].update(amount="")
    assert cli("pull").code == 0
    (row,) = read(store, "v_money")
    assert (row["month"], row["currency"]) == ("2026-01-01", "EUR")
    assert (row["at_stake"], row["saved"]) == (0.1, 0.1)


def test_slowest_jobs(cli: Cli, odoo: Odoo, store: Path) -> None:
    for end in ("2026-01-31 12:00:11", "2026-01-31 12:00:21", ""):
        odoo.standin.seal(ended_at=end)
    assert cli("pull").code == 0
    (row,) = read(store, "v_slowest_jobs")
    assert (row["runs"], row["average_seconds"], row["longest_seconds"]) == (2, 15.0, 20.0)


def test_who_ran_what(cli: Cli, odoo: Odoo, store: Path) -> None:
    odoo.standin.seal(requested_by="eve", selected=4)
    odoo.standin.seal(requested_by="eve", selected=4, requested_at="2026-02-01 09:00:00")
    odoo.standin.seal(requested_by="bob", selected=4, mode="plan")
    assert cli("pull").code == 0
    (eve,) = read(store, "v_who_ran_what", requested_by="eve")
    assert (eve["runs"], eve["records_live"]) == (2, 8)
    assert eve["last_requested_at"] == "2026-02-01T09:00:00.000000Z"
    (bob,) = read(store, "v_who_ran_what", requested_by="bob")
    assert bob["records_live"] == 0
