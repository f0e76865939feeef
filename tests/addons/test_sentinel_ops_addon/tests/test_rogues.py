from odoo.addons.sentinel_ops_addon.tests.common import EngineCase


class TestRogues(EngineCase):
    """A task that tries to change something in a plan fails by name, and changes nothing."""

    @classmethod
    def set_up_records(cls, env):
        env["res.partner"].search([("ref", "=", "victim")]).ref = False
        cls.partner_id = env["res.partner"].create({"name": "Victim", "ref": "victim"}).id
        cls.admin_id = env.ref("base.user_admin").id

    def plan(self, way):
        return self.run_job("plan", code="rogue", user_id=self.admin_id, parameters={"way": way})

    def traces(self):
        """Whatever a rogue could have left behind."""
        return [
            self.sql("SELECT id, name, write_date FROM res_partner ORDER BY id"),
            self.sql("SELECT count(*) FROM mail_message"),
            self.sql("SELECT count(*) FROM mail_mail"),
            self.sql("SELECT last_value FROM res_partner_id_seq"),
            self.sql("SELECT to_regclass('rogue')"),
        ]

    def test_one_that_behaves_is_fine(self):
        run = self.plan("behaves")
        self.assertEqual((run["status"], run["matched"]), ("success", 1))

    def test_every_way_is_refused_named_and_without_trace(self):
        ways = sorted(
            name.removeprefix("_rogue_")
            for name in dir(self.registry["sentinel.task.rogue"])
            if name.startswith("_rogue_") and name not in ("_rogue_behaves", "_rogue_notifies")
        )
        self.assertGreater(len(ways), 15)
        for way in ways:
            with self.subTest(way=way):
                before = self.traces()
                run = self.plan(way)
                self.assertEqual((run["status"], run["verdict"]), ("failure", "error"))
                self.assertIn("rogue", run["error"])
                self.assertIn("dry run", run["error"])
                self.assertNotIn("Traceback", run["error"])
                self.assertEqual(run["outcomes"], {})
                self.assertEqual(self.traces(), before)

    def test_a_notification_is_never_delivered(self):
        """PostgreSQL lets NOTIFY pass in a read-only transaction, and drops it with it."""
        with self.registry.cursor() as listener:
            listener.execute("LISTEN rogue")
            listener.commit()
            self.plan("notifies")
            listener.execute("SELECT 1")
            self.assertEqual(listener._cnx.notifies, [])
            self.sql("NOTIFY rogue, 'so that the test could see one'")
            listener.commit()
            listener.execute("SELECT 1")
            self.assertEqual(len(listener._cnx.notifies), 1)

    def test_the_next_plan_is_not_affected(self):
        self.plan("commits_by_sql_and_writes")
        self.assertEqual(self.plan("behaves")["status"], "success")
