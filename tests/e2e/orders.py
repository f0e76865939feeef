"""Quotations to work on, made and read through XML-RPC."""

from datetime import datetime, timedelta, timezone
from typing import Any

from tests.support.server import RunningOdoo

TEXT = "%Y-%m-%d %H:%M:%S"


class Orders:
    """Quotations of one customer, so that a test sees its own only."""

    def __init__(self, server: RunningOdoo, customer: str) -> None:
        self.rpc = server.rpc()
        self.customer = self.rpc.execute("res.partner", "create", {"name": customer})
        self.product = self.rpc.execute(
            "product.product",
            "create",
            {"name": f"{customer}'s thing", "list_price": 10.0, "taxes_id": []},
        )

    def make(self, ages: list[int]) -> list[int]:
        """Make one quotation of 10.00 for each age in days; return their ids."""
        now = datetime.now(timezone.utc)
        line = {"product_id": self.product, "product_uom_qty": 1}
        values: list[dict[str, Any]] = [
            {
                "partner_id": self.customer,
                "date_order": (now - timedelta(days=age, minutes=5)).strftime(TEXT),
                "order_line": [(0, 0, line)],
            }
            for age in ages
        ]
        made: list[int] = []
        for start in range(0, len(values), 500):
            made += self.rpc.execute("sale.order", "create", values[start : start + 500])
        return made

    def states(self, ids: list[int]) -> list[str]:
        """Return the state of each order, in the order of `ids`."""
        rows = self.rpc.execute("sale.order", "read", ids, ["state"])
        by_id = {row["id"]: row["state"] for row in rows}
        return [by_id[order] for order in ids]

    def clear(self) -> None:
        """Leave no old quotation to the next test."""
        left = self.rpc.execute(
            "sale.order", "search", [("partner_id", "=", self.customer), ("state", "!=", "sale")]
        )
        if left:
            self.rpc.execute("sale.order", "action_cancel", left)
