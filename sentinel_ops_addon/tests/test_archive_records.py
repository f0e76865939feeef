from odoo.exceptions import AccessError, UserError, ValidationError

from .common import EngineCase


class TestArchiveRecords(EngineCase):
    @classmethod
    def set_up_records(cls, env):
        env["ir.model.access"].create(
            {
                "name": f"Partners {cls.mark}",
                "model_id": env["ir.model"]._get_id("res.partner"),
                "group_id": env.ref("sentinel_ops_addon.group_manager").id,
                "perm_read": True,
                "perm_write": True,
            }
        )
        cls.job_parameters = {
            "model": "res.partner",
            "domain": f"[('ref', '=', '{cls.mark}'), ('phone', '=', False)]",
        }
        cls.code = f"archive_{cls.mark}"
        cls.job_id = cls.make_job(
            env, cls.code, "archive_records", parameters=cls.job_parameters
        ).id

    def make_partners(self, phones, **values):
        with self.root() as env:
            return (
                env["res.partner"]
                .create(
                    [
                        {
                            "name": f"P{number} {self.mark}",
                            "ref": self.mark,
                            "phone": phone,
                            **values,
                        }
                        for number, phone in enumerate(phones)
                    ]
                )
                .ids
            )

    def active(self, ids):
        with self.root() as env:
            return env["res.partner"].browse(ids).mapped("active")

    def tearDown(self):
        super().tearDown()
        self.sql("UPDATE res_partner SET ref = NULL WHERE ref = %s", [self.mark])

    def test_undo_brings_them_back(self):
        ids = self.make_partners([False, False, False])
        uid = self.run_job("live")["uid"]
        self.assertEqual(self.active(ids), [False] * 3)
        with self.root() as env:
            env["res.partner"].browse(ids[0]).comment = "gone for good"
        with self.as_user() as env:
            undoing = env["sentinel.run"].undo(uid, "live")["uid"]
        run = self.finish(undoing)
        self.assertEqual(
            self.outcomes(run["uid"]), {ids[0]: "refused", ids[1]: "done", ids[2]: "done"}
        )
        self.assertEqual(self.active(ids), [False, True, True])

    def test_a_retry_is_of_the_old_rule_seen_with_the_old_eyes(self):
        """Who rewrites the rule afterwards neither sees with another's eyes nor lends them."""
        (partner,) = self.make_partners([False])
        with self.registry.cursor() as other:
            other.execute("SELECT FROM res_partner WHERE id = %s FOR UPDATE", [partner])
            left = self.run_job("live")
        self.assertEqual(self.outcomes(left["uid"]), {partner: "skipped_locked"})
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).write(
                {
                    "run_as_id": env.ref("base.user_admin").id,
                    "parameters": {"domain": "[('name', '=', 'nobody')]"},
                    "company_id": env.ref("base.main_company").id,
                }
            )
        try:
            with self.root() as env:
                again = env["sentinel.run"].retry(left["uid"], "live")["uid"]
            run = self.finish(again)
        finally:
            with self.root() as env:
                env["sentinel.job"].browse(self.job_id).write(
                    {
                        "run_as_id": self.user_id,
                        "parameters": self.job_parameters,
                        "company_id": self.company_id,
                    }
                )
        self.assertEqual((run["run_as"], run["company"]), (left["run_as"], left["company"]))
        self.assertEqual(run["parameters"], left["parameters"])
        self.assertEqual(self.outcomes(run["uid"]), {partner: "done"})

    def test_archives_what_matches_and_nothing_else(self):
        ids = self.make_partners([False, "1", False])
        plan = self.run_job("plan")
        self.assertEqual((plan["population"] > 3, plan["matched"]), (True, 2))
        self.assertEqual(self.active(ids), [True] * 3)
        (first, _second) = self.lines(plan["uid"])
        self.assertEqual((first["model"], first["record"]), ("res.partner", ids[0]))
        self.assertEqual(first["intended"], {"active": False})
        self.assertIn("phone", first["reason"])
        run = self.run_job("live", plan=plan["uid"])
        self.assertEqual(run["outcomes"], {"done": 2})
        self.assertEqual(self.active(ids), [False, True, False])
        (line, _second) = self.lines(run["uid"])
        self.assertEqual(line["before"], {"name": f"P0 {self.mark}", "active": True})
        self.assertEqual(line["after"], {"name": f"P0 {self.mark}", "active": False})

    def test_what_is_archived_already_is_not_found(self):
        self.make_partners([False], active=False)
        with self.root() as env:
            code = f"archived_{self.mark}"
            self.make_job(
                env,
                code,
                "archive_records",
                parameters={
                    "model": "res.partner",
                    "domain": f"[('ref', '=', '{self.mark}'), ('active', 'in', [True, False])]",
                },
            )
        self.assertEqual(self.run_job("plan", code=code)["matched"], 0)

    def test_the_oldest_first_up_to_the_limit(self):
        ids = self.make_partners([False] * 3)
        run = self.run_job("live", limit=2)
        self.assertEqual((run["matched"], run["limited"]), (3, True))
        self.assertEqual(self.active(ids), [False, False, True])

    def test_the_business_may_say_no(self):
        """Odoo keeps the contact of an active user."""
        (free,) = self.make_partners([False])
        with self.root() as env:
            user = self.new_user(env, "colleague", [])
            user.partner_id.write({"ref": self.mark, "phone": False})
            used = user.partner_id.id
        run = self.run_job("live")
        self.assertEqual(self.outcomes(run["uid"]), {free: "done", used: "refused"})
        self.assertEqual(self.active([free, used]), [False, True])

    def test_it_may_do_what_its_author_may(self):
        (partner,) = self.make_partners([False])
        with self.root() as env:
            reader = self.new_user(env, "reader", [])
            code = f"powerless_{self.mark}"
            self.make_job(
                env, code, "archive_records", parameters=self.job_parameters, run_as_id=reader.id
            )
        run = self.run_job("live", code=code)
        self.assertEqual(self.outcomes(run["uid"]), {partner: "refused"})
        self.assertEqual(self.active([partner]), [True])

    def test_who_writes_the_rule_lends_it_their_eyes(self):
        with self.root() as env:
            other_id = self.new_user(env, "other", ["sentinel_ops_addon.group_manager"]).id
        with self.as_user(other_id) as env:
            job = env["sentinel.job"].browse(self.job_id)
            job.parameters = {"domain": f"[('ref', '=', '{self.mark}x')]"}
            self.assertEqual(job.run_as_id.id, other_id)
            with self.refused(env, AccessError):
                job.run_as_id = self.user_id
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).write(
                {"parameters": self.job_parameters, "run_as_id": self.user_id}
            )

    def test_a_rule_that_is_too_wide_or_out_of_reach_is_refused(self):
        rule = "[('id', '=', 1)]"
        with self.as_user() as env:
            job = env["sentinel.job"].browse(self.job_id)
            for change, word in [
                ({"domain": "[]"}, "always true"),
                ({"domain": "[(1, '=', 1)]"}, "always true"),
                ({"domain": "['|', ('id', '=', 1), (1, '=', 1)]"}, "always true"),
                ({"domain": "[('no_field', '=', 1)]"}, "no field"),
                ({"domain": "[('user_ids.password', 'like', 'a')]"}, "out of reach"),
                ({"domain": "[('create_date', '>', 'garbage')]"}, "not a valid domain"),
                ({"model": "res.users", "domain": rule}, "out of reach"),
                ({"model": "res.groups", "domain": rule}, "out of reach"),
                ({"model": "ir.cron", "domain": rule}, "out of reach"),
                ({"model": "sentinel.job", "domain": rule}, "out of reach"),
                ({"model": "no.model", "domain": rule}, "does not exist"),
                ({"model": "res.partner.industry", "domain": "[]"}, "always true"),
                ({"model": "res.country", "domain": rule}, "cannot be archived"),
            ]:
                with self.subTest(change=change), self.refused(env, ValidationError, word):
                    job.parameters = change

    def test_a_job_without_a_rule_cannot_be_made(self):
        with self.as_user() as env:
            for parameters in ({}, {"model": "res.partner"}, {"domain": "[('id', '=', 1)]"}):
                with self.subTest(parameters=parameters), self.refused(env, ValidationError):
                    self.make_job(env, "bare", "archive_records", parameters=parameters)

    def test_a_rule_that_widened_since_never_means_all(self):
        """Past the check of the form, the engine asks again."""
        self.make_partners([False])
        task = self.registry["sentinel.task.archive_records"]
        self.patch(task, "_check_parameters", lambda task, parameters: None)
        with self.root() as env:
            code = f"wide_{self.mark}"
            self.make_job(
                env,
                code,
                "archive_records",
                parameters={"model": "res.partner", "domain": "[]"},
            )
        run = self.run_job("live", code=code)
        self.assertEqual((run["status"], run["outcomes"]), ("failure", {}))
        self.assertIn("empty", run["error"])

    def test_what_it_archives_cannot_be_given_from_outside(self):
        for name, value in [("model", "res.company"), ("domain", "[('id', '>', 0)]")]:
            with self.subTest(name=name), self.assertRaisesRegex(UserError, "belongs to the job"):
                self.run_job("live", parameters={name: value})
        with self.assertRaisesRegex(UserError, "limit"):
            self.run_job("live", limit=0)
