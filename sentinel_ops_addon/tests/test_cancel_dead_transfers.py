from .common import TransferCase


class TestCancelDeadTransfers(TransferCase):
    task = "cancel_dead_transfers"

    def test_cancels_what_is_long_overdue_and_nothing_else(self):
        fresh, dead, older = self.make_transfers([179, 181, 400])
        plan = self.run_job("plan")
        self.assertEqual(list(self.outcomes(plan["uid"])), [older, dead])
        self.assertEqual((plan["population"], plan["matched"]), (3, 2))
        self.assertEqual(self.lines(plan["uid"])[0]["intended"], {"state": "cancel"})
        self.assertIn("400 days ago", self.lines(plan["uid"])[0]["reason"])
        self.assertEqual(self.states([fresh, dead, older]), ["confirmed"] * 3)
        run = self.run_job("live", plan=plan["uid"])
        self.assertEqual(run["outcomes"], {"done": 2})
        self.assertEqual(self.states([fresh, dead, older]), ["confirmed", "cancel", "cancel"])
        line = self.lines(run["uid"])[0]
        self.assertEqual((line["before"]["state"], line["after"]["state"]), ("confirmed", "cancel"))

    def test_gives_back_reserved_goods(self):
        (dead,) = self.make_transfers([200])
        self.stock(1)
        with self.root() as env:
            env["stock.picking"].browse(dead).action_assign()
            self.assertEqual(env["stock.picking"].browse(dead).state, "assigned")
        self.run_job("live")
        self.assertEqual(self.states([dead]), ["cancel"])
        reserved = self.sql(
            "SELECT sum(reserved_quantity) FROM stock_quant WHERE product_id = %s",
            [self.product_id],
        )
        self.assertEqual(reserved, [(0,)])

    def test_what_was_carried_out_is_never_touched(self):
        (done,) = self.make_transfers([400])
        self.stock(1)
        with self.root() as env:
            picking = env["stock.picking"].browse(done)
            picking.action_assign()
            picking.move_ids.picked = True
            picking._action_done()
        # Odoo moves the date of what is done; the condition must not depend on it.
        self.sql("UPDATE stock_picking SET scheduled_date = '2020-01-01' WHERE id = %s", [done])
        run = self.run_job("live", days=1)
        self.assertEqual((run["population"], run["outcomes"]), (0, {}))
        self.assertEqual(self.states([done]), ["done"])

    def test_one_that_was_carried_out_meanwhile_is_left_alone(self):
        dead, other = self.make_transfers([200, 300])
        self.stock(1)
        plan = self.run_job("plan")
        with self.root() as env:
            picking = env["stock.picking"].browse(dead)
            picking.action_assign()
            picking.move_ids.picked = True
            picking._action_done()
        run = self.run_job("live", plan=plan["uid"])
        self.assertEqual(self.outcomes(run["uid"]), {dead: "skipped_changed", other: "done"})
        self.assertEqual(self.states([dead, other]), ["done", "cancel"])

    def test_figures(self):
        self.make_transfers([200, 300])
        run = self.run_job("plan")
        figures = {kpi["name"]: kpi["value"] for kpi in run["kpis"]}
        self.assertEqual(figures, {"dead_total": "2", "longest_delay": "300"})

    def test_the_shipped_job_is_capped_and_waits_to_be_asked(self):
        with self.root() as env:
            job = env.ref("sentinel_ops_addon.sentinel_job_cancel_dead_transfers")
            self.assertEqual((job.code, job.has_max_records), ("cancel_dead_transfers", True))
            self.assertFalse(job.schedule_active)
