from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import ValidationError

from ..engine.dispatcher import dispatch
from .common import OrderCase


class TestSchedule(OrderCase):
    def setUp(self):
        super().setUp()
        with self.root() as env:
            self.code = f"s_{self.mark}_{self._testMethodName[-40:]}"
            self.job_id = self.make_job(env, self.code, "clean_old_orders").id

    def schedule(self, **values):
        with self.root() as env:
            job = env["sentinel.job"].browse(self.job_id)
            job.write({"schedule_active": True, **values})
            return job.cron_id.id

    def run_schedule(self):
        with self.root() as env:
            return env["sentinel.job"]._run_schedule(self.job_id)

    def runs(self):
        with self.root() as env:
            found = env["sentinel.run"].search([("job_ref", "=", self.job_id)], order="id")
            return [(run.source, run.scheduled_for, run.missed_count) for run in found]

    def test_no_cron_without_schedule(self):
        with self.root() as env:
            self.assertFalse(env["sentinel.job"].browse(self.job_id).cron_id)

    def test_daily_unless_told_otherwise(self):
        """As the form shows it: Odoo's own default would be once a month."""
        cron_id = self.schedule()
        with self.root() as env:
            cron = env["ir.cron"].browse(cron_id)
            self.assertEqual((cron.interval_number, cron.interval_type), (1, "days"))

    def test_made_moved_switched_and_removed_with_the_job(self):
        moment = fields.Datetime.now() + timedelta(days=3)
        cron_id = self.schedule(schedule_number=2, schedule_unit="hours", schedule_next=moment)
        with self.root() as env:
            cron = env["ir.cron"].browse(cron_id)
            self.assertEqual(
                (cron.active, cron.interval_number, cron.interval_type, cron.nextcall),
                (True, 2, "hours", moment),
            )
            self.assertIn(self.code, cron.name)
        self.assertEqual(self.schedule(schedule_number=5), cron_id)
        with self.root() as env:
            cron = env["ir.cron"].browse(cron_id)
            self.assertEqual((cron.interval_number, cron.interval_type), (5, "hours"))
            env["sentinel.job"].browse(self.job_id).schedule_active = False
            self.assertFalse(cron.active)
            env["sentinel.job"].browse(self.job_id).unlink()
            self.assertFalse(cron.exists())

    def test_archiving_the_job_stops_its_schedule(self):
        cron_id = self.schedule()
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).action_archive()
            self.assertFalse(env["ir.cron"].browse(cron_id).active)

    def test_a_due_moment_makes_one_run_once(self):
        moment = fields.Datetime.now() - timedelta(minutes=1)
        self.schedule(schedule_next=moment)
        first = self.run_schedule()
        self.assertEqual(self.run_schedule(), first)
        self.assertEqual(self.runs(), [("schedule", moment, 0)])

    def test_run_manually_is_no_scheduled_moment(self):
        self.schedule(schedule_next=fields.Datetime.now() + timedelta(days=1))
        self.run_schedule()
        self.assertEqual(self.runs(), [("menu", False, 0)])

    def test_run_manually_is_asked_for_by_who_pressed_it(self):
        cron_id = self.schedule(schedule_next=fields.Datetime.now() + timedelta(days=1))
        with self.root() as env:
            admin_id = self.new_user(env, "presser", ["base.group_system"]).id
        with self.as_user(admin_id) as env:
            env["ir.cron"].browse(cron_id).method_direct_trigger()
        asked = self.sql(
            "SELECT source, requested_by_ref FROM sentinel_run WHERE job_ref = %s ORDER BY id DESC",
            [self.job_id],
        )
        self.assertEqual(asked[0], ("menu", admin_id))

    def test_a_moment_that_cannot_be_requested_gets_its_run(self):
        self.schedule(schedule_next=fields.Datetime.now() - timedelta(minutes=1))
        with self.root() as env:
            leaver = self.new_user(env, f"gone{self._testMethodName[-4:]}", [])
            env["sentinel.job"].browse(self.job_id).run_as_id = leaver
            leaver.active = False
        run = self.finish(self.run_schedule())
        self.assertEqual((run["status"], run["verdict"]), ("failure", "error"))
        self.assertIn("archived", run["error"])
        self.assertTrue(run["scheduled_for"])
        self.assertEqual(self.run_schedule(), run["uid"])

    def test_a_check_cannot_be_scheduled_live(self):
        with self.root() as env, self.refused(env, ValidationError, "only looks"):
            self.make_job(env, f"c_{self.mark}", "check_records", schedule_mode="live")

    def test_missed_moments_are_counted(self):
        self.schedule(
            schedule_unit="hours",
            schedule_number=1,
            schedule_next=fields.Datetime.now() - timedelta(hours=3, minutes=30),
        )
        self.run_schedule()
        ((_source, _moment, missed),) = self.runs()
        self.assertEqual(missed, 3)

    def test_odoo_s_own_scheduler_runs_it(self):
        """The scheduled action's code is what Odoo will call; let Odoo call it."""
        cron_id = self.schedule(schedule_next=fields.Datetime.now() - timedelta(minutes=1))
        with self.root() as env:
            env["ir.cron"].browse(cron_id).method_direct_trigger()
        ((source, moment, _missed),) = self.runs()
        self.assertEqual(source, "schedule")
        with self.root() as env:
            self.assertGreater(env["ir.cron"].browse(cron_id).nextcall, moment)

    def test_a_schedule_needs_a_positive_interval(self):
        with self.root() as env, self.refused(env, ValidationError, "1 or more"):
            env["sentinel.job"].browse(self.job_id).write(
                {"schedule_active": True, "schedule_number": 0}
            )

    def test_a_scheduled_run_gives_way(self):
        """A scheduled live run that meets another one of the job stops and says why."""
        self.make_orders([100] * 40)
        self.schedule(
            schedule_mode="live", schedule_next=fields.Datetime.now() - timedelta(minutes=1)
        )
        by_hand = self.trigger("live", days=90)["uid"]
        with patch("odoo.addons.sentinel_ops_addon.engine.dispatcher.budget", lambda: 0.001):
            with patch("odoo.addons.sentinel_ops_addon.engine.time_slice.SLICE", 0):
                dispatch(self.dbname)
                self.assertEqual(self.status(by_hand)["state"], "waiting")
                uid = self.run_schedule()
                dispatch(self.dbname)
        run = self.status(uid)
        self.assertEqual(run["status"], "aborted")
        self.assertIn("overlap", run["error"])
        self.assertIn(by_hand, run["error"])
        self.assertEqual(self.finish(by_hand)["updated"], 40)
