"""kill -9 each container while work is under way: nothing is lost, nothing comes twice."""

from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from .stack import SERVICES, Stack, until

_ORDERS = 150


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_is_lost_and_nothing_doubled(stack: Stack, service: str) -> None:
    orders = _quotations(stack, service)
    # 5: it is under way.
    run = stack.ops("run", "clean_old_orders", f"--limit={_ORDERS}", "--no-wait", allowed=(0, 5))[
        "uid"
    ]
    until(lambda: _done(stack, orders), "the live run has changed something, or has ended")
    stack.crash(service)
    stack.until_healthy()
    until(lambda: _ended(stack, run), "the run has an end")
    # What an interrupted run left, the next one does.
    stack.ops("run", "clean_old_orders", f"--limit={_ORDERS}")
    assert _done(stack, orders) == len(orders)
    head = int(stack.sql("SELECT max(position) FROM sentinel_chain_entry")[0][0])
    until(lambda: _pulled(stack) >= head, "the follower has everything again")
    lines = _lines(stack)
    assert Counter(lines[order] for order in orders) == {1: len(orders)}, "one line each"
    assert stack.ops("verify", "--against-odoo")["good"] is True
    chosen = ",".join(map(str, orders))
    in_odoo = stack.sql(
        "SELECT count(*), count(DISTINCT record_ref) FROM sentinel_run_line"
        f" WHERE outcome = 'done' AND model = 'sale.order' AND record_ref IN ({chosen})"
    )
    assert in_odoo == [[str(len(orders)), str(len(orders))]]


def _quotations(stack: Stack, name: str) -> list[int]:
    rpc = stack.rpc()
    (customer,) = rpc.execute("res.partner", "create", [{"name": f"Killed {name}"}])
    product = rpc.execute("product.product", "search", [("sale_ok", "=", True)], limit=1)[0]
    old = (datetime.now(timezone.utc) - timedelta(days=500)).strftime("%Y-%m-%d %H:%M:%S")
    values = {
        "partner_id": customer,
        "date_order": old,
        "order_line": [(0, 0, {"product_id": product, "product_uom_qty": 1, "price_unit": 10})],
    }
    made: list[int] = rpc.execute("sale.order", "create", [values] * _ORDERS)
    return made


def _done(stack: Stack, orders: list[int]) -> int:
    among = ",".join(map(str, orders))
    (row,) = stack.sql(
        f"SELECT count(*) FROM sale_order WHERE state = 'cancel' AND id IN ({among})"
    )
    return int(row[0])


def _ended(stack: Stack, run: str) -> bool:
    rows = stack.sql(f"SELECT state FROM sentinel_run WHERE uid = '{run}'")
    return rows == [["done"]]


def _pulled(stack: Stack) -> int:
    answer = stack.run("auditor", "sentinel-ops", "verify", "--json")
    if answer.status != 0:
        return 0
    return int(stack.ops("verify")["checks"][0]["position"])


def _lines(stack: Stack) -> Counter[int]:
    """Count the lines `done` of each order in the store."""
    code = (
        "import sqlite3; store = sqlite3.connect('/data/trail.sqlite3');"
        'print(*(row[0] for row in store.execute("SELECT record FROM run_lines WHERE model ='
        " 'sale.order' AND outcome = 'done'\")))"
    )
    answer = stack.run("auditor", "/opt/sentinel-ops/bin/python", "-c", code)
    assert answer.status == 0, answer.text
    return Counter(int(word) for word in answer.text.split())
