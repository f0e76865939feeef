from odoo.exceptions import UserError, ValidationError

from .common import EngineCase


class TestCheckRecords(EngineCase):
    task = "check_records"

    @classmethod
    def set_up_records(cls, env):
        env["res.partner"].create(
            [
                {"name": f"P{number} {cls.mark}", "ref": cls.mark, "phone": phone}
                for number, phone in enumerate([False, False, "1", "2", "3", "4", "5", "6"])
            ]
        )
        cls.job_parameters = {
            "model": "res.partner",
            "population": f"[('ref', '=', '{cls.mark}')]",
            "condition": "[('phone', '=', False)]",
        }
        env["sentinel.job"].browse(cls.job_id).parameters = cls.job_parameters

    def check(self, **parameters):
        return self.run_job("plan", parameters=parameters)

    def test_counts_exactly_and_shows_a_sample(self):
        run = self.check(limit=1)
        self.assertEqual((run["population"], run["matched"], run["selected"]), (8, 2, 1))
        self.assertEqual(run["outcomes"], {"found": 1})
        (line,) = self.lines(run["uid"])
        self.assertEqual((line["model"], line["operation"]), ("res.partner", ""))
        self.assertEqual(run["status"], "success")

    def test_thresholds_as_counts_at_their_boundary(self):
        for warn, fail, verdict in [(3, 4, "pass"), (2, 3, "warn"), (1, 2, "fail")]:
            with self.subTest(warn=warn, fail=fail):
                self.assertEqual(self.check(warn=warn, fail=fail)["verdict"], verdict)

    def test_thresholds_as_percent_at_their_boundary(self):
        for warn, fail, verdict in [(25.1, 50, "pass"), (25, 50, "warn"), (10, 25, "fail")]:
            with self.subTest(warn=warn, fail=fail):
                run = self.check(unit="percent", warn=warn, fail=fail)
                self.assertEqual(run["verdict"], verdict)

    def test_nothing_to_check_is_not_passed(self):
        with self.root() as env:
            code = f"empty_{self.mark}"
            job = self.make_job(env, code, "check_records")
            job.parameters = {**self.job_parameters, "population": "[('ref', '=', 'nobody')]"}
        run = self.run_job("plan", code=code)
        self.assertEqual(run["verdict"], "not_evaluated")

    def test_a_broken_rule_is_refused_when_it_is_written(self):
        with self.root() as env:
            job = env["sentinel.job"].browse(self.job_id)
            for change, word in [
                ({"condition": "[]"}, "always true"),
                ({"condition": "[(1, '=', 1)]"}, "always true"),
                ({"condition": "nonsense"}, "domain"),
                ({"condition": "[('no_field', '=', 1)]"}, "no field"),
                ({"model": "no.model"}, "does not exist"),
                ({"model": "res.users", "condition": "[('login', '=', 'a')]"}, "out of reach"),
                ({"condition": "[('user_ids.password', 'like', 'a')]"}, "out of reach"),
                ({"condition": "__import__('os').system('true')"}, "domain"),
                ({"condition": "[('create_date', '>', 'garbage')]"}, "not a valid domain"),
                ({"condition": "[('email', '=', {})]"}, "not a valid domain"),
                ({"warn": 5, "fail": 4}, "fail must not be smaller"),
            ]:
                with self.subTest(change=change), self.refused(env, ValidationError, word):
                    job.parameters = change

    def test_what_it_looks_at_cannot_be_given_from_outside(self):
        for name, value in [
            ("model", "res.users"),
            ("condition", "[('id', '>', 0)]"),
            ("population", "[]"),
        ]:
            with self.subTest(name=name), self.assertRaisesRegex(UserError, "belongs to the job"):
                self.check(**{name: value})
