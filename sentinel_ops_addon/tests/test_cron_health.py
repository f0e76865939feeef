from datetime import timedelta

from odoo import fields

from .common import EngineCase


class TestCronHealth(EngineCase):
    task = "cron_health"

    @classmethod
    def set_up_records(cls, env):
        # Scheduled actions are for administrators, so the job's user must be one.
        env["res.users"].browse(cls.user_id).group_ids = [(4, env.ref("base.group_system").id)]

    def setUp(self):
        super().setUp()
        # The database under test has no scheduler, so everything else is late: begin clean.
        self.sql("UPDATE ir_cron SET nextcall = '2099-01-01', failure_count = 0")
        self.sql("UPDATE ir_cron SET lastcall = NULL WHERE NOT active")

    def tearDown(self):
        super().tearDown()
        with self.root() as env:
            crons = env["ir.cron"].with_context(active_test=False)
            crons.search([("name", "=", f"Cron {self.mark}")]).unlink()

    def make_cron(self, **values):
        with self.root() as env:
            return (
                env["ir.cron"]
                .create(
                    {
                        "name": f"Cron {self.mark}",
                        "model_id": env["ir.model"]._get_id("res.partner"),
                        "state": "code",
                        "code": "1 / 0",
                        "interval_type": "days",
                        "nextcall": "2099-01-01 00:00:00",
                        **values,
                    }
                )
                .id
            )

    def figures(self, **parameters):
        run = self.run_job("plan", parameters=parameters)
        return run, {kpi["name"]: kpi for kpi in run["kpis"]}

    def test_all_well(self):
        run, figures = self.figures()
        self.assertEqual((run["status"], run["verdict"]), ("success", "pass"))
        self.assertEqual(figures["failing"]["value"], "0")
        self.assertEqual(figures["late"]["unit"], "actions")

    def test_late_from_its_threshold_on(self):
        self.make_cron(nextcall=fields.Datetime.now() - timedelta(minutes=45))
        run, figures = self.figures(late_minutes=30)
        self.assertEqual((run["verdict"], figures["late"]["value"]), ("warn", "1"))
        self.assertIn(self.mark, figures["late"]["detail"])
        self.assertEqual(figures["longest_delay"]["value"], "45")
        run, figures = self.figures(late_minutes=60)
        self.assertEqual((run["verdict"], figures["late"]["value"]), ("pass", "0"))

    def test_enough_of_them_is_a_failure(self):
        for _number in range(2):
            self.make_cron(nextcall=fields.Datetime.now() - timedelta(days=1))
        run, _figures = self.figures(warn=1, fail=2)
        self.assertEqual(run["verdict"], "fail")
        run, _figures = self.figures(warn=1, fail=3)
        self.assertEqual(run["verdict"], "warn")

    def test_failing_and_switched_off_by_odoo_itself(self):
        cron_id = self.make_cron()
        self.sql(
            "UPDATE ir_cron SET failure_count = 1, "
            "first_failure_date = now() at time zone 'UTC' - interval '8 days' WHERE id = %s",
            [cron_id],
        )
        _run, figures = self.figures()
        self.assertEqual(figures["failing"]["value"], "1")
        # Odoo stamps lastcall to the second: the last edit must be older than that.
        self.sql(
            "UPDATE ir_cron SET failure_count = 4, write_date = write_date - interval '1 minute' "
            "WHERE id = %s",
            [cron_id],
        )
        with self.root() as env:
            env["ir.cron"].browse(cron_id).method_direct_trigger()
        self.assertEqual(
            self.sql("SELECT active FROM ir_cron WHERE id = %s", [cron_id]), [(False,)]
        )
        _run, figures = self.figures()
        self.assertEqual(figures["switched_off"]["value"], "1")
        self.assertIn(self.mark, figures["switched_off"]["detail"])

    def test_switched_off_by_a_person_is_no_trouble(self):
        cron_id = self.make_cron(code="True")
        with self.root() as env:
            env["ir.cron"].browse(cron_id).method_direct_trigger()
        self.sql(
            "UPDATE ir_cron SET lastcall = lastcall - interval '1 hour' WHERE id = %s", [cron_id]
        )
        with self.root() as env:
            env["ir.cron"].browse(cron_id).active = False
        _run, figures = self.figures()
        self.assertEqual(figures["switched_off"]["value"], "0")

    def test_a_measure_only_reads(self):
        from odoo.exceptions import UserError

        with self.assertRaisesRegex(UserError, "modes plan"):
            self.trigger("live")

    def test_without_the_right_to_look_it_could_not_check(self):
        with self.root() as env:
            weak = self.new_user(env, "weak", []).id
            code = f"blind_{self.mark}"
            self.make_job(env, code, "cron_health", run_as_id=weak)
        run = self.run_job("plan", code=code)
        self.assertEqual((run["status"], run["verdict"]), ("failure", "error"))
