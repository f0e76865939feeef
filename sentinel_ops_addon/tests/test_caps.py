from .common import OrderCase


class TestCaps(OrderCase):
    """A cap is tested at its boundary: what is exactly as much as allowed goes through."""

    job_values = {"has_max_records": False}

    def test_share_of_the_population(self):
        # Four quotations, all of them the population; one is old.
        old, *_young = self.make_orders([100, 1, 2, 3])
        self.set_job(has_max_share=True, max_share=24.99)
        run = self.run_job("live", days=90)
        self.assertEqual(run["status"], "aborted")
        self.assertIn("1 of 4 records are selected (25.0 %)", run["error"])
        self.assertIn("at most 24.99 %", run["error"])
        self.assertEqual(self.states([old]), ["draft"])
        self.set_job(max_share=25)
        self.assertEqual(self.run_job("live", days=90)["updated"], 1)
        self.assertEqual(self.states([old]), ["cancel"])

    def test_a_share_of_zero_allows_nothing(self):
        (old,) = self.make_orders([100])
        self.set_job(has_max_share=True, max_share=0)
        self.assertEqual(self.run_job("live", days=90)["status"], "aborted")
        self.assertEqual(self.states([old]), ["draft"])

    def test_money(self):
        ids = self.make_orders([100, 101, 102])  # 10.00 each
        self.set_job(has_max_amount=True, max_amount=29.99)
        run = self.run_job("live", days=90)
        self.assertEqual(run["status"], "aborted")
        self.assertIn("30.00", run["error"])
        self.assertIn("at most 29.99", run["error"])
        self.assertEqual(set(self.states(ids)), {"draft"})
        self.set_job(max_amount=30)
        self.assertEqual(self.run_job("live", days=90)["updated"], 3)

    def test_money_that_nobody_knows_is_not_nothing(self):
        (old,) = self.make_orders([100])
        self.set_job(has_max_amount=True, max_amount=1000)
        self.patch(
            self.registry["sentinel.task.clean_old_orders"], "_amounts", lambda task, *args: {}
        )
        run = self.run_job("live", days=90)
        self.assertEqual(run["status"], "aborted")
        self.assertIn("cannot be checked", run["error"])
        self.assertEqual(self.states([old]), ["draft"])

    def test_any_cap_will_do_and_none_will_not(self):
        (old,) = self.make_orders([100])
        run = self.run_job("live", days=90)
        self.assertEqual(run["status"], "aborted")
        self.assertIn("no cap", run["error"])
        self.set_job(has_max_amount=True, max_amount=1000)
        self.assertEqual(self.run_job("live", days=90)["updated"], 1)
        self.assertEqual(self.states([old]), ["cancel"])

    def test_a_plan_shows_what_live_would_say(self):
        self.make_orders([100, 101])
        self.set_job(has_max_amount=True, max_amount=5, has_max_share=True, max_share=100)
        run = self.run_job("plan", days=90)
        self.assertEqual(run["status"], "dry_run")
        verdicts = self.verdicts(run)
        self.assertEqual((verdicts["max_amount"], verdicts["max_share"]), ("warn", "pass"))
