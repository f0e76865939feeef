"""Old quotations to cancel, one line each; making them is not timed.

One is made by Odoo, the others are copies by SQL of it, its line and its followers, with other
customers and products.
"""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from sentinel_env.odoo_rpc import OdooRpc

from .copies import copy_row

# Both piles are old for anybody; only the live run's are old for the job, see LIVE_DAYS.
NAIVE_AGE = 200
LIVE_AGE = 1000
LIVE_DAYS = 900
_AGES = 400
_CUSTOMERS = 50
_PRODUCTS = 10
_STAMP = "%Y-%m-%d %H:%M:%S"
_FOLLOWERS = """
WITH followers AS (
    INSERT INTO mail_followers (res_model, res_id, partner_id)
    SELECT 'sale.order', copied.id, original.partner_id
      FROM mail_followers AS original, sale_order AS copied
     WHERE original.res_model = 'sale.order' AND original.res_id = :original
       AND copied.client_order_ref = :'mark' AND copied.id <> :original
    RETURNING id, partner_id)
INSERT INTO mail_followers_mail_message_subtype_rel (mail_followers_id, mail_message_subtype_id)
SELECT followers.id, rel.mail_message_subtype_id
  FROM followers
  JOIN mail_followers AS original ON original.partner_id = followers.partner_id
       AND original.res_model = 'sale.order' AND original.res_id = :original
  JOIN mail_followers_mail_message_subtype_rel AS rel ON rel.mail_followers_id = original.id
"""


class Quotations:
    """Makes quotations of many customers and products.

    :param rpc: a user who may.
    :param sql: runs a statement with named values and returns rows of text.
    """

    def __init__(self, rpc: OdooRpc, sql: Callable[..., list[list[str]]]) -> None:
        self._rpc = rpc
        self._sql = sql
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
        if not count:
            return []
        original = self._rpc.execute("sale.order", "create", self._values(age, mark))
        if count > 1:
            self._copy(original, count - 1, age)
            self._sql(_FOLLOWERS, original=str(original), mark=mark)
        show(count)
        rows = self._sql(
            "SELECT id FROM sale_order WHERE client_order_ref = :'mark' ORDER BY id", mark=mark
        )
        return [int(row[0]) for row in rows]

    def _copy(self, original: int, count: int, age: int) -> None:
        customer = _one_of(self._customers)
        copy_row(
            self._sql,
            "sale_order",
            original,
            count,
            {
                "name": f"'B{original}-' || n",
                "partner_id": customer,
                "partner_invoice_id": customer,
                "partner_shipping_id": customer,
                "date_order": "timezone('UTC', now())"
                f" - ({age} + n % {_AGES}) * interval '1 day' - interval '5 minutes'",
                "access_token": "NULL",
            },
        )
        ((first,),) = self._sql(
            "SELECT min(id) FROM sale_order WHERE name = :'name'", name=f"B{original}-1"
        )
        ((line,),) = self._sql(
            "SELECT id FROM sale_order_line WHERE order_id = :original", original=str(original)
        )
        copy_row(
            self._sql,
            "sale_order_line",
            int(line),
            count,
            # One statement numbers its rows without a gap.
            {"order_id": f"{first} + n - 1", "product_id": _one_of(self._products)},
        )

    def _values(self, age: int, mark: str) -> dict[str, Any]:
        ordered = datetime.now(timezone.utc) - timedelta(days=age, minutes=5)
        line = {"product_id": self._products[0], "product_uom_qty": 3}
        return {
            "partner_id": self._customers[0],
            "client_order_ref": mark,
            "date_order": ordered.strftime(_STAMP),
            "order_line": [(0, 0, line)],
        }


def _one_of(ids: list[int]) -> str:
    """An SQL expression that takes one after the other."""
    return f"(ARRAY[{', '.join(map(str, ids))}])[1 + n % {len(ids)}]"
