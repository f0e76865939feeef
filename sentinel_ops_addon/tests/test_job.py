from odoo.exceptions import ValidationError
from odoo.tests import Form

from .common import OrderCase


class TestJob(OrderCase):
    def job(self, env):
        return env["sentinel.job"].browse(self.job_id)

    def test_parameters_start_with_their_defaults(self):
        with self.root() as env:
            self.assertEqual(self.job(env)._own_parameters(), {"days": 90, "limit": 100})

    def test_writing_one_parameter_keeps_the_others(self):
        with self.root() as env:
            self.job(env).parameters = {"days": 30}
            self.assertEqual(self.job(env)._own_parameters(), {"days": 30, "limit": 100})
            self.job(env).parameters = {"limit": 7}
            self.assertEqual(self.job(env)._own_parameters(), {"days": 30, "limit": 7})
            self.job(env).parameters = {"days": 90, "limit": 100}

    def test_what_the_web_client_sends_is_checked_too(self):
        with self.root() as env:
            (row,) = self.job(env).read(["parameters"])
            definitions = row["parameters"]
            for definition in definitions:
                if definition["name"] == "days":
                    definition["value"] = 45
            self.job(env).write({"parameters": definitions})
            self.assertEqual(self.job(env)._own_parameters()["days"], 45)
            definitions[0]["value"] = -1
            with self.refused(env, ValidationError):
                self.job(env).write({"parameters": definitions})
            self.job(env).parameters = {"days": 90}

    def test_bad_parameters_are_refused_with_what_is_allowed(self):
        with self.root() as env:
            for values, word in [
                ({"dayz": 3}, "days, limit"),
                ({"days": "oops"}, "whole number"),
                ({"days": 0}, "from 1 to 36500"),
                ({"limit": 0}, "from 1 to"),
            ]:
                with self.subTest(values=values), self.refused(env, ValidationError, word):
                    self.job(env).parameters = values

    def test_the_code_is_for_command_lines(self):
        with self.root() as env:
            for code in ("With Space", "UPPER", "1st", "a-b", "é"):
                with self.subTest(code=code), self.refused(env, ValidationError, "lower-case"):
                    self.make_job(env, code, "clean_old_orders", name="Some job")

    def test_a_manager_makes_a_job_in_the_form(self):
        with self.as_user() as env:
            form = Form(env["sentinel.job"])
            form.name = "Mine"
            form.code = f"form_{self.mark}"
            form.task_id = env["sentinel.task"].search([("code", "=", "clean_old_orders")])
            job = form.save()
            self.assertEqual(job.run_as_id, env.user)
            self.assertEqual(job._own_parameters(), {"days": 90, "limit": 100})
            self.assertEqual(job.max_records, 100)

    def test_the_company_must_be_the_user_s(self):
        with self.root() as env:
            other = env["res.company"].create({"name": f"Nope {self.mark}"})
            with self.refused(env, ValidationError, "may not see the company"):
                self.job(env).company_id = other

    def test_buttons_lead_to_the_run(self):
        with self.as_user() as env:
            action = self.job(env).action_plan()
        with self.as_user() as env:
            run = env["sentinel.run"].browse(action["res_id"])
            self.assertEqual((run.mode, run.source, run.job_code), ("plan", "menu", self.code))
            uid = run.uid
        self.finish(uid)
        with self.as_user() as env:
            apply = env["sentinel.run"].browse(action["res_id"]).action_apply()
        with self.as_user() as env:
            live = env["sentinel.run"].browse(apply["res_id"])
            self.assertEqual((live.mode, live.plan_uid), ("live", uid))

    def test_changes_of_the_definition_are_tracked(self):
        with self.as_user() as env:
            self.job(env).max_records = 77
        with self.root() as env:
            message = self.job(env).message_ids[0]
            self.assertEqual(message.author_id, env["res.users"].browse(self.user_id).partner_id)
            self.assertIn("77", str(message.tracking_value_ids.mapped("new_value_integer")))
            self.job(env).max_records = 1000
