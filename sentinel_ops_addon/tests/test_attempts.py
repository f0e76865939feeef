from odoo.exceptions import AccessError, UserError

from .common import OrderCase


class TestAttempts(OrderCase):
    """A record that does not want to is not tried for ever."""

    def setUp(self):
        super().setUp()
        self.sql("DELETE FROM sentinel_attempt WHERE job_ref = %s", [self.job_id])

    def let_time_pass(self):
        self.sql(
            "UPDATE sentinel_attempt SET next_at = next_at - interval '1000 hours' "
            "WHERE job_ref = %s",
            [self.job_id],
        )

    def attempts(self):
        return self.sql(
            "SELECT record_ref, attempts, needs_human, "
            "       round(extract(epoch from next_at - last_at) / 3600)::int "
            "  FROM sentinel_attempt WHERE job_ref = %s ORDER BY record_ref",
            [self.job_id],
        )

    def test_waits_twice_as_long_each_time_and_then_needs_a_human(self):
        (order,) = self.make_orders([100])
        self.refuse({order})
        self.set_job(max_attempts=3, retry_after_hours=4)
        self.assertEqual(self.run_job("live", days=90)["outcomes"], {"refused": 1})
        self.assertEqual(self.attempts(), [(order, 1, False, 4)])
        # Too early for the next one.
        plan = self.run_job("plan", days=90)
        self.assertEqual(self.outcomes(plan["uid"]), {order: "skipped_attempts"})
        self.assertIn("next attempt after", self.lines(plan["uid"])[0]["message"])
        self.assertEqual(self.run_job("live", days=90)["outcomes"], {})
        self.let_time_pass()
        self.run_job("live", days=90)
        self.assertEqual(self.attempts(), [(order, 2, False, 8)])
        self.let_time_pass()
        self.run_job("live", days=90)
        self.assertEqual(self.attempts(), [(order, 3, True, 16)])
        self.let_time_pass()
        plan = self.run_job("plan", days=90)
        self.assertEqual(self.outcomes(plan["uid"]), {order: "skipped_attempts"})
        self.assertIn("needs a human", self.lines(plan["uid"])[0]["message"])
        self.assertIn("on holiday", self.lines(plan["uid"])[0]["message"])

    def test_they_do_not_starve_newer_records(self):
        stubborn, newer = self.make_orders([200, 100])
        self.refuse({stubborn})
        self.run_job("live", days=90, limit=1)
        self.assertEqual(self.run_job("live", days=90, limit=1)["updated"], 1)
        self.assertEqual(self.states([stubborn, newer]), ["draft", "cancel"])

    def test_success_forgets(self):
        (order,) = self.make_orders([100])
        bad = {order}
        self.refuse(bad)
        self.run_job("live", days=90)
        self.let_time_pass()
        bad.clear()
        self.assertEqual(self.run_job("live", days=90)["updated"], 1)
        self.assertEqual(self.attempts(), [])

    def test_without_effect_counts(self):
        (order,) = self.make_orders([100])
        self.patch_apply(lambda original, operation, records, ctx: None)
        self.assertEqual(self.run_job("live", days=90)["outcomes"], {"ineffective": 1})
        self.assertEqual(self.attempts()[0][:2], (order, 1))

    def test_another_job_has_its_own_count(self):
        (order,) = self.make_orders([100])
        bad = {order}
        self.refuse(bad)
        self.run_job("live", days=90)
        bad.clear()
        with self.root() as env:
            code = f"second_{self.mark}"
            self.make_job(env, code, self.task)
        self.assertEqual(self.run_job("live", code=code, days=90)["updated"], 1)

    def test_release(self):
        (order,) = self.make_orders([100])
        bad = {order}
        self.refuse(bad)
        self.set_job(max_attempts=1)
        self.run_job("live", days=90)
        self.assertEqual(self.attempts()[0][2], True)
        with self.root() as env:
            viewer = self.new_user(env, "onlooker", ["sentinel_ops_addon.group_viewer"]).id
        with self.as_user(viewer) as env, self.assertRaises(AccessError):
            env["sentinel.attempt"].search([("job_ref", "=", self.job_id)]).action_release()
        with self.as_user() as env:
            env["sentinel.attempt"].search([("job_ref", "=", self.job_id)]).action_release()
        bad.clear()
        self.assertEqual(self.run_job("live", days=90)["updated"], 1)

    def test_opens_the_record_unless_it_is_gone(self):
        (order,) = self.make_orders([100])
        self.refuse({order})
        self.run_job("live", days=90)
        with self.as_user() as env:
            attempt = env["sentinel.attempt"].search([("job_ref", "=", self.job_id)])
            self.assertEqual(attempt.action_open_record()["res_id"], order)
        self.sql("UPDATE sentinel_attempt SET record_ref = 0 WHERE job_ref = %s", [self.job_id])
        with self.as_user() as env:
            attempt = env["sentinel.attempt"].search([("job_ref", "=", self.job_id)])
            with self.refused(env, UserError, "does not exist any more"):
                attempt.action_open_record()

    def test_nothing_is_counted_for_what_was_skipped(self):
        (order,) = self.make_orders([100])
        with self.registry.cursor() as other:
            other.execute("SELECT FROM sale_order WHERE id = %s FOR UPDATE", [order])
            self.assertEqual(self.run_job("live", days=90)["outcomes"], {"skipped_locked": 1})
        self.assertEqual(self.attempts(), [])
