"""The command against a real Odoo with the real addon: the stand-in must not have been too kind.

One server for the file; the live test takes few orders, so that every test finds stale ones.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.auditor.conftest import Cli, Ran, clean_env, run_process
from tests.support.server import RunningOdoo
from tests.support.workshop import Workshop

pytestmark = pytest.mark.odoo

OPERATOR = "sentinel_ops_addon.group_operator"
AUDITOR = "sentinel_ops_addon.group_auditor"
STALE = [("state", "in", ["draft", "sent"])]


@pytest.fixture(scope="module")
def operator(odoo_server: RunningOdoo) -> tuple[str, str]:
    """Login and API key of an operator."""
    login = odoo_server.new_user(
        OPERATOR, "sales_team.group_sale_manager", login="real-operator"
    ).login
    return login, odoo_server.api_key(login)


@pytest.fixture(scope="module")
def auditor(odoo_server: RunningOdoo) -> tuple[str, str]:
    """Login and API key of a service account that may only read the trail."""
    login = odoo_server.new_user(AUDITOR, login="real-auditor").login
    return login, odoo_server.api_key(login)


def settings(server: RunningOdoo, who: tuple[str, str], folder: Path) -> dict[str, str]:
    return {
        **clean_env(folder),
        **server.environment(),
        "ODOO_USERNAME": who[0],
        "ODOO_PASSWORD": who[1],
        "SENTINEL_STORE": str(folder / "trail.sqlite3"),
    }


As = Callable[..., Cli]


@pytest.fixture
def as_user(odoo_server: RunningOdoo, tmp_path: Path) -> As:
    """Return the command of one user; nothing it prints may hold that user's key."""

    def command_of(who: tuple[str, str]) -> Cli:
        def run(*arguments: str, **env: str) -> Ran:
            ran = run_process({**settings(odoo_server, who, tmp_path), **env}, tmp_path, *arguments)
            if who[1] != who[0]:
                assert who[1] not in ran.out + ran.err
            return ran

        return run

    return command_of


@pytest.fixture
def stale(odoo_server: RunningOdoo) -> list[int]:
    """Six quotations that are 200 days old, written by SQL as time itself would have."""
    rpc = odoo_server.rpc()
    (partner,) = rpc.execute("res.partner", "search", [], 0, 1)
    ids = rpc.execute(
        "sale.order",
        "create",
        [{"partner_id": partner, "date_order": "2020-01-01 10:00:00"} for _ in range(6)],
    )
    return list(ids)


def states(server: RunningOdoo, ids: list[int]) -> list[str]:
    rows = server.rpc().execute("sale.order", "read", ids, ["state"])
    return [row["state"] for row in rows]


def test_list_and_help(as_user: As, operator: tuple[str, str]) -> None:
    run = as_user(operator)
    codes = {job["code"] for job in run("list", "--json").json["jobs"]}
    assert {"clean_old_orders", "release_stuck_transfers", "cron_health"} <= codes
    ran = run("run", "clean_old_orders", "--help")
    assert ran.code == 0
    assert "--days INTEGER" in ran.out
    assert "--limit INTEGER" in ran.out


def test_dry_run_changes_nothing(
    as_user: As, operator: tuple[str, str], odoo_server: RunningOdoo, stale: list[int]
) -> None:
    run = as_user(operator)
    ran = run("run", "clean_old_orders", "--dry-run", "--days=60", "--limit=3", "--json")
    assert ran.code == 0, ran.err
    document = ran.json
    assert document["status"] == "dry_run"
    assert document["outcomes"] == {"planned": 3}
    assert document["line_total"] == 3
    assert all(line["intended"] == {"state": "cancel"} for line in document["lines"])
    assert document["link"].startswith(odoo_server.url)
    assert document["source"] == "cli"
    assert states(odoo_server, stale) == ["draft"] * 6
    assert run("status", document["uid"]).code == 0
    assert document["uid"] in run("status", "clean_old_orders").out


def test_live_run_and_trail(
    as_user: As,
    operator: tuple[str, str],
    auditor: tuple[str, str],
    odoo_server: RunningOdoo,
    stale: list[int],
) -> None:
    ran = as_user(operator)(
        "run", "clean_old_orders", "--days=60", "--limit=4", "--reason=real test", "--json"
    )
    assert ran.code == 0, ran.err
    live = ran.json
    assert live["outcomes"] == {"done": 4}
    records = [line["record"] for line in live["lines"]]
    assert states(odoo_server, records) == ["cancel"] * 4

    pull = as_user(auditor)
    first = pull("pull", "--json")
    assert first.code == 0, first.err
    assert first.json["runs"] >= 2  # the live run and its plan
    again = pull("pull", "--json")
    assert (again.json["runs"], again.json["lines"]) == (0, 0)
    checked = pull("verify", "--against-odoo", "--json")
    assert checked.code == 0, checked.out
    assert [check["lines"] for check in checked.json["checks"]] == [first.json["lines"]] * 2
    shown = pull("show", live["uid"], "--json").json
    assert shown["reason"] == "real test"
    assert [line["record"] for line in shown["lines"]] == records
    assert all(line["after"]["state"] == "cancel" for line in shown["lines"])
    assert all(line["before"]["state"] == "draft" for line in shown["lines"])
    life = pull("show", "--record", "sale.order", str(records[0]))
    assert "state: draft → cancel" in life.out
    assert "would be changed" in life.out
    assert stale  # more were there than the limit


