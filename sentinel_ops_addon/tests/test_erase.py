from odoo.exceptions import AccessError, UserError

from .common import OrderCase


class TestErase(OrderCase):
    def run_over(self, *ages):
        ids = self.make_orders(ages)
        return ids, self.run_job("live", days=90)

    def erase(self, record, reason="Asked by the customer", user_id=None):
        with self.as_user(user_id) as env:
            return env["sentinel.run"].erase("sale.order", record, reason)["lines"]

    def kept(self, record):
        return self.sql(
            "SELECT record_name, before, intended, after, reason, message, fingerprint, "
            "after_fingerprint, salt FROM sentinel_run_line WHERE record_ref = %s "
            "AND model = 'sale.order'",
            [record],
        )

    def test_payload_and_salt_go_and_the_outcome_stays(self):
        (record, other), run = self.run_over(100, 101)
        before = self.kept(other)
        # The plan's line and the live run's.
        self.assertEqual(self.erase(record), 2)
        self.assertEqual(set(self.kept(record)), {(None,) * 9})
        self.assertEqual(self.kept(other), before)
        _other, line = self.lines(run["uid"])
        self.assertEqual((line["outcome"], line["name"], line["before"]), ("done", "", {}))

    def test_the_trail_says_who_why_and_how_many(self):
        (record,), _run = self.run_over(100)
        self.erase(record)
        with self.root() as env:
            event = env["sentinel.event"].search([], limit=1)
            self.assertEqual((event.kind, event.user_ref), ("erased", self.user_id))
            self.assertEqual((event.model, event.record_ref), ("sale.order", record))
            self.assertEqual(event.company_ref, self.company_id)
            self.assertEqual(event.after, {"reason": "Asked by the customer", "lines": 2})
            self.assertFalse(event.record_name)

    def test_what_the_engine_remembers_goes_too(self):
        (record,) = self.make_orders([100])
        self.refuse({record}, "Mr Miller is on holiday.")
        self.run_job("live", days=90)
        query = "SELECT record_name, last_message FROM sentinel_attempt WHERE record_ref = %s"
        self.assertIn("Miller", self.sql(query, [record])[0][1])
        self.erase(record)
        self.assertEqual(self.sql(query, [record]), [(None, None)])

    def test_nothing_to_erase_is_said(self):
        (record,), _run = self.run_over(100)
        self.erase(record)
        with self.assertRaisesRegex(UserError, "holds no data"):
            self.erase(record)

    def test_not_while_a_run_works_on_it(self):
        (record,) = self.make_orders([100])
        plan = self.run_job("plan", days=90)
        uid = self.trigger("live", plan=plan["uid"])["uid"]
        with self.assertRaisesRegex(UserError, uid):
            self.erase(record)
        self.finish(uid)
        self.assertEqual(self.erase(record), 2)

    def test_only_managers_with_a_reason(self):
        (record,), _run = self.run_over(100)
        with self.root() as env:
            operator = self.new_user(env, "op_erase", ["sentinel_ops_addon.group_operator"]).id
        with self.assertRaisesRegex(AccessError, "managers"):
            self.erase(record, user_id=operator)
        with self.assertRaisesRegex(UserError, "Say why"):
            self.erase(record, reason=" ")

    def test_only_in_companies_of_ones_own(self):
        (record,), _run = self.run_over(100)
        with self.root() as env:
            elsewhere = env["res.company"].create({"name": f"Other {self.mark}"})
            manager = self.new_user(
                env, "far_manager", ["sentinel_ops_addon.group_manager"], elsewhere
            ).id
        with self.assertRaisesRegex(UserError, "do not belong"):
            self.erase(record, user_id=manager)
        self.assertNotIn((None,) * 9, self.kept(record))

    def test_from_the_line(self):
        (record,), run = self.run_over(100)
        with self.as_user() as env:
            line = env["sentinel.run"].search([("uid", "=", run["uid"])]).line_ids
            wizard = (
                env["sentinel.erasure"]
                .with_context(active_model=line._name, active_id=line.id)
                .create({"reason": "Asked"})
            )
            self.assertEqual(wizard.record_ref, record)
            wizard.action_confirm()
            self.assertEqual(line.change_text, "(erased)")
