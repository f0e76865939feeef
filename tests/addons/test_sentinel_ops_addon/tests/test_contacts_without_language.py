from datetime import datetime, timedelta

from odoo.exceptions import UserError

from odoo.addons.sentinel_ops_addon.tests.common import EngineCase


class TestContactsWithoutLanguage(EngineCase):
    """The worked example of the guides; they show this file as it is."""

    task = "contacts_without_language"

    @classmethod
    def set_up_records(cls, env):
        env["res.company"].browse(cls.company_id).partner_id.lang = "en_US"
        # The job runs as this user: what it may not change as a person, the job cannot change.
        env["res.users"].browse(cls.user_id).group_ids |= env.ref("base.group_partner_manager")

    def contacts(self, ages, **values):
        """One contact of the class's company for each age in days; returns their ids."""
        values = {"lang": False, "email": "x@example.com", "company_id": self.company_id, **values}
        with self.root() as env:
            made = env["res.partner"].create([{"name": f"{age} days", **values} for age in ages])
            for contact, age in zip(made, ages, strict=True):
                # The ORM writes create_date itself.
                moment = datetime.now() - timedelta(days=age, minutes=5)
                env.cr.execute(
                    "UPDATE res_partner SET create_date = %s WHERE id = %s", [moment, contact.id]
                )
            return made.ids

    def languages(self, ids):
        with self.root() as env:
            return env["res.partner"].browse(ids).mapped("lang")

    def tearDown(self):
        super().tearDown()
        with self.root() as env:
            env["res.partner"].search(
                [("company_id", "=", self.company_id), ("email", "=", "x@example.com")]
            ).lang = "en_US"

    def test_a_plan_finds_the_right_ones_and_changes_nothing(self):
        young, old, older = self.contacts([2, 30, 60])
        (known,) = self.contacts([90], lang="en_US")
        plan = self.run_job("plan", days=7)
        self.assertEqual(plan["status"], "dry_run", plan["error"])
        self.assertEqual(self.outcomes(plan["uid"]), {older: "planned", old: "planned"})
        self.assertEqual([line["record"] for line in self.lines(plan["uid"])], [older, old])
        self.assertEqual(self.languages([young, old, older, known]), [False] * 3 + ["en_US"])
        measures = {kpi["name"]: (kpi["value"], kpi["unit"]) for kpi in plan["kpis"]}
        self.assertEqual(measures["silent_total"], ("2", "records"))
        self.assertEqual(measures["oldest_age"], ("60", "days"))

    def test_limit_takes_the_oldest(self):
        youngest, middle, oldest = self.contacts([10, 20, 30])
        run = self.run_job("live", limit=2)
        self.assertEqual(self.outcomes(run["uid"]), {oldest: "done", middle: "done"})
        self.assertEqual(self.languages([youngest]), [False])

    def test_the_cap_stops_before_the_first_change(self):
        ids = self.contacts([10, 20])
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).max_records = 1
        run = self.run_job("live")
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).max_records = 1000
        self.assertEqual((run["status"], self.languages(ids)), ("aborted", [False, False]))

    def test_bad_parameters_are_refused(self):
        for bad in ({"days": -1}, {"limit": 0}, {"day": 3}):
            with self.assertRaisesRegex(UserError, "from 0 to 36500|from 1 to|Allowed: days"):
                self.trigger("plan", parameters=bad)

    def test_live_gives_the_language_and_a_line_each(self):
        ids = self.contacts([30, 60])
        run = self.run_job("live", days=7)
        self.assertEqual((run["status"], run["outcomes"]), ("success", {"done": 2}))
        self.assertEqual(self.languages(ids), ["en_US", "en_US"])
        line = self.lines(run["uid"])[0]
        self.assertEqual((line["before"]["lang"], line["after"]["lang"]), (False, "en_US"))

    def test_who_chose_a_language_meanwhile_keeps_it(self):
        changed, silent = self.contacts([60, 30])
        plan = self.run_job("plan", days=7)
        with self.root() as env:
            env["res.partner"].browse(changed).lang = "en_US"
        with self.as_user() as env:
            answer = env["sentinel.job"].trigger(self.code, "live", plan=plan["uid"])
        run = self.finish(answer["uid"])
        self.assertEqual(self.outcomes(run["uid"]), {changed: "skipped_changed", silent: "done"})

    def test_undo_takes_it_away_again(self):
        ids = self.contacts([30, 60])
        uid = self.run_job("live", days=7)["uid"]
        with self.root() as env:
            # A login came to one of them since. That touches no field of the contact.
            env["res.users"].create(
                {"login": f"new_{self.mark}", "partner_id": ids[0], "name": "30 days"}
            )
        with self.as_user() as env:
            answer = env["sentinel.run"].undo(uid, "live")
        run = self.finish(answer["uid"])
        self.assertEqual(self.outcomes(run["uid"]), {ids[0]: "refused", ids[1]: "done"})
        self.assertEqual(self.languages(ids), ["en_US", False])
