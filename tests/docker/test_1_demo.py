"""`docker compose up` gives the demo at one address, and the auditor follows."""

from collections import Counter

from .conftest import FirstStart
from .stack import DATABASE, Stack, until


def test_a_first_start_that_was_killed_begins_again(stack: Stack, first_start: FirstStart) -> None:
    assert first_start.tables > 100
    (row,) = stack.sql(
        "SELECT oid, shobj_description(oid, 'pg_database') FROM pg_database"
        f" WHERE datname = '{DATABASE}'"
    )
    assert row[0] != first_start.database, "what was half installed is not gone on with"
    assert row[1].startswith("Sentinel-Ops: addon ")
    log = stack.logs("odoo")
    assert "database sentinel: nothing" in log
    assert "database sentinel: a first start that did not come to its end" in log


def test_the_demo_is_at_one_address(stack: Stack) -> None:
    assert stack.get("/web/login")[0] == 200
    assert stack.rpc().uid
    old = stack.rpc().execute(
        "sale.order", "search_count", [("client_order_ref", "=", "Sentinel demo: quotation")]
    )
    assert old == 12
    published = {
        service: {port for port, where in stack.container(service).ports.items() if where}
        for service in ("db", "odoo", "auditor")
    }
    assert published == {"db": set(), "odoo": {"8069/tcp"}, "auditor": set()}
    (binding,) = stack.container("odoo").ports["8069/tcp"]
    assert binding["HostIp"] == "127.0.0.1", "the demo's password is known to all"


def test_plan_live_and_the_auditor_has_it(stack: Stack) -> None:
    codes = {job["code"] for job in stack.ops("list")["jobs"]}
    assert "clean_old_orders" in codes
    drafts = [("client_order_ref", "=", "Sentinel demo: quotation"), ("state", "!=", "cancel")]
    plan = stack.ops("run", "clean_old_orders", "--dry-run")
    assert stack.rpc().execute("sale.order", "search_count", drafts) == 12
    live = stack.ops("run", "clean_old_orders", "--plan", plan["uid"])
    assert live["status"] == "success"
    assert live["requested_by"] == "sentinel-auditor"
    assert stack.rpc().execute("sale.order", "search_count", drafts) == 0
    # Nobody pulls here: the auditor's own process does.
    uid = live["uid"]
    until(lambda: _has(stack, uid), "the follower has pulled the run")
    lines = stack.ops("show", uid, "--limit", "0")["lines"]
    assert Counter(line["outcome"] for line in lines) == {"done": 12}
    checks = stack.ops("verify", "--against-odoo")["checks"]
    assert [(check["where"], check["good"]) for check in checks] == [
        ("store", True),
        ("odoo", True),
    ]


def test_odoo_knows_how_far_the_auditor_got(stack: Stack) -> None:
    position = int(stack.ops("verify")["checks"][0]["position"])

    def acknowledged() -> bool:
        (row,) = stack.rpc().execute(
            "sentinel.consumer", "search_read", [("name", "=", "container")], ["position"]
        )
        return bool(row["position"] >= position)

    until(acknowledged, "the auditor has acknowledged what it has")


def _has(stack: Stack, uid: str) -> bool:
    return stack.run("auditor", "sentinel-ops", "show", uid).status == 0
