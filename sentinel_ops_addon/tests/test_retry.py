from odoo.exceptions import UserError

from ..engine.cursors import writing_cursor
from ..engine.liveness import take_ownership
from .common import OrderCase

HOLIDAY = "The customer is on holiday."


class TestRetry(OrderCase):
    """What a run left is taken up again, and nothing else."""

    def retry(self, uid, mode="live", **kwargs):
        with self.as_user() as env:
            return self.finish(env["sentinel.run"].retry(uid, mode, **kwargs)["uid"])

    def left(self):
        """A live run with one record of each outcome that an operation can end in.

        :return: the run's uid and the record ids by outcome
        """
        names = ("refused", "failed", "ineffective", "skipped_locked", "skipped_changed", "done")
        ids = dict(zip(names, self.make_orders([200 + i for i in range(6)]), strict=True))
        operation_class = self.registry["sentinel.operation.orders.cancel"]
        original = operation_class._apply

        def behave(operation, records, ctx):
            if ids["refused"] in records.ids:
                raise UserError(HOLIDAY)
            if ids["failed"] in records.ids:
                raise KeyError("rate")
            original(operation, records - records.browse(ids["ineffective"]), ctx)

        plan = self.run_job("plan", days=90)
        with self.root() as env:
            env["sale.order"].browse(ids["skipped_changed"]).client_order_ref = "wait"
        with self.registry.cursor() as other:
            other.execute(
                "SELECT FROM sale_order WHERE id = %s FOR UPDATE", [ids["skipped_locked"]]
            )
            self.patch(operation_class, "_apply", behave)
            uid = self.run_job("live", plan=plan["uid"])["uid"]
            self.patch(operation_class, "_apply", original)
        self.assertEqual(self.outcomes(uid), {record: name for name, record in ids.items()})
        return uid, ids

    def test_only_what_failed_or_was_in_use(self):
        uid, ids = self.left()
        (newcomer,) = self.make_orders([300])
        plan = self.retry(uid, "plan")
        wanted = {ids["failed"], ids["skipped_locked"]}
        self.assertEqual(set(self.outcomes(plan["uid"])), wanted)
        self.assertEqual((plan["matched"], plan["retries"]), (2, uid))
        run = self.run_job("live", plan=plan["uid"])
        self.assertEqual(self.outcomes(run["uid"]), dict.fromkeys(wanted, "done"))
        self.assertEqual(run["retries"], uid)
        self.assertEqual(self.status(uid)["retried_by"], [run["uid"]])
        self.assertEqual(self.states([newcomer, ids["refused"]]), ["draft", "draft"])

    def test_live_at_once_and_only_what_is_trouble_still(self):
        uid, ids = self.left()
        with self.root() as env:
            env["sale.order"].browse(ids["failed"]).action_confirm()
        run = self.retry(uid)
        self.assertEqual(self.outcomes(run["uid"]), {ids["skipped_locked"]: "done"})
        self.assertEqual(self.states([ids["failed"]]), ["sale"])

    def test_all_that_was_not_attempted_with_the_same_parameters(self):
        """The limit cut the first selection; a retry is of all that this one left."""
        ids = self.make_orders([40, 41, 42, 43])
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).max_records = 2
        stopped = self.run_job("live", days=30, limit=3)
        self.assertEqual(stopped["outcomes"], {"not_attempted": 3})
        try:
            aborted = self.retry(stopped["uid"])
            self.assertEqual((aborted["status"], aborted["updated"]), ("aborted", 0))
        finally:
            with self.root() as env:
                env["sentinel.job"].browse(self.job_id).write(
                    {"max_records": 1000, "parameters": {"limit": 1}}
                )
        run = self.retry(stopped["uid"])
        self.assertEqual(run["parameters"], {"days": 30, "limit": 3})
        self.assertEqual((run["status"], run["updated"]), ("success", 3))
        self.assertEqual(self.states(ids), ["draft", "cancel", "cancel", "cancel"])
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).parameters = {"limit": 100}

    def test_an_interrupted_run(self):
        ids = self.make_orders([100, 101])
        plan = self.run_job("plan", days=90)
        uid = self.trigger("live", plan=plan["uid"])["uid"]
        (run_id,) = self.sql("SELECT id FROM sentinel_run WHERE uid = %s", [uid])[0]
        with writing_cursor(self.dbname) as cr:
            # A process took the run and died.
            take_ownership(cr, run_id)
        self.assertEqual(self.finish(uid)["status"], "interrupted")
        run = self.retry(uid)
        self.assertEqual(self.outcomes(run["uid"]), dict.fromkeys(ids, "done"))

    def test_nothing_to_retry(self):
        self.make_orders([100])
        done = self.run_job("live", days=90)
        plan = self.run_job("plan", days=90)
        with self.as_user() as env:
            undoing = env["sentinel.run"].undo(done["uid"], "live")["uid"]
        self.finish(undoing)
        with self.as_user() as env:
            runs = env["sentinel.run"]
            for uid, words in (
                (done["uid"], "nothing to retry"),
                (plan["uid"], "dry run"),
                (undoing, "undo that one again"),
            ):
                with self.refused(env, UserError, words):
                    runs.retry(uid)
                self.assertFalse(runs._by_uid(uid).can_retry)

    def test_a_job_with_another_task(self):
        uid, _ids = self.left()
        with self.root() as env:
            task = env["sentinel.task"].search([("code", "=", "check_records")])
            job = env["sentinel.job"].browse(self.job_id)
            before = job.task_id
            job.task_id = task
        try:
            with self.as_user() as env, self.refused(env, UserError, "another task"):
                env["sentinel.run"].retry(uid)
        finally:
            with self.root() as env:
                env["sentinel.job"].browse(self.job_id).task_id = before

    def test_from_the_menu(self):
        uid, _ids = self.left()
        with self.as_user() as env:
            old = env["sentinel.run"]._by_uid(uid)
            self.assertTrue(old.can_retry)
            plan_id = old.action_retry()["res_id"]
        self.drain()
        with self.as_user() as env:
            plan = env["sentinel.run"].browse(plan_id)
            self.assertEqual((plan.mode, plan.retries_uid), ("plan", uid))
            self.assertEqual((plan.source, plan.selected_count), ("menu", 2))
