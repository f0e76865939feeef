"""Both ways to a real Odoo: every method of the contract answers, and refuses, alike.

Here the names of all arguments meet those of the real methods, which JSON-2 is strict about.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from auditor.odoo.choosing import transport
from auditor.odoo.client import Client, connect
from auditor.odoo.errors import OdooError, Refused, Unreachable
from auditor.odoo.json2 import Json2Transport
from auditor.settings import Connection
from tests.support.server import RunningOdoo

pytestmark = pytest.mark.odoo

WAYS = ("xmlrpc", "json2")
GROUPS = ("operator", "manager", "approver", "emergency", "auditor")
VOLATILE = {"now", "dispatcher_last", "oldest_queued_seconds", "queued", "running"}


@pytest.fixture(scope="module")
def key(odoo_server: RunningOdoo) -> str:
    """API key of a user who may do everything."""
    groups = [f"sentinel_ops_addon.group_{name}" for name in GROUPS]
    login = odoo_server.new_user(*groups, "sales_team.group_sale_manager", login="both-ways").login
    return odoo_server.api_key(login)


Both = Callable[[Callable[[Client], Any]], Any]


@pytest.fixture(scope="module")
def clients(odoo_server: RunningOdoo, key: str) -> dict[str, Client]:
    rpc = odoo_server.rpc()
    (partner,) = rpc.execute("res.partner", "search", [], 0, 1)
    old = {"partner_id": partner, "date_order": "2020-01-01 10:00:00"}
    rpc.execute("sale.order", "create", [old, old])

    def client(way: Any) -> Client:
        return connect(Connection(odoo_server.url, odoo_server.db, "both-ways", key, transport=way))

    return {way: client(way) for way in WAYS}


@pytest.fixture
def both(clients: dict[str, Client]) -> Both:
    """Do the same over both and return the one outcome: an answer, or an error in parts."""

    def outcome(client: Client, call: Callable[[Client], Any]) -> Any:
        try:
            return settled(call(client))
        except OdooError as error:
            return type(error).__name__, error.message, error.remedy

    def run(call: Callable[[Client], Any]) -> Any:
        first, second = (outcome(clients[way], call) for way in WAYS)
        assert first == second
        return first

    return run


def settled(answer: Any) -> Any:
    """An answer as plain data, without what changes by itself."""
    if isinstance(answer, tuple | list):
        return [settled(item) for item in answer]
    if not hasattr(answer, "model_dump"):
        return answer
    return {name: value for name, value in answer.model_dump().items() if name not in VOLATILE}


def planned(client: Client) -> str:
    """Make a plan and return its uid once it has ended."""
    uid = client.trigger(
        "clean_old_orders", mode="plan", parameters={"days": 60, "limit": 2}, idempotency_key=""
    ).uid
    deadline = time.monotonic() + 90
    while client.status(uid).state != "done":
        assert time.monotonic() < deadline
        time.sleep(0.3)
    return uid


def test_every_answer_is_the_same(both: Both, clients: dict[str, Client]) -> None:
    uids = [planned(clients[way]) for way in WAYS]
    both(lambda client: client.catalog())
    both(lambda client: client.health())
    for uid in uids:
        assert both(lambda client, uid=uid: client.status(uid))["status"] == "dry_run"
        assert both(lambda client, uid=uid: client.read_lines(uid))["total"] == 2
    both(lambda client: client.export_runs(after=0, limit=50))
    both(lambda client: client.export_lines(after=0, after_line=0, until=50, limit=50))
    both(lambda client: client.export_days(since="2026-01-01", until="2026-12-31"))
    watched = both(lambda client: client.watch())
    assert watched["key"]["kind"] == "key"
    assert watched["key"]["expires_at"]


def test_orders_are_carried_out_and_keys_are_kept(clients: dict[str, Client]) -> None:
    asked = {"mode": "plan", "parameters": {"days": 61}, "idempotency_key": "both-ways"}
    first = clients["json2"].trigger("clean_old_orders", **asked)
    again = clients["xmlrpc"].trigger("clean_old_orders", **asked)
    assert (first.repeated, again.repeated, again.uid) == (False, True, first.uid)
    for way in WAYS:
        client = clients[way]
        client.pause("clean_old_orders", reason=f"over {way}")
        assert client.watch().stops[0].reason == f"over {way}"
        client.resume("clean_old_orders", reason="done")
        client.stop_all(reason=f"over {way}")
        client.resume_all(reason="done")
        assert client.watch().stops == []


def test_every_refusal_is_the_same(both: Both, clients: dict[str, Client]) -> None:
    uid = planned(clients["json2"])
    refusals: list[Callable[[Client], Any]] = [
        lambda client: client.trigger("no_such", mode="plan", parameters={}, idempotency_key=""),
        lambda client: client.trigger(
            "clean_old_orders", mode="live", parameters={}, idempotency_key="", plan=uid, lines=[]
        ),
        lambda client: client.follow_up("undo", uid, mode="plan", idempotency_key=""),
        lambda client: client.follow_up("retry", uid, mode="plan", idempotency_key=""),
        lambda client: client.approve(uid, comment="mine"),
        lambda client: client.deny(uid, comment="mine"),
        lambda client: client.cancel(uid, reason="too late"),
        lambda client: client.resume("clean_old_orders", reason="not paused"),
        lambda client: client.resume_all(reason="not stopped"),
        lambda client: client.stop_all(reason=""),
        lambda client: client.status("no-such-run"),
        lambda client: client.acknowledge("nobody", position=1, seal="00"),
        lambda client: client.export_days(since="2026-01-31", until="2026-01-01"),
    ]
    for call in refusals:
        kind, message, _remedy = both(call)
        assert kind in ("BusinessFault", "Refused")
        assert "Traceback" not in message


def test_what_auto_chooses(odoo_server: RunningOdoo, key: str) -> None:
    def connection(secret: str, login: str = "both-ways", database: str = "") -> Connection:
        return Connection(odoo_server.url, database or odoo_server.db, login, secret)

    way: Any = transport(connection(key))
    assert Client(way, connection(key)).health().chain
    assert isinstance(way._chosen, Json2Transport)
    assert connect(connection(odoo_server.password, odoo_server.login)).health().chain
    with pytest.raises(Refused, match="login of both-ways"):
        connect(connection("0" * 40)).health()
    with pytest.raises(Refused, match=r"login of admin|not of admin"):
        connect(connection(key, odoo_server.login)).health()
    with pytest.raises(Unreachable, match="no database named elsewhere"):
        connect(connection(key, database="elsewhere")).health()
