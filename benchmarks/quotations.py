"""Old quotations to cancel, one line each; making them is not timed."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from sentinel_env.odoo_rpc import OdooRpc

# Both piles are old for anybody; only the live run's are old for the job, see LIVE_DAYS.
NAIVE_AGE = 200
LIVE_AGE = 1000
LIVE_DAYS = 900
_AGES = 400
_CUSTOMERS = 50
_PRODUCTS = 10
_BATCH = 500
_STAMP = "%Y-%m-%d %H:%M:%S"


class Quotations:
    """Makes quotations of many customers and products.

    :param rpc: a user who may.
    """

    def __init__(self, rpc: OdooRpc) -> None:
        self._rpc = rpc
        self._customers: list[int] = rpc.execute(
            "res.partner",
            "create",
            [{"name": f"Benchmark customer {number}"} for number in range(_CUSTOMERS)],
        )
        self._products: list[int] = rpc.execute(
            "product.product",
            "create",
            [
                {"name": f"Benchmark product {number}", "list_price": 10.0 + number}
                for number in range(_PRODUCTS)
            ],
        )

    def make(self, count: int, age: int, mark: str, show: Callable[[int], None]) -> list[int]:
        """Make quotations and return their ids.

        :param age: days since the youngest; the others are up to 400 days older.
        :param mark: what `client_order_ref` of each says.
        :param show: gets the number made so far.
        """
        ids: list[int] = []
        for start in range(0, count, _BATCH):
            numbers = range(start, min(start + _BATCH, count))
            values = [self._values(number, age, mark) for number in numbers]
            ids += self._rpc.execute("sale.order", "create", values)
            show(len(ids))
        return ids

    def _values(self, number: int, age: int, mark: str) -> dict[str, Any]:
        ordered = datetime.now(timezone.utc) - timedelta(days=age + number % _AGES, minutes=5)
        line = {
            "product_id": self._products[number % _PRODUCTS],
            "product_uom_qty": 1 + number % 7,
        }
        return {
            "partner_id": self._customers[number % _CUSTOMERS],
            "client_order_ref": mark,
            "date_order": ordered.strftime(_STAMP),
            "order_line": [(0, 0, line)],
        }
