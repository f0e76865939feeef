from odoo.tests.common import BaseCase, tagged

from ..engine import time_slice
from ..engine.error_budget import ErrorBudget
from .common import OrderCase


@tagged("post_install", "-at_install")
class TestErrorBudgetRule(BaseCase):
    """The rule as it is written down in ``engine.error_budget``, at its boundary."""

    def exceeded(self, limits, **counts):
        return ErrorBudget(limits, counts).is_exceeded

    def test_number(self):
        self.assertFalse(self.exceeded({"max_errors": 3}, failed=2, refused=1))
        self.assertTrue(self.exceeded({"max_errors": 3}, failed=2, refused=2))

    def test_a_budget_of_zero_stops_at_the_first(self):
        self.assertFalse(self.exceeded({"max_errors": 0}, done=5))
        self.assertTrue(self.exceeded({"max_errors": 0}, failed=1))

    def test_share(self):
        limits = {"max_error_share": "50", "error_sample": 10}
        self.assertFalse(self.exceeded(limits, failed=5, done=5))
        self.assertTrue(self.exceeded(limits, failed=6, done=4))

    def test_share_says_nothing_before_the_sample(self):
        limits = {"max_error_share": "50", "error_sample": 10}
        self.assertFalse(self.exceeded(limits, failed=9))
        self.assertTrue(self.exceeded(limits, failed=10))

    def test_what_was_skipped_counts_for_nothing(self):
        limits = {"max_error_share": "50", "error_sample": 10}
        self.assertFalse(self.exceeded(limits, failed=9, skipped_locked=100, not_attempted=100))

    def test_without_effect_is_tried_but_no_error(self):
        limits = {"max_error_share": "50", "error_sample": 10}
        self.assertFalse(self.exceeded(limits, failed=5, ineffective=5))


class TestErrorBudget(OrderCase):
    def test_the_error_after_the_budget_stops_the_run(self):
        ids = self.make_orders([300 - i for i in range(60)])
        bad = set(ids[31:])  # after the ramp of 1, 5 and 25
        self.refuse(bad)
        self.set_job(has_max_errors=True, max_errors=3, has_max_error_share=False)
        run = self.run_job("live", days=90)
        self.assertEqual(run["status"], "aborted")
        self.assertIn("4 errors in 35 tries", run["error"])
        self.assertIn("at most 3 errors", run["error"])
        # Not one more is tried, although all of them were in one batch.
        self.assertEqual(run["outcomes"], {"done": 31, "refused": 4, "not_attempted": 25})
        self.assertEqual(self.verdicts(run)["error_budget"], "stop")

    def test_within_the_budget_it_goes_on(self):
        ids = self.make_orders([300 - i for i in range(40)])
        self.refuse(set(ids[:3]))
        self.set_job(has_max_errors=True, max_errors=3, has_max_error_share=False)
        run = self.run_job("live", days=90)
        self.assertEqual(run["outcomes"], {"done": 37, "refused": 3})

    def test_the_share_stops_a_job_that_is_wrong_from_the_start(self):
        ids = self.make_orders([300 - i for i in range(60)])
        self.refuse(set(ids))
        self.set_job(has_max_errors=False, max_error_share=50, error_sample=10)
        run = self.run_job("live", days=90)
        self.assertEqual(run["status"], "aborted")
        self.assertEqual(run["outcomes"], {"refused": 10, "not_attempted": 50})

    def test_the_budget_is_that_of_the_run_not_of_the_slice(self):
        ids = self.make_orders([300 - i for i in range(20)])
        self.refuse(set(ids))
        self.set_job(max_errors=3, has_max_error_share=False)
        uid = self.trigger("live", days=90)["uid"]
        # One slice after the other, each of them over at once.
        self.patch(time_slice, "SLICE", 0)
        run = self.finish(uid)
        self.assertEqual(run["outcomes"], {"refused": 4, "not_attempted": 16})
