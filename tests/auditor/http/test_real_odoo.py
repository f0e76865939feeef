"""The HTTP door before a real Odoo: the stand-in must not have been too kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.adapters.http.door import Door
from auditor.settings import load
from tests.auditor.conftest import clean_env
from tests.auditor.http.conftest import TOKEN, known
from tests.support.server import RunningOdoo

pytestmark = pytest.mark.odoo

GROUPS = (
    "sentinel_ops_addon.group_operator",
    "sentinel_ops_addon.group_auditor",
    "sales_team.group_sale_manager",
)
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def door(
    odoo_server: RunningOdoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Door]:
    login = odoo_server.new_user(*GROUPS, login="http-door").login
    env = {
        **clean_env(tmp_path),
        **odoo_server.environment(),
        "ODOO_USERNAME": login,
        "ODOO_PASSWORD": odoo_server.api_key(login),
        "SENTINEL_HTTP_TOKEN": TOKEN,
        "SENTINEL_STORE": str(tmp_path / "trail.sqlite3"),
    }
    with monkeypatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        patch.chdir(tmp_path)
        yield Door(load(), platform=False)


@pytest.fixture
def stale(odoo_server: RunningOdoo) -> list[int]:
    """Three old quotations."""
    rpc = odoo_server.rpc()
    (partner,) = rpc.execute("res.partner", "search", [], 0, 1)
    order = {"partner_id": partner, "date_order": "2020-01-01 10:00:00"}
    return list(rpc.execute("sale.order", "create", [order] * 3))


def states(server: RunningOdoo, ids: list[int]) -> list[str]:
    return sorted(
        row["state"] for row in server.rpc().execute("sale.order", "read", ids, ["state"])
    )


def test_a_day_at_the_door(door: Door, odoo_server: RunningOdoo, stale: list[int]) -> None:
    codes = [job["code"] for job in known(door, "GET", "/jobs").json["jobs"]]
    assert "clean_old_orders" in codes

    body = {
        "job": "clean_old_orders",
        "dry_run": True,
        "parameters": {"days": 60, "limit": 2},
        "reason": "a day at the door",
        "wait_seconds": 50,
    }
    key = {"headers": {"idempotency-key": "day-1", "x-request-id": "req-day-1"}}
    first = known(door, "POST", "/execute", body, **key)
    assert first.status == 200, first.text
    run = first.json
    assert (run["status"], run["ok"], run["records_updated"]) == ("dry_run", True, 0)
    assert (run["source"], run["request_id"]) == ("http", "req-day-1")
    assert run["records_checked"] >= 2
    assert states(odoo_server, stale) == ["draft"] * 3
    again = known(door, "POST", "/execute", body, **key)
    assert (again.json["uid"], again.json["repeated"]) == (run["uid"], True)
    other = known(door, "POST", "/execute", {**body, "parameters": {"days": 61}}, **key)
    assert (other.status, other.error["code"]) == (409, "key_conflict")

    shown = known(door, "GET", f"/runs/{run['uid']}?lines=1").json
    assert shown["lines"][0]["outcome"] == "planned"
    assert shown["next_line"] == 1

    carried_out = {"job": "clean_old_orders", "dry_run": False, "plan": run["uid"]}
    live = known(door, "POST", "/execute", {**carried_out, "wait_seconds": 50}).json
    assert (live["status"], live["dry_run"], live["records_updated"]) == ("success", False, 2)
    assert live["plan"] == run["uid"]

    wrong = known(door, "POST", "/execute", {**body, "parameters": {"dayz": 1}})
    assert (wrong.status, wrong.error["code"]) == (400, "refused_by_odoo")
    assert "dayz" in wrong.error["message"]
    assert known(door, "GET", f"/runs/{UNKNOWN}").status == 404

    behind = known(door, "GET", "/metrics").text
    assert "sentinel_ops_store_up{} 0" in behind
    pulled = known(door, "POST", "/pull")
    assert pulled.status == 200
    assert pulled.json["runs"] >= 2
    text = known(door, "GET", "/metrics").text
    assert 'job="clean_old_orders",mode="plan",status="dry_run"' in text
    assert "sentinel_ops_pull_lag_seconds" in text
    assert known(door, "GET", "/health?deep=1").json["store"]["ok"] is True
