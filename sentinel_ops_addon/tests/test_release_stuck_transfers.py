from .common import TransferCase


class TestReleaseStuckTransfers(TransferCase):
    task = "release_stuck_transfers"

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
