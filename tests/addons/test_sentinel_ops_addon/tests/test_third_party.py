from odoo.addons.sentinel_ops_addon.tests.common import EngineCase


class TestThirdParty(EngineCase):
    """A task that another addon brought, by a file of its own."""

    @classmethod
    def set_up_records(cls, env):
        cls.partner_id = env["res.partner"].create({"name": cls.mark, "ref": cls.mark}).id
        cls.admin_id = env.ref("base.user_admin").id

    def test_is_in_the_catalogue_and_works(self):
        with self.as_user(self.admin_id) as env:
            jobs = {job["code"]: job for job in env["sentinel.job"].catalog()["jobs"]}
        entry = jobs["archive_by_reference"]
        self.assertTrue(entry["available"])
        self.assertEqual(entry["parameters"][0]["name"], "reference")
        kwargs = {
            "code": "archive_by_reference",
            "user_id": self.admin_id,
            "parameters": {"reference": self.mark},
        }
        plan = self.run_job("plan", **kwargs)
        self.assertEqual(self.outcomes(plan["uid"]), {self.partner_id: "planned"})
        run = self.run_job("live", **kwargs)
        self.assertEqual(self.outcomes(run["uid"]), {self.partner_id: "done"})
        with self.root() as env:
            self.assertFalse(env["res.partner"].browse(self.partner_id).active)
