from odoo.exceptions import UserError

from .common import OrderCase


class TestSavedPlan(OrderCase):
    """A plan has a hash and an end, and may be applied in part."""

    def test_the_hash_is_over_the_lines(self):
        self.make_orders([100, 101])
        first = self.run_job("plan", days=90)
        self.assertRegex(first["digest"], r"^[0-9a-f]{64}$")
        self.assertNotEqual(first["digest"], self.run_job("plan", days=90)["digest"])

    def test_lines_that_were_changed_in_the_database_are_not_applied(self):
        planned, other = self.make_orders([100, 1])
        for change in (
            ("UPDATE sentinel_run_line SET record_ref = %s WHERE run_id = %s", other),
            ("UPDATE sentinel_run_line SET fingerprint = %s WHERE run_id = %s", "forged"),
            ("UPDATE sentinel_run_line SET amount = %s WHERE run_id = %s", 1),
            ("DELETE FROM sentinel_run_line WHERE record_ref = %s AND run_id = %s", planned),
        ):
            plan = self.run_job("plan", days=90)
            with self.root() as env:
                plan_id = env["sentinel.run"]._by_uid(plan["uid"]).id
            self.forge(change[0], [change[1], plan_id])
            run = self.run_job("live", plan=plan["uid"])
            self.assertEqual(run["status"], "aborted", change[0])
            self.assertIn("not those that it was made with", run["error"])
        self.assertEqual(self.states([planned, other]), ["draft", "draft"])

    def test_an_expired_plan_is_refused_when_asked_and_when_started(self):
        (order,) = self.make_orders([100])
        plan = self.run_job("plan", days=90)
        uid = self.trigger("live", plan=plan["uid"])["uid"]
        self.forge(
            "UPDATE sentinel_run SET expires_at = now() - interval '1 day' WHERE uid = %s",
            [plan["uid"]],
        )
        run = self.finish(uid)
        self.assertEqual(run["status"], "aborted")
        self.assertIn("expired", run["error"])
        with self.assertRaisesRegex(UserError, "expired"):
            self.trigger("live", plan=plan["uid"])
        self.assertEqual(self.states([order]), ["draft"])

    def test_validity_is_the_jobs(self):
        self.make_orders([100])
        self.set_job(plan_hours=2)
        plan = self.run_job("plan", days=90)
        hours = self.sql(
            "SELECT extract(epoch from expires_at - as_of) / 3600 FROM sentinel_run WHERE uid = %s",
            [plan["uid"]],
        )
        self.assertEqual(hours, [(2,)])

    def test_chosen_lines_only(self):
        ids = self.make_orders([300 - i for i in range(10)])
        plan = self.run_job("plan", days=90)
        run = self.run_job("live", plan=plan["uid"], lines=[2, 5, 9])
        self.assertEqual(
            self.outcomes(run["uid"]), {ids[1]: "done", ids[4]: "done", ids[8]: "done"}
        )
        self.assertEqual((run["selected"], run["amount"]), (3, "30.00"))
        self.assertEqual(run["progress"], {"done": 3, "total": 3})
        self.assertEqual(self.states(ids).count("cancel"), 3)
        # The rest of the same plan, later.
        rest = self.run_job("live", plan=plan["uid"])
        self.assertEqual(rest["outcomes"], {"done": 7, "skipped_changed": 3})

    def test_caps_test_what_was_chosen(self):
        ids = self.make_orders([300 - i for i in range(5)])
        self.set_job(max_records=2)
        plan = self.run_job("plan", days=90)
        self.assertEqual(self.verdicts(plan)["max_records"], "warn")
        self.assertEqual(
            self.run_job("live", plan=plan["uid"], lines=[1, 2, 3])["outcomes"],
            {"not_attempted": 3},
        )
        self.assertEqual(self.run_job("live", plan=plan["uid"], lines=[1, 2])["updated"], 2)
        self.assertEqual(self.states(ids).count("cancel"), 2)

    def test_what_is_no_choice(self):
        self.make_orders([100])
        plan = self.run_job("plan", days=90)
        for lines, words in [
            ([], "never means all"),
            ([2], "no planned lines"),
            ([1, 2], "1 of the 2"),
            (["1"], "list of line numbers"),
            ("1", "list of line numbers"),
            ([0], "list of line numbers"),
            ([True], "list of line numbers"),
        ]:
            with self.assertRaisesRegex(UserError, words):
                self.trigger("live", plan=plan["uid"], lines=lines)
        with self.assertRaisesRegex(UserError, "name the plan"):
            self.trigger("live", lines=[1])

    def test_the_same_key_with_another_choice_is_another_request(self):
        self.make_orders([100, 101])
        plan = self.run_job("plan", days=90)
        key = f"choice-{self.mark}"
        first = self.trigger("live", plan=plan["uid"], lines=[1], idempotency_key=key)
        again = self.trigger("live", plan=plan["uid"], lines=[1], idempotency_key=key)
        self.assertEqual((first["uid"], True), (again["uid"], again["repeated"]))
        with self.assertRaisesRegex(UserError, "another request"):
            self.trigger("live", plan=plan["uid"], lines=[2], idempotency_key=key)
        self.finish(first["uid"])

    def test_a_plan_is_carried_out_by_the_user_that_made_it(self):
        (order,) = self.make_orders([100])
        plan = self.run_job("plan", days=90)
        with self.root() as env:
            other = self.new_user(env, "successor", ["sales_team.group_sale_manager"]).id
        self.set_job(run_as_id=other)
        for mode in ("simulate", "live"):
            with self.assertRaisesRegex(UserError, "somebody else"):
                self.trigger(mode, plan=plan["uid"])
        self.assertEqual(self.states([order]), ["draft"])
