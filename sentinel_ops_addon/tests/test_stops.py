from odoo.exceptions import AccessError, UserError, ValidationError

from ..engine import dispatcher, time_slice
from ..engine.dispatcher import dispatch
from .common import OrderCase


class TestStops(OrderCase):
    """The kill switch, the pause of a job, the cancelling of a run."""

    @classmethod
    def set_up_records(cls, env):
        cls.emergency_id = cls.new_user(env, "fireman", ["sentinel_ops_addon.group_emergency"]).id
        cls.operator_id = cls.new_user(
            env, "operator", ["sentinel_ops_addon.group_operator", "sales_team.group_sale_manager"]
        ).id

    def setUp(self):
        super().setUp()
        self.addCleanup(
            self.sql, "UPDATE sentinel_stop SET lifted_at = now() WHERE lifted_at IS NULL"
        )

    def stop_all(self):
        with self.as_user(self.emergency_id) as env:
            env["sentinel.job"].stop_all("Wrong prices everywhere")

    def stop_after(self, count, stop):
        """Call ``stop`` once, when the operation has worked on ``count`` records."""
        seen = []

        def apply(original, operation, records, ctx):
            original(operation, records, ctx)
            if len(seen) < count <= len(seen) + len(records):
                stop()
            seen.extend(records.ids)

        self.patch_apply(apply)

    def test_kill_switch_stops_before_the_first_change(self):
        (order,) = self.make_orders([100])
        self.stop_all()
        run = self.run_job("live", days=90)
        self.assertEqual(run["status"], "aborted")
        self.assertIn("Wrong prices everywhere", run["error"])
        self.assertIn(f"fireman_{self.mark}", run["error"])
        self.assertEqual(self.states([order]), ["draft"])
        # A dry run may look, and says what live would say.
        plan = self.run_job("plan", days=90)
        self.assertEqual((plan["status"], self.verdicts(plan)["kill_switch"]), ("dry_run", "warn"))
        with self.as_user() as env:
            problems = env["sentinel.job"].health()["problems"]
        # Others may be there: no scheduler works on the database of these tests.
        messages = {problem["code"]: problem["message"] for problem in problems}
        self.assertIn("Wrong prices everywhere", messages["kill_switch"])
        with self.as_user(self.emergency_id) as env:
            env["sentinel.job"].resume_all("Prices are right again")
        self.assertEqual(self.run_job("live", days=90)["updated"], 1)

    def test_kill_switch_bites_between_two_batches(self):
        ids = self.make_orders([300 - i for i in range(50)])
        self.stop_after(6, self.stop_all)  # in the second batch: 1, then 5
        run = self.run_job("live", days=90)
        self.assertEqual(run["status"], "aborted")
        self.assertEqual(run["outcomes"], {"done": 6, "not_attempted": 44})
        self.assertEqual(self.states(ids).count("cancel"), 6)
        reasons = {line["reason"] for line in self.lines(run["uid"]) if line["outcome"] != "done"}
        self.assertIn("Wrong prices everywhere", reasons.pop())

    def test_kill_switch_has_its_own_right_and_wants_a_reason(self):
        with self.as_user() as env, self.refused(env, AccessError, "Emergency stop"):
            env["sentinel.job"].stop_all("me too")  # a manager, and not more
        with self.as_user(self.emergency_id) as env:
            for reason in ("", "  ", False):
                with self.refused(env, ValidationError, "why"):
                    env["sentinel.job"].stop_all(reason)
            with self.refused(env, UserError, "not stopped"):
                env["sentinel.job"].resume_all("nothing there")

    def test_pause_and_resume(self):
        (order,) = self.make_orders([100])
        with self.as_user() as env:
            env["sentinel.job"].pause(self.code, "Stocktaking")
            self.assertIn("Stocktaking", env["sentinel.job"].browse(self.job_id).not_now)
        run = self.run_job("live", days=90)
        self.assertEqual(run["status"], "aborted")
        self.assertIn("Stocktaking", run["error"])
        with self.as_user(self.operator_id) as env, self.refused(env, AccessError, "Manager"):
            env["sentinel.job"].resume(self.code, "go")
        with self.as_user() as env:
            env["sentinel.job"].resume(self.code, "Counted")
        self.assertEqual(self.run_job("live", days=90)["updated"], 1)
        self.assertEqual(self.states([order]), ["cancel"])

    def test_many_jobs_are_asked_about_in_one_search(self):
        with self.root() as env:
            # Measures: nothing but stops is looked up for them.
            jobs = [
                self.make_job(env, f"measure_{number}_{self.mark}", "cron_health")
                for number in range(4)
            ]
            ids = [job.id for job in jobs]
        with self.as_user() as env:
            env["sentinel.job"].pause(f"measure_1_{self.mark}", "Not this one")
        with self.as_user() as env:

            def statements(ids):
                jobs = env["sentinel.job"].browse(ids)
                env["sentinel.stop"].invalidate_model()
                jobs.invalidate_recordset(["is_paused", "not_now"])
                before = env.cr.sql_log_count
                paused = jobs.mapped("is_paused")
                return env.cr.sql_log_count - before, paused

            statements(ids)  # what is read once a transaction
            one, _paused = statements(ids[1:2])
            many, paused = statements(ids)
            self.assertEqual(paused, [False, True, False, False])
            self.assertEqual(many, one)

    def test_pause_of_another_job_stops_nothing(self):
        with self.root() as env:
            code = f"paused_{self.mark}"
            self.make_job(env, code, self.task)
        with self.as_user() as env:
            env["sentinel.job"].pause(code, "not needed")
        self.make_orders([100])
        self.assertEqual(self.run_job("live", days=90)["updated"], 1)

    def test_cancel_before_it_starts(self):
        (order,) = self.make_orders([100])
        for mode in ("plan", "live"):
            uid = self.trigger(mode, days=90)["uid"]
            with self.as_user(self.operator_id) as env:
                env["sentinel.run"].cancel(uid, "asked by mistake")
            run = self.finish(uid)
            self.assertEqual(run["status"], "cancelled")
            self.assertIn("asked by mistake", run["error"])
        self.assertEqual(self.states([order]), ["draft"])

    def test_a_cancel_is_not_in_force_for_ever(self):
        for mode in ("plan", "live"):
            uid = self.trigger(mode, days=90)["uid"]
            with self.as_user(self.operator_id) as env:
                env["sentinel.run"].cancel(uid, "asked by mistake")
            self.finish(uid)
            with self.as_user(self.operator_id) as env:
                run = env["sentinel.run"]._by_uid(uid)
                stop = env["sentinel.stop"].search([("scope", "=", "run"), ("ref", "=", run.id)])
                self.assertTrue(stop.lifted_at)
                self.assertEqual(stop.reason, "asked by mistake")
                self.assertIn("ended", stop.lifted_reason)

    def test_cancel_in_the_middle(self):
        ids = self.make_orders([300 - i for i in range(50)])
        uid = self.trigger("live", days=90)["uid"]

        def cancel():
            with self.as_user(self.operator_id) as env:
                env["sentinel.run"].cancel(uid, "enough")

        self.stop_after(1, cancel)
        run = self.finish(uid)
        self.assertEqual(run["status"], "cancelled")
        self.assertEqual(run["outcomes"], {"done": 1, "not_attempted": 49})
        self.assertEqual(self.states(ids).count("cancel"), 1)

    def test_cancel_between_two_slices(self):
        ids = self.make_orders([300 - i for i in range(20)])
        self.patch(time_slice, "SLICE", 0)
        self.patch(dispatcher, "budget", lambda: 0)
        uid = self.trigger("live", days=90)["uid"]
        dispatch(self.dbname)
        self.assertEqual(self.status(uid)["state"], "waiting")
        with self.as_user() as env:
            env["sentinel.run"].cancel(uid, "enough")
        run = self.finish(uid)
        self.assertEqual(run["status"], "cancelled")
        self.assertEqual(self.states(ids).count("cancel"), run["updated"])
        self.assertEqual(run["updated"] + run["outcomes"]["not_attempted"], 20)

    def test_what_has_ended_cannot_be_cancelled(self):
        uid = self.run_job("plan", days=90)["uid"]
        with self.as_user() as env, self.refused(env, UserError, "ended already"):
            env["sentinel.run"].cancel(uid, "too late")

    def test_a_viewer_stops_nothing(self):
        with self.root() as env:
            viewer = self.new_user(env, "onlooker", ["sentinel_ops_addon.group_viewer"]).id
        uid = self.trigger("plan", days=90)["uid"]
        with self.as_user(viewer) as env:
            for call in (
                lambda: env["sentinel.run"].cancel(uid, "x"),
                lambda: env["sentinel.job"].pause(self.code, "x"),
                lambda: env["sentinel.job"].stop_all("x"),
                lambda: env["sentinel.stop"].create({"scope": "all", "reason": "x"}),
            ):
                with self.assertRaises(AccessError), env.cr.savepoint():
                    call()
        self.finish(uid)

    def test_those_of_another_company_are_out_of_sight(self):
        with self.root() as env:
            elsewhere = env["res.company"].create({"name": f"Far {self.mark}"})
            stranger = self.new_user(
                env, "far_manager", ["sentinel_ops_addon.group_manager"], elsewhere
            ).id
        with self.as_user() as env:
            env["sentinel.job"].pause(self.code, "Stocktaking")
        uid = self.trigger("plan", days=90)["uid"]
        with self.as_user(self.operator_id) as env:
            env["sentinel.run"].cancel(uid, "Asked by mistake")
        self.stop_all()
        for user_id, scopes in (self.user_id, {"job", "run", "all"}), (stranger, {"all"}):
            with self.as_user(user_id) as env:
                stops = env["sentinel.stop"].search([("lifted_at", "=", False)])
                self.assertEqual(set(stops.mapped("scope")), scopes)
                events = env["sentinel.event"].search([("model", "=", "sentinel.stop")])
                seen = "Stocktaking" in "".join(events.mapped("change_text"))
                self.assertEqual(seen, user_id == self.user_id)
        self.finish(uid)
