"""The orders of the demo: made and looked at over XML-RPC, as any program could."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from ..odoo_rpc import OdooRpc

# Marks what the demo made, in a field that people see on the order.
REFERENCE = "Sentinel demo"
_STAMP = "%Y-%m-%d %H:%M:%S"
# Each kind once; the stale ones anew every time, because a run uses them up.
_STALE_DRAFT_DAYS = (95, 120, 150, 180, 210, 260, 330, 400)
_STALE_SENT_DAYS = (100, 140, 200, 300)
_FRESH_DAYS = (1, 7, 20, 45, 75)
_CONFIRMED_DAYS = (120, 200, 365)
_LOCKED_DAYS = (150, 250)
_FOREIGN_DAYS = (180, 280)

Snapshot = dict[int, tuple[str, str]]
Row = dict[str, Any]


@dataclass
class DemoOrders:
    """Sale orders of one database.

    :param company: the company that the job works for.
    :param days: how old a quotation must be to count as old.
    """

    rpc: OdooRpc
    company: str
    days: int

    def seed(self) -> dict[str, int]:
        """Make what is missing of the story and return how many orders of each kind are there."""
        own, foreign = self._companies()
        self._make("quotation", _STALE_DRAFT_DAYS, own)
        sent = self._make("quotation", _STALE_SENT_DAYS, own)
        # The buttons `action_quotation_sent` and `action_lock` do just this, but answer None,
        # which XML-RPC cannot carry.
        self.rpc.execute("sale.order", "write", sent, {"state": "sent"})
        if len(self.of_kind("fresh")) < len(_FRESH_DAYS):
            self._make("fresh", _FRESH_DAYS, own)
        if len(self.of_kind("confirmed")) < len(_CONFIRMED_DAYS):
            self._confirm(self._make("confirmed", _CONFIRMED_DAYS, own), _CONFIRMED_DAYS)
        if len(self.of_kind("locked")) < len(_LOCKED_DAYS):
            ids = self._make("locked", _LOCKED_DAYS, own)
            self._confirm(ids, _LOCKED_DAYS)
            self.rpc.execute("sale.order", "write", ids, {"locked": True})
        if foreign and len(self.of_kind("other company")) < len(_FOREIGN_DAYS):
            self._make("other company", _FOREIGN_DAYS, foreign)
        kinds = ("fresh", "confirmed", "locked", "other company")
        return {"old": len(self.stale())} | {kind: len(self.of_kind(kind)) for kind in kinds}

    def stale(self) -> list[Row]:
        """Return the quotations that the job ought to find, oldest first."""
        limit = _ago(self.days)
        rows: list[Row] = self.rpc.execute(
            "sale.order",
            "search_read",
            [
                ("state", "in", ["draft", "sent"]),
                ("locked", "=", False),
                ("date_order", "<", limit),
                ("company_id.name", "=", self.company),
            ],
            ["name", "date_order", "amount_total", "state"],
            order="date_order, id",
        )
        return rows

    def of_kind(self, kind: str) -> list[int]:
        """Return the ids of the demo's orders of one kind."""
        ids: list[int] = self.rpc.execute(
            "sale.order", "search", [("client_order_ref", "=", f"{REFERENCE}: {kind}")]
        )
        return ids

    def snapshot(self) -> Snapshot:
        """Return state and last change of every order there is."""
        rows = self.rpc.execute("sale.order", "search_read", [], ["state", "write_date"])
        return {row["id"]: (row["state"], row["write_date"]) for row in rows}

    def _companies(self) -> tuple[int, int]:
        rows = self.rpc.execute("res.company", "search_read", [], ["name"], order="id")
        own = next(row["id"] for row in rows if row["name"] == self.company)
        # Another company needs a warehouse of its own to take orders.
        houses = self.rpc.execute(
            "stock.warehouse", "search_read", [("company_id", "!=", own)], ["company_id"], limit=1
        )
        return own, houses[0]["company_id"][0] if houses else 0

    def _make(self, kind: str, days: tuple[int, ...], company: int) -> list[int]:
        context = {"allowed_company_ids": [company]}
        belongs = ["|", ("company_id", "=", False), ("company_id", "=", company)]
        customers = self.rpc.execute(
            "res.partner",
            "search",
            [("is_company", "=", True), *belongs],
            limit=len(days),
            order="id",
        )
        products = self.rpc.execute(
            "product.product", "search", [("sale_ok", "=", True), *belongs], limit=3, order="id"
        )
        values = [
            {
                "partner_id": customers[number % len(customers)],
                "company_id": company,
                "client_order_ref": f"{REFERENCE}: {kind}",
                "date_order": _ago(age),
                "order_line": [
                    (
                        0,
                        0,
                        {
                            "product_id": products[number % len(products)],
                            "product_uom_qty": 1 + number,
                            "price_unit": 100.0 + 25 * number,
                        },
                    )
                ],
            }
            for number, age in enumerate(days)
        ]
        ids: list[int] = self.rpc.execute("sale.order", "create", values, context=context)
        return ids

    def _confirm(self, ids: list[int], days: tuple[int, ...]) -> None:
        self.rpc.execute("sale.order", "action_confirm", ids)
        # Confirming sets today's date; only an old one shows that age alone cancels nothing.
        for order, age in zip(ids, days, strict=True):
            self.rpc.execute("sale.order", "write", [order], {"date_order": _ago(age)})


def _ago(days: int) -> str:
    return (datetime.now(timezone.utc) - timedelta(days=days)).strftime(_STAMP)
