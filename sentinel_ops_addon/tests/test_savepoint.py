from contextlib import suppress
from unittest.mock import patch

import psycopg2

from odoo import Command
from odoo.exceptions import UserError
from odoo.orm import environments
from odoo.tools import mute_logger

from ..engine.cursors import environment, writing_cursor
from ..engine.savepoint import savepoint
from .common import OrderCase

HOLIDAY = "The customer is on holiday."


class TestSavepoint(OrderCase):
    """After a rollback the cache is empty or true, whatever was done before it."""

    @classmethod
    def set_up_records(cls, env):
        cls.other_partner_id = env["res.partner"].create({"name": f"Other {cls.mark}"}).id

    def setUp(self):
        super().setUp()
        self.order_ids = self.make_orders([100, 101], client_order_ref="mine")
        cursor = writing_cursor(self.dbname)
        self.cr = cursor.__enter__()
        # Before tearDown() of the class, which writes on the same orders.
        self.end = lambda: cursor.__exit__(None, None, None)
        self.orders = environment(self.cr, self.user_id, self.company_id)["sale.order"].browse(
            self.order_ids
        )

    def tearDown(self):
        self.end()
        super().tearDown()

    def refused_after(self, change, error=UserError):
        """Read the orders, change something, fail, and read them again; the cache must be true.

        :return: what is read then
        """
        with suppress(error), savepoint(self.cr):
            self.look(self.orders)
            change(self.orders)
            raise UserError(HOLIDAY)
        seen = self.look(self.orders)
        self.assert_true(self.orders)
        return seen

    def look(self, orders):
        """Read a plain column, references in both directions, and computed and stored amounts."""
        return [
            (
                order.client_order_ref,
                order.partner_id.id,
                order.order_line.mapped("product_uom_qty"),
                order.amount_total,
                order.tag_ids.ids,
            )
            for order in orders
        ]

    def assert_true(self, orders):
        """The database says the same as the cache; columns are compared by Odoo itself."""
        env = orders.env
        with patch.object(environments._logger, "warning") as warning:
            env.cache.check(env)
        warning.assert_not_called()
        env.cr.execute(
            """
            SELECT ord.id, array_agg(line.id ORDER BY line.sequence, line.id)
              FROM sale_order AS ord JOIN sale_order_line AS line ON line.order_id = ord.id
             WHERE ord.id = ANY(%s) GROUP BY ord.id
            """,
            [orders.ids],
        )
        lines = dict(env.cr.fetchall())
        self.assertEqual({order.id: order.order_line.ids for order in orders}, lines)

    @property
    def untouched(self):
        return [("mine", self.partner_id, [1.0], 10.0, [])] * 2

    def test_what_was_read_is_known_still_where_nothing_was_written(self):
        self.assertEqual(self.refused_after(lambda orders: None), self.untouched)
        with suppress(UserError), savepoint(self.cr):
            raise UserError(HOLIDAY)
        before = self.cr.sql_log_count
        self.assertEqual(self.look(self.orders), self.untouched)
        self.assertEqual(self.cr.sql_log_count, before)

    def test_what_was_written_through_odoo_is_forgotten(self):
        changes = {
            "column": {"client_order_ref": "changed"},
            "reference": {"partner_id": self.other_partner_id},
            "line": {"order_line": [Command.create({"product_id": self.product_id})]},
            "no line": {"order_line": [Command.clear()]},
        }
        for name, values in changes.items():
            for flushes in (False, True):
                with self.subTest(name, flushes=flushes):

                    def change(orders, values=values, flushes=flushes):
                        for order in orders:
                            order.sudo().write(values)
                        if flushes:
                            self.cr.flush()
                            self.look(orders)

                    seen = self.refused_after(change)
                    self.assertEqual(seen, self.untouched)

    def test_an_amount_that_waits_to_be_computed_is_forgotten(self):
        def change(orders):
            orders.order_line.product_uom_qty = 7
            self.assertEqual(orders[0].amount_total, 70)

        seen = self.refused_after(change)
        self.assertEqual(seen, self.untouched)

    def test_what_was_written_behind_odoo_s_back_is_forgotten(self):
        ways = {
            "statement": lambda: self.cr.execute(
                "UPDATE sale_order SET client_order_ref = 'changed' WHERE id = ANY(%s)",
                [self.order_ids],
            ),
        }
        for name, way in ways.items():
            with self.subTest(name):

                def change(orders, way=way):
                    way()
                    orders.invalidate_recordset()
                    self.assertNotEqual(self.look(orders), self.untouched)

                seen = self.refused_after(change)
                self.assertEqual(seen, self.untouched)

    def test_what_only_the_cache_knows_is_forgotten(self):
        """A field that is not stored can be set by hand, and nothing tells."""
        field = self.registry["sale.order"]._fields["amount_undiscounted"]
        self.assertFalse(field.store)

        def change(orders):
            field._update_cache(orders, 5.0)
            self.assertEqual(orders[0].amount_undiscounted, 5)

        self.refused_after(change)
        self.assertEqual(self.orders[0].amount_undiscounted, 10)

    @mute_logger("odoo.sql_db")
    def test_a_broken_transaction(self):
        seen = self.refused_after(lambda orders: self.cr.execute("SELECT 1 / 0"), psycopg2.Error)
        self.assertEqual(seen, self.untouched)

    def test_success_is_like_odoo_s_own(self):
        orders = self.orders
        with savepoint(self.cr):
            orders.client_order_ref = "changed"
        self.cr.execute("SELECT client_order_ref FROM sale_order WHERE id = %s", [orders[0].id])
        self.assertEqual(self.cr.fetchall(), [("changed",)])

    def test_a_success_before_does_not_hide_a_write(self):
        """A savepoint that ended well leaves no number behind that a later one could hide in."""
        with savepoint(self.cr):
            self.orders[1].client_order_ref = "changed"

        def change(orders):
            self.cr.execute(
                "UPDATE sale_order SET client_order_ref = 'lost' WHERE id = %s", [orders[0].id]
            )
            orders.invalidate_recordset()
            self.assertEqual(orders[0].client_order_ref, "lost")

        seen = self.refused_after(change)
        self.assertEqual([row[0] for row in seen], ["mine", "changed"])
