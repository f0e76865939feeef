from datetime import datetime, timedelta

from .common import EngineCase


class TestReleaseStuckTransfers(EngineCase):
    apps = ("stock",)
    task = "release_stuck_transfers"

    @classmethod
    def set_up_records(cls, env):
        cls.warehouse_id = (
            env["stock.warehouse"].search([("company_id", "=", cls.company_id)], limit=1).id
        )
        cls.product_id = (
            env["product.product"].create({"name": f"Box {cls.mark}", "is_storable": True}).id
        )

    def make_transfers(self, lates, quantity=1.0):
        """A confirmed delivery for each number of days late; returns their ids."""
        with self.root() as env:
            env = env(context={"allowed_company_ids": [self.company_id]})
            warehouse = env["stock.warehouse"].browse(self.warehouse_id)
            customers = env.ref("stock.stock_location_customers")
            pickings = env["stock.picking"]
            for late in lates:
                moment = datetime.now() - timedelta(days=late, minutes=5)
                picking = pickings.create(
                    {
                        "picking_type_id": warehouse.out_type_id.id,
                        "location_id": warehouse.lot_stock_id.id,
                        "location_dest_id": customers.id,
                        "scheduled_date": moment,
                        "move_ids": [
                            (
                                0,
                                0,
                                {
                                    "product_id": self.product_id,
                                    "product_uom_qty": quantity,
                                    "location_id": warehouse.lot_stock_id.id,
                                    "location_dest_id": customers.id,
                                    "date": moment,
                                },
                            )
                        ],
                    }
                )
                picking.action_confirm()
                picking.do_unreserve()
                pickings |= picking
            return pickings.ids

    def stock(self, quantity):
        with self.root() as env:
            warehouse = env["stock.warehouse"].browse(self.warehouse_id)
            env["stock.quant"]._update_available_quantity(
                env["product.product"].browse(self.product_id), warehouse.lot_stock_id, quantity
            )

    def states(self, ids):
        with self.root() as env:
            return env["stock.picking"].browse(ids).mapped("state")

    def tearDown(self):
        super().tearDown()
        with self.root() as env:
            env["stock.picking"].search(
                [("company_id", "=", self.company_id), ("state", "not in", ["done", "cancel"])]
            ).action_cancel()
            env["stock.quant"].search([("product_id", "=", self.product_id)]).sudo().unlink()

    def test_reserves_what_is_late_and_nothing_else(self):
        fresh, late, later = self.make_transfers([0, 10, 20])
        self.stock(10)
        plan = self.run_job("plan", days=2)
        self.assertEqual(list(self.outcomes(plan["uid"])), [later, late])
        self.assertEqual(self.states([fresh, late, later]), ["confirmed"] * 3)
        run = self.run_job("live", plan=plan["uid"])
        self.assertEqual(run["outcomes"], {"done": 2})
        self.assertEqual(self.states([fresh, late, later]), ["confirmed", "assigned", "assigned"])

    def test_without_goods_it_stays_as_it_was(self):
        first, second = self.make_transfers([20, 10])
        self.stock(1)
        run = self.run_job("live", days=2)
        self.assertEqual(self.outcomes(run["uid"]), {first: "done", second: "ineffective"})
        self.assertEqual(self.states([first, second]), ["assigned", "confirmed"])
        self.assertEqual((run["status"], run["updated"], run["skipped"]), ("partial", 1, 1))

    def test_no_goods_at_all_is_no_failure(self):
        (transfer,) = self.make_transfers([20])
        run = self.run_job("live", days=2)
        self.assertEqual(self.outcomes(run["uid"]), {transfer: "ineffective"})
        self.assertEqual((run["status"], run["errors"]), ("partial", []))

    def test_figures(self):
        self.make_transfers([10, 20])
        run = self.run_job("plan", days=2)
        figures = {kpi["name"]: kpi["value"] for kpi in run["kpis"]}
        self.assertEqual(figures, {"stuck_total": "2", "longest_delay": "20"})
