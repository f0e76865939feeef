from unittest.mock import patch

from odoo.exceptions import UserError

from .common import OrderCase


class TestPlan(OrderCase):
    def test_finds_freezes_and_changes_nothing(self):
        young, old, older = self.make_orders([10, 100, 120])
        before = self.sql("SELECT id, write_date, state FROM sale_order ORDER BY id")
        messages = self.sql("SELECT count(*) FROM mail_message")
        run = self.run_job("plan", days=90)
        self.assertEqual(run["status"], "dry_run")
        self.assertEqual((run["population"], run["matched"], run["selected"]), (3, 2, 2))
        self.assertEqual(run["amount"], "20.00")
        self.assertEqual(run["outcomes"], {"planned": 2})
        lines = self.lines(run["uid"])
        self.assertEqual([line["record"] for line in lines], [older, old])
        self.assertEqual(lines[0]["before"]["state"], "draft")
        self.assertEqual(lines[0]["intended"], {"state": "cancel"})
        self.assertEqual(lines[0]["amount"], "10.00")
        self.assertIn("120 days old", lines[0]["reason"])
        self.assertNotIn(young, self.outcomes(run["uid"]))
        self.assertEqual(
            before, self.sql("SELECT id, write_date, state FROM sale_order ORDER BY id")
        )
        self.assertEqual(messages, self.sql("SELECT count(*) FROM mail_message"))

    def test_limit_cuts_the_oldest_first_and_says_so(self):
        ids = self.make_orders([100, 110, 120])
        run = self.run_job("plan", days=90, limit=2)
        self.assertEqual((run["matched"], run["selected"], run["limited"]), (3, 2, True))
        self.assertEqual(list(self.outcomes(run["uid"])), [ids[2], ids[1]])

    def test_every_line_has_a_fingerprint(self):
        self.make_orders([100, 110])
        run = self.run_job("plan", days=90)
        rows = self.sql(
            "SELECT fingerprint FROM sentinel_run_line l JOIN sentinel_run r ON r.id = l.run_id "
            "WHERE r.uid = %s",
            [run["uid"]],
        )
        prints = [fingerprint for (fingerprint,) in rows]
        self.assertEqual(len(set(prints)), 2)
        self.assertTrue(all(len(fingerprint) == 64 for fingerprint in prints))

    def test_more_records_than_one_chunk(self):
        self.make_orders([100] * 1005)
        run = self.run_job("plan", days=90, limit=2000)
        self.assertEqual(run["outcomes"], {"planned": 1005})
        positions = [line["position"] for line in self.lines(run["uid"])]
        self.assertEqual(positions, list(range(1, 1006)))

    def test_a_plan_is_no_live_run_in_disguise(self):
        (order,) = self.make_orders([100])
        with self.assertRaises(UserError):
            self.trigger("rehearse", days=90)
        self.run_job("plan", days=90)
        self.assertEqual(self.states([order]), ["draft"])

    def test_a_broken_task_ends_its_run_and_not_the_dispatcher(self):
        registry_class = self.registry["sentinel.task.clean_old_orders"]

        def broken(task, ctx):
            raise ZeroDivisionError("division by zero")

        self.patch(registry_class, "_condition", broken)
        run = self.run_job("plan", days=90)
        self.assertEqual((run["status"], run["verdict"]), ("failure", "error"))
        self.assertIn("clean_old_orders", run["error"])
        self.assertIn("ZeroDivisionError", run["error"])
        self.assertNotIn("Traceback", run["error"])

    def test_a_plan_that_takes_too_long_says_what_to_do(self):
        """By a slow statement, and by many records: before the server kills the process."""
        registry_class = self.registry["sentinel.task.clean_old_orders"]
        original = registry_class._condition
        limit = "odoo.addons.sentinel_ops_addon.engine.plan.plan_limit"

        def sleep(task, ctx):
            task.env.cr.execute("SELECT pg_sleep(30)")
            return original(task, ctx)

        with patch(limit, lambda: 0.3), patch.object(registry_class, "_condition", sleep):
            slow = self.run_job("plan", days=90)
        self.make_orders([100])
        # Zero is no timeout for PostgreSQL, and over at once for the records.
        with patch(limit, lambda: 0.0):
            many = self.run_job("plan", days=90)
        for run in (slow, many):
            self.assertEqual((run["status"], run["outcomes"]), ("failure", {}))
            self.assertIn("Lower the limit", run["error"])

    def test_an_empty_condition_never_means_all(self):
        from odoo.fields import Domain

        self.make_orders([100])
        registry_class = self.registry["sentinel.task.clean_old_orders"]
        self.patch(registry_class, "_condition", lambda task, ctx: Domain.TRUE)
        run = self.run_job("live", days=90)
        self.assertEqual(run["status"], "failure")
        self.assertIn("empty", run["error"])
        self.assertEqual(run["outcomes"], {})
