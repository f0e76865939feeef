import os
import threading
from unittest.mock import patch

from odoo.modules import module
from odoo.tools import config

from odoo.addons.sentinel_ops_addon.tests.common import EngineCase

from . import traces

_LIMIT = "odoo.addons.sentinel_ops_addon.engine.{}.plan_limit"
# These run into the time limit, which the tests make short.
ENDLESS = {
    "sleeps_in_the_database",
    "sleeps_and_swallows",
    "queries_for_ever",
    "reads_a_huge_recordset",
}
# PostgreSQL lets a read-only transaction do these; they end with it, or with its connection.
NO_EFFECT_IN_A_PLAN = {
    "behaves",
    "notifies",
    "runs_a_webhook",
    "takes_an_advisory_lock",
    "waits_for_the_commit",
    "waits_for_the_rollback",
}
# What a simulation is for, and what a rollback or the end of the connection undoes.
NO_EFFECT_IN_A_SIMULATION = NO_EFFECT_IN_A_PLAN | {
    "changes_and_deletes_attachments",
    "creates",
    "deletes",
    "leaves_a_write_pending",
    "locks_a_row",
    "makes_a_large_object",
    "posts_a_message",
    "sends_to_the_bus",
    "sets_config",
    "sets_a_parameter",
    "stores_an_attachment",
    "takes_a_number",
    "triggers_a_cron",
    "writes",
    "writes_and_swallows",
    "writes_by_sql",
}
# PostgreSQL says no, as it would in a live run: the record fails and the run goes on.
FAILS_ITS_RECORD = {
    "drops_the_tripwire",
    "switches_the_tripwire_off",
}


class RogueCase(EngineCase):
    """One partner to act on, a port that counts, and a look at all that could be left behind."""

    mode = ""
    code = ""

    @classmethod
    def setUpClass(cls):
        cls.listener = traces.Listener()
        cls.addClassCleanup(cls.listener.close)
        super().setUpClass()

    @classmethod
    def set_up_records(cls, env):
        env["res.partner"].search([("ref", "=", "victim")]).ref = False
        cls.partner_id = env["res.partner"].create({"name": "Victim", "ref": "victim"}).id
        cls.admin_id = env.ref("base.user_admin").id
        env["ir.attachment"].search([("name", "=", "victim")]).unlink()
        env["ir.attachment"].create(
            [{"name": "victim", "raw": os.urandom(100)} for _number in range(2)]
        )
        env["ir.actions.server"].search([("name", "=", "Rogue webhook")]).unlink()
        cls.webhook_id = (
            env["ir.actions.server"]
            .create(
                {
                    "name": "Rogue webhook",
                    "model_id": env["ir.model"]._get_id("res.partner"),
                    "state": "webhook",
                    "webhook_url": f"http://127.0.0.1:{cls.listener.port}/",
                }
            )
            .id
        )
        env["ir.mail_server"].search([("name", "=", "Rogue server")]).unlink()
        env["ir.mail_server"].create(
            {
                "name": "Rogue server",
                "smtp_host": "127.0.0.1",
                "smtp_port": cls.listener.port,
                "sequence": 0,
            }
        )
        cls.filestore = env["ir.attachment"]._filestore()
        with open(os.path.join(cls.filestore, "victim"), "wb"):
            pass

    def setUp(self):
        super().setUp()
        # Odoo sends no mail while a test runs; here that must not be the reason.
        self.patch(module, "current_test", None)

    def ways(self):
        return sorted(
            name.removeprefix("_rogue_")
            for name in dir(self.registry["sentinel.test.rogue.ways"])
            if name.startswith("_rogue_")
        )

    def attempt(self, way, seconds=None):
        limit = seconds or (1.0 if way in ENDLESS else 30.0)
        with (
            patch(_LIMIT.format("plan"), lambda: limit if self.mode == "plan" else 30.0),
            patch(_LIMIT.format("simulate"), lambda: limit),
        ):
            return self.run_job(
                self.mode,
                code=self.code,
                user_id=self.admin_id,
                parameters={"way": way, "port": self.listener.port},
            )

    def traces(self):
        """Whatever a rogue could have left behind."""
        return {
            **traces.database(self.sql),
            "locks": traces.locks(self.sql),
            "files": traces.files(os.path.join(config["data_dir"], "filestore", self.dbname)),
            "calls": self.listener.count(),
            "threads": threading.active_count(),
            "field": "x_rogue" in self.registry["res.partner"]._fields,
            "parameter": self.parameter(),
        }

    def parameter(self):
        """What this process believes a setting to be: asked through Odoo's cache."""
        with self.root() as env:
            return env["ir.config_parameter"].get_param("rogue.parameter")

    def assert_no_trace(self, before):
        after = self.traces()
        changed = {
            what: (value, after[what]) for what, value in before.items() if after[what] != value
        }
        self.assertEqual(changed, {})

    def check_refused(self, way, word, before):
        run = self.attempt(way)
        self.assertEqual((run["status"], run["verdict"]), ("failure", "error"))
        self.assertIn("rogue", run["error"])
        if way in ENDLESS:
            self.assertIn("took more than", run["error"])
        else:
            self.assertIn(word, run["error"])
        self.assertNotIn("Traceback", run["error"])
        self.assertEqual(run["outcomes"], {})
        self.assert_no_trace(before)


