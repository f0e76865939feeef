from datetime import datetime, timedelta
from unittest.mock import patch

from .. import engine
from ..engine import apply, guards, plan
from .common import OrderCase

PARTS = ("_BEFORE_THE_PLAN", "_ON_THE_SELECTION", "_STANDING")


class TestGuardsMatter(OrderCase):
    """Each guard stops a run that goes through as soon as that guard is taken out."""

    def without(self, name):
        """The engine without one guard."""
        patches = [
            patch.object(
                guards,
                part,
                tuple(
                    guard
                    for guard in getattr(guards, part)
                    if guard.__name__.split(".")[-1] != name
                ),
            )
            for part in PARTS
        ]
        for one in patches:
            one.start()
            self.addCleanup(one.stop)

    def matters(self, guard, **request):
        """One old quotation, a live run that the guard stops, and the same without the guard."""
        (order,) = self.make_orders([100])
        request = request or {"days": 90}
        stopped = self.run_job("live", **request)
        self.assertIn(stopped["status"], ("aborted", "cancelled"))
        self.assertEqual(self.verdicts(stopped)[guard], "stop")
        self.assertEqual(self.states([order]), ["draft"])
        self.without(guard)
        self.assertEqual(self.run_job("live", **request)["status"], "success")
        self.assertEqual(self.states([order]), ["cancel"])

    def lift_later(self):
        self.addCleanup(
            self.sql, "UPDATE sentinel_stop SET lifted_at = now() WHERE lifted_at IS NULL"
        )

    def test_every_guard_is_here(self):
        asked = {guard.__name__.split(".")[-1] for part in PARTS for guard in getattr(guards, part)}
        # "withheld" tells; what keeps records out is tested below.
        tested = {name.removeprefix("test_guard_") for name in dir(self) if "test_guard_" in name}
        self.assertEqual(asked - {"withheld"}, tested)

    def test_guard_kill_switch(self):
        self.lift_later()
        with self.root() as env:
            env["sentinel.stop"].create({"scope": "all", "reason": "stop"})
        self.matters("kill_switch")

    def test_guard_paused(self):
        self.lift_later()
        with self.as_user() as env:
            env["sentinel.job"].pause(self.code, "stop")
        self.matters("paused")

    def test_guard_job_active(self):
        (order,) = self.make_orders([100])
        for expected in ("aborted", "success"):
            uid = self.trigger("live", days=90)["uid"]
            with self.as_user() as env:
                env["sentinel.job"].browse(self.job_id).active = False
            self.assertEqual(self.finish(uid)["status"], expected)
            with self.as_user() as env:
                env["sentinel.job"].browse(self.job_id).active = True
            self.without("job_active")
        self.assertEqual(self.states([order]), ["cancel"])

    def test_guard_cancelled(self):
        self.lift_later()
        (order,) = self.make_orders([100])
        for expected in ("cancelled", "success"):
            uid = self.trigger("live", days=90)["uid"]
            with self.as_user() as env:
                env["sentinel.run"].cancel(uid, "stop")
            self.assertEqual(self.finish(uid)["status"], expected)
            self.without("cancelled")
        self.assertEqual(self.states([order]), ["cancel"])

    def test_guard_window(self):
        with self.as_user() as env:
            window = env["sentinel.window"].create(
                {
                    "name": "Never",
                    "kind": "deny",
                    "expression": "* * * * *",
                    "minutes": 60,
                    "company_id": self.company_id,
                }
            )
            window_id = window.id
        self.addCleanup(self.sql, "DELETE FROM sentinel_window WHERE id = %s", [window_id])
        self.matters("window")

    def test_guard_overlap(self):
        (order,) = self.make_orders([100])
        self.addCleanup(self.set_job, schedule_active=False)
        for day, expected in ((1, "aborted"), (2, "success")):
            rival = self.trigger("live", days=90_0)["uid"]
            self.forge(
                "UPDATE sentinel_run SET expires_at = now() + interval '1 day', "
                "awaits = 'approval', state = 'waiting' WHERE uid = %s",
                [rival],
            )
            with self.root() as env:
                job = env["sentinel.job"].browse(self.job_id)
                job.write({"schedule_active": True, "schedule_mode": "live"})
                job.cron_id.nextcall = datetime(2026, 1, day)
                uid = env["sentinel.job"]._run_schedule(self.job_id)
            self.assertEqual(self.finish(uid)["status"], expected)
            self.without("overlap")
        self.assertEqual(self.states([order]), ["cancel"])

    def test_guard_plan_intact(self):
        (order,) = self.make_orders([100])
        uid = self.run_job("plan", days=90)["uid"]
        for expected in ("aborted", "success"):
            live = self.trigger("live", plan=uid)["uid"]
            self.forge(
                "UPDATE sentinel_run_line SET reason = 'x', amount = amount + 1 "
                "WHERE run_id = (SELECT id FROM sentinel_run WHERE uid = %s)",
                [uid],
            )
            self.assertEqual(self.finish(live)["status"], expected)
            self.without("plan_intact")
        self.assertEqual(self.states([order]), ["cancel"])

    def test_guard_cap_required(self):
        self.set_job(has_max_records=False)
        self.matters("cap_required")

    def test_guard_max_records(self):
        self.set_job(max_records=0)
        self.matters("max_records")

    def test_guard_max_share(self):
        self.set_job(has_max_share=True, max_share=0)
        self.matters("max_share")

    def test_guard_max_amount(self):
        self.set_job(has_max_amount=True, max_amount=0)
        self.matters("max_amount")

    def test_guard_approval(self):
        with self.root() as env:
            policy = (
                env["sentinel.approval.policy"]
                .create({"name": "Any", "rule_ids": [(0, 0, {"above": 0, "approvers": "1"})]})
                .id
            )
        self.set_job(approval_policy_id=policy)
        (order,) = self.make_orders([100])
        uid = self.trigger("live", days=90)["uid"]
        engine.dispatcher.dispatch(self.dbname)
        self.assertEqual(self.status(uid)["awaits"], "approval")
        self.without("approval")
        self.assertEqual(self.run_job("live", days=90)["status"], "success")
        self.assertEqual(self.states([order]), ["cancel"])

    def test_error_budget(self):
        ids = self.make_orders([300 - i for i in range(20)])
        self.refuse(set(ids[:10]))
        self.set_job(max_errors=0, has_max_error_share=False)
        self.assertEqual(self.run_job("live", days=90)["status"], "aborted")
        self.sql("DELETE FROM sentinel_attempt WHERE job_ref = %s", [self.job_id])
        with (
            patch.object(apply, "judge_errors", lambda run, budget: None),
            patch.object(engine.error_budget.ErrorBudget, "is_exceeded", False),
        ):
            self.assertEqual(self.run_job("live", days=90)["updated"], 10)

    def test_exclusions_and_attempts(self):
        (order,) = self.make_orders([100])
        with self.as_user() as env:
            env["sentinel.exclusion"].create(
                {
                    "model": "sale.order",
                    "record_ref": order,
                    "reason": "stop",
                    "until": datetime.now() + timedelta(days=1),
                }
            )
        self.assertEqual(self.run_job("live", days=90)["updated"], 0)
        with (
            patch.object(plan, "withheld_records", lambda *args: {}),
            patch.object(apply, "withheld_lines", lambda *args: {}),
        ):
            self.assertEqual(self.run_job("live", days=90)["updated"], 1)