def test_a_key_given_twice_makes_one_run(as_user: As, operator: tuple[str, str]) -> None:
    words = ("run", "clean_old_orders", "--dry-run", "--idempotency-key=real-key", "--json")
    first, second = as_user(operator)(*words), as_user(operator)(*words)
    assert first.code == 0
    assert first.json["uid"] == second.json["uid"]
    other = as_user(operator)(*words, "--days=61")
    assert other.code == 2
    assert other.json["error"]["kind"] == "BusinessFault"


def test_what_odoo_refuses_although_we_would_not(
    odoo_server: RunningOdoo, operator: tuple[str, str]
) -> None:
    from auditor.odoo.client import connect
    from auditor.odoo.errors import BusinessFault
    from auditor.settings import Connection

    client = connect(Connection(odoo_server.url, odoo_server.db, *operator))
    for code, parameters, says in (
        ("clean_old_orders", {"dayz": 5}, "days"),
        ("clean_old_orders", {"days": "many"}, "days"),
        ("clean_old_orders", {"days": 0}, "days"),
        ("clean_old_orders", {"limit": 0}, "limit"),
        ("no_such_job", {}, "clean_old_orders"),
    ):
        with pytest.raises(BusinessFault) as refused:
            client.trigger(code, mode="plan", parameters=parameters, idempotency_key="")
        assert says in refused.value.message
        assert "Traceback" not in refused.value.message


def test_rights(as_user: As, operator: tuple[str, str], auditor: tuple[str, str]) -> None:
    assert as_user(auditor)("list").code == 0
    assert as_user(auditor)("health").code in (0, 1)
    assert as_user(auditor)("run", "clean_old_orders", "--dry-run").code == 4
    assert as_user(operator)("pull").code == 4
    ran = as_user((operator[0], "wrong-password"))("list")
    assert ran.code == 4
    assert "refused the login" in ran.err


def test_checks_and_measures(as_user: As, operator: tuple[str, str]) -> None:
    run = as_user(operator)
    for code in ("cron_health", "check_records"):
        ran = run("run", code, "--json")
        good = ran.json["verdict"] in ("pass", "warn")
        assert ran.code == (0 if good else 1)
        assert ran.json["state"] == "done"
        assert run("run", code).code == ran.code


def test_other_databases(
    as_user: As, operator: tuple[str, str], workshop: Workshop, odoo_server: RunningOdoo
) -> None:
    ran = as_user(operator)("list", ODOO_DB="no_such_database")
    assert ran.code == 3
    assert "no database named no_such_database" in ran.err or "Check ODOO_DB" in ran.err
    ran = as_user((odoo_server.login, odoo_server.password))(
        "list", ODOO_DB=workshop.new_database("bare")
    )
    assert ran.code == 3
    assert "Sentinel-Ops is not installed" in ran.err


def test_no_cron_worker_is_told(new_server: Callable[..., RunningOdoo], tmp_path: Path) -> None:
    server = new_server("", "--max-cron-threads=0", template="bare_addon")
    env = settings(server, (server.login, server.password), tmp_path)
    ran = run_process(env, tmp_path, "run", "cron_health", "--timeout=18")
    assert ran.code == 5
    assert "The run is still queued: " in ran.err
    assert "--max-cron-threads" in ran.err
    assert "sentinel-ops status" in ran.err
    health = run_process(env, tmp_path, "health", "--json")
    assert health.code == 1
    assert "no_cron_worker" in [problem["code"] for problem in health.json["problems"]]


def test_doctor(as_user: As, auditor: tuple[str, str]) -> None:
    run = as_user(auditor)
    assert run("pull").code == 0
    ran = run("doctor", "--json")
    found = {
        (each["check"], each["verdict"]): each["message"]
        for each in ran.json["checks"]
        if each["verdict"] != "not_used"
    }
    assert not [key for key in found if key[1] in ("fail", "could_not_check")], found
    assert "is Odoo 19.0" in found["odoo", "ok"]
    assert "real-auditor may log in" in found["login", "ok"]
    assert "API key" in " ".join(said for (check, _), said in found.items() if check == "key")
    assert "We may pull the trail." in found["rights", "ok"]
    assert "agree" in found["clock", "ok"]
    assert "The store has all of it" in found["lag", "ok"]
    assert ran.code == 0