class TestRoguesInPlans(RogueCase):
    """A task that tries to change something in a plan fails by name, and changes nothing."""

    mode = "plan"
    code = "rogue"

    def test_one_that_behaves_is_fine(self):
        run = self.attempt("behaves")
        self.assertEqual((run["status"], run["matched"]), ("success", 1))

    def test_every_way_is_refused_named_and_without_trace(self):
        ways = sorted(set(self.ways()) - NO_EFFECT_IN_A_PLAN)
        self.assertGreater(len(ways), 50)
        before = self.traces()
        for way in ways:
            with self.subTest(way=way):
                self.check_refused(way, "dry run", before)

    def test_what_is_let_through_has_no_effect(self):
        before = self.traces()
        for way in sorted(NO_EFFECT_IN_A_PLAN):
            with self.subTest(way=way):
                self.assertEqual(self.attempt(way)["status"], "success")
                self.assert_no_trace(before)

    def test_a_notification_is_never_delivered(self):
        """PostgreSQL lets NOTIFY pass in a read-only transaction, and drops it with it."""
        with self.registry.cursor() as listener:
            listener.execute("LISTEN rogue")
            listener.commit()
            self.attempt("notifies")
            listener.execute("SELECT 1")
            self.assertEqual(listener._cnx.notifies, [])
            self.sql("NOTIFY rogue, 'so that the test could see one'")
            listener.commit()
            listener.execute("SELECT 1")
            self.assertEqual(len(listener._cnx.notifies), 1)

    def test_the_next_plan_is_not_affected(self):
        self.attempt("commits_by_sql_and_writes")
        self.assertEqual(self.attempt("behaves")["status"], "success")


class TestRoguesInSimulations(RogueCase):
    """An operation that tries to make a simulation last, or to reach out of it."""

    mode = "simulate"
    code = "rogue_remedy"

    def test_one_that_behaves_is_simulated(self):
        before = self.traces()
        run = self.attempt("behaves")
        self.assertEqual((run["status"], run["outcomes"]), ("dry_run", {"simulated": 1}))
        (line,) = self.lines(run["uid"])
        self.assertEqual((line["before"]["ref"], line["after"]["ref"]), ("victim", False))
        self.assert_no_trace(before)

    def test_every_way_is_refused_named_and_without_trace(self):
        ways = sorted(
            set(self.ways()) - NO_EFFECT_IN_A_SIMULATION - FAILS_ITS_RECORD - {"plays_the_replica"}
        )
        self.assertGreater(len(ways), 30)
        before = self.traces()
        for way in ways:
            with self.subTest(way=way):
                self.check_refused(way, "during a simulation", before)

    def test_to_switch_triggers_off_takes_a_superuser_and_does_not_help_him(self):
        before = self.traces()
        ((superuser,),) = self.sql("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if superuser:
            self.check_refused("plays_the_replica", "during a simulation", before)
            return
        run = self.attempt("plays_the_replica")
        self.assertEqual((run["status"], run["outcomes"]), ("dry_run", {"failed": 1}))
        self.assertIn("permission denied", run["errors"][0])
        self.assert_no_trace(before)

    def test_what_is_let_through_is_undone(self):
        before = self.traces()
        for way in sorted(NO_EFFECT_IN_A_SIMULATION):
            with self.subTest(way=way):
                run = self.attempt(way)
                self.assertEqual(
                    (run["status"], run["error"], run["outcomes"]),
                    ("dry_run", "", {"simulated": 1}),
                )
                self.assert_no_trace(before)

    def test_postgresql_itself_guards_the_tripwire(self):
        before = self.traces()
        for way in sorted(FAILS_ITS_RECORD):
            with self.subTest(way=way):
                run = self.attempt(way)
                self.assertEqual((run["status"], run["outcomes"]), ("dry_run", {"failed": 1}))
                self.assertIn("pending trigger events", run["errors"][0])
                self.assert_no_trace(before)

    def test_what_is_done_outside_of_a_dry_run_does_leave(self):
        self.attempt("opens_a_cursor")
        self.attempt("commits_by_sql_and_writes")
        calls = self.listener.count()
        with self.root() as env:
            action = env["ir.actions.server"].browse(self.webhook_id)
            action.with_context(active_id=self.partner_id, active_model="res.partner").run()
        # A call that does leave is seen; so the others did not.
        self.assertEqual(self.listener.count(), calls + 1)
