"""Quotations in thousands, within a second: one is made by Odoo, PostgreSQL copies it."""

from typing import Any

from sentinel_env.odoo_rpc import OdooRpc

# Days since the order date. The demo data has none that old, so a round sees its own only.
AGE = 1000
DAYS = 900


class Quotations:
    """Makes the quotations of each round.

    :param rpc: an administrator.
    :param cursor: of an autocommitting connection to the same database.
    """

    def __init__(self, rpc: OdooRpc, cursor: Any) -> None:
        customer = rpc.execute("res.partner", "create", {"name": "Crash test customer"})
        product = rpc.execute(
            "product.product",
            "create",
            {"name": "Crash test dummy", "list_price": 12.34, "taxes_id": []},
        )
        self._pattern = rpc.execute(
            "sale.order",
            "create",
            {
                "partner_id": customer,
                # Too young for the job.
                "order_line": [(0, 0, {"product_id": product, "product_uom_qty": 3})],
            },
        )
        self._orders = _columns(
            cursor, "sale_order", ("id", "name", "date_order", "client_order_ref", "access_token")
        )
        self._lines = _columns(cursor, "sale_order_line", ("id", "order_id"))

    def make(self, cursor: Any, count: int, mark: str) -> range:
        """Make draft quotations and return their ids, which nobody else has any of.

        :param mark: what `client_order_ref` of each says.
        """
        cursor.execute(
            f"""
            WITH made AS (
                INSERT INTO sale_order (name, date_order, client_order_ref, {self._orders})
                SELECT %(mark)s || '/' || n,
                       date_trunc('second', timezone('UTC', now()))
                           - make_interval(days => %(age)s + n %% 400),
                       %(mark)s, {self._orders}
                  FROM sale_order, generate_series(1, %(count)s) AS n
                 WHERE id = %(pattern)s
                RETURNING id)
            INSERT INTO sale_order_line (order_id, {self._lines})
            SELECT made.id, {self._lines}
              FROM made, (SELECT {self._lines} FROM sale_order_line
                           WHERE order_id = %(pattern)s) AS line
            """,
            {"mark": mark, "count": count, "age": AGE, "pattern": self._pattern},
        )
        # Or autovacuum would do it at a moment of its own choice.
        cursor.execute("ANALYZE sale_order, sale_order_line")
        cursor.execute(
            "SELECT min(id), max(id) FROM sale_order WHERE client_order_ref = %s", [mark]
        )
        first, last = cursor.fetchone()
        return range(first, last + 1)


def _columns(cursor: Any, table: str, without: tuple[str, ...]) -> str:
    cursor.execute(
        """
        SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)
          FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name = %s AND column_name <> ALL (%s)
        """,
        [table, list(without)],
    )
    return str(cursor.fetchone()[0])
