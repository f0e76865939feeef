from odoo import api
from odoo.exceptions import AccessError, UserError, ValidationError

from .common import OrderCase


class TestRequests(OrderCase):
    def test_the_request_survives_the_caller_s_rollback(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, self.user_id, {})
            env["res.partner"].browse(self.partner_id).sudo().name = "Lost"
            uid = env["sentinel.job"].trigger(self.code, "plan")["uid"]
            cr.rollback()
        self.assertEqual(self.status(uid)["state"], "queued")
        with self.root() as env:
            self.assertNotEqual(env["res.partner"].browse(self.partner_id).name, "Lost")

    def test_nothing_of_the_caller_is_committed(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, self.user_id, {})
            env["res.partner"].browse(self.partner_id).sudo().write({"ref": "half-way"})
            env.flush_all()
            env["sentinel.job"].trigger(self.code, "plan")
            self.assertEqual(
                self.sql("SELECT ref FROM res_partner WHERE id = %s", [self.partner_id]),
                [(None,)],
            )
            cr.rollback()

    def test_same_key_same_request_same_run(self):
        key = f"key-{self.mark}"
        first = self.trigger("plan", days=50, idempotency_key=key)
        second = self.trigger("plan", days=50, idempotency_key=key)
        self.assertEqual((first["repeated"], second["repeated"]), (False, True))
        self.assertEqual(first["uid"], second["uid"])

    def test_same_key_other_request_is_an_error(self):
        key = f"other-{self.mark}"
        first = self.trigger("plan", days=50, idempotency_key=key)
        for change in ({"days": 51}, {"mode": "live"}):
            mode = change.pop("mode", "plan")
            with self.assertRaisesRegex(UserError, first["uid"]):
                self.trigger(mode, **{"days": 50, **change}, idempotency_key=key)

    def test_what_was_accepted_stays_accepted(self):
        key = f"kept-{self.mark}"
        with self.root() as env:
            code = f"short_lived_{self.mark}"
            job_id = self.make_job(env, code, "clean_old_orders").id
        first = self.trigger("plan", code=code, idempotency_key=key)
        with self.root() as env:
            env["sentinel.job"].browse(job_id).active = False
        second = self.trigger("plan", code=code, idempotency_key=key)
        self.assertEqual((second["uid"], second["repeated"]), (first["uid"], True))

    def test_a_key_is_its_owner_s(self):
        key = f"mine-{self.mark}"
        with self.root() as env:
            other = self.new_user(env, "other", ["sentinel_ops_addon.group_operator"]).id
        first = self.trigger("plan", idempotency_key=key)
        second = self.trigger("plan", idempotency_key=key, user_id=other)
        self.assertNotEqual(first["uid"], second["uid"])

    def test_who_why_and_from_where_are_kept(self):
        uid = self.trigger(
            "plan",
            reason="quarter end",
            origin={"source": "cli", "host": "pc7", "request_id": "r-1", "admin": True},
        )["uid"]
        status = self.status(uid)
        self.assertEqual(status["requested_by"], f"keeper_{self.mark}")
        self.assertEqual((status["source"], status["reason"]), ("cli", "quarter end"))
        self.assertEqual(status["request_id"], "r-1")
        with self.root() as env:
            run = env["sentinel.run"].search([("uid", "=", uid)])
            self.assertEqual(run.origin, {"host": "pc7"})

    def test_an_invented_source_is_a_remote_call(self):
        uid = self.trigger("plan", origin={"source": "the pope"})["uid"]
        self.assertEqual(self.status(uid)["source"], "rpc")

    def test_a_caller_is_neither_the_schedule_nor_the_menu_nor_the_engine(self):
        for source in ("schedule", "menu", "engine"):
            uid = self.trigger("plan", origin={"source": source})["uid"]
            self.assertEqual(self.status(uid)["source"], "rpc")

    def test_bad_input_names_the_remedy(self):
        for kwargs, words in [
            ({"code": "no_such_job"}, ["no_such_job", self.code]),
            ({"parameters": {"dayz": 1}}, ["dayz", "days, limit"]),
            ({"parameters": {"days": "many"}}, ["days", "whole number from 1 to 36500"]),
            ({"parameters": {"days": 0}}, ["days", "from 1 to 36500"]),
            ({"parameters": {"limit": 0}}, ["limit", "from 1 to 1000000"]),
            ({"origin": "cli"}, ["origin", "must map names to values"]),
            ({"mode": "destroy"}, ["destroy", "plan, simulate, live"]),
            ({"mode": "live", "plan": "nonsense"}, ["nonsense"]),
        ]:
            with self.subTest(kwargs=kwargs):
                kwargs = dict(kwargs)
                with self.assertRaises((UserError, ValidationError)) as caught:
                    self.trigger(kwargs.pop("mode", "plan"), **kwargs)
                for word in words:
                    self.assertIn(word, str(caught.exception))

    def test_nothing_is_queued_for_bad_input(self):
        before = self.sql("SELECT count(*) FROM sentinel_run")
        with self.assertRaises(UserError):
            self.trigger("plan", days=0)
        self.assertEqual(before, self.sql("SELECT count(*) FROM sentinel_run"))

    def test_a_plan_of_another_job_is_refused(self):
        with self.root() as env:
            code = f"second_{self.mark}"
            self.make_job(env, code, "clean_old_orders")
        plan = self.run_job("plan", code=code)
        with self.assertRaisesRegex(UserError, "not a finished plan"):
            self.trigger("live", plan=plan["uid"])

    def test_a_plan_of_another_task_is_refused(self):
        with self.root() as env:
            code = f"turned_{self.mark}"
            job_id = self.make_job(env, code, "clean_old_orders").id
        plan = self.run_job("plan", code=code)
        with self.root() as env:
            env["sentinel.job"].browse(job_id).task_id = env["sentinel.task"].search(
                [("code", "=", "release_stuck_transfers")]
            )
        with self.assertRaisesRegex(UserError, "not a finished plan"):
            self.trigger("live", code=code, plan=plan["uid"])

    def test_an_archived_job_is_refused(self):
        with self.root() as env:
            code = f"archived_{self.mark}"
            self.make_job(env, code, "clean_old_orders", active=False)
        with self.assertRaisesRegex(UserError, "archived"):
            self.trigger("plan", code=code)

    def test_a_neutralized_database_is_refused(self):
        with self.root() as env:
            env["ir.config_parameter"].set_param("database.is_neutralized", "true")
        try:
            with self.assertRaisesRegex(UserError, "neutralized"):
                self.trigger("plan")
            with self.as_user() as env:
                health = env["sentinel.job"].health()
            self.assertFalse(health["ok"])
            self.assertEqual(health["problems"][0]["code"], "neutralized")
        finally:
            with self.root() as env:
                env["ir.config_parameter"].set_param("database.is_neutralized", False)

    def test_only_operators_trigger(self):
        with self.root() as env:
            viewer = self.new_user(env, "viewer", ["sentinel_ops_addon.group_viewer"]).id
        with self.assertRaisesRegex(AccessError, "operators"):
            self.trigger("plan", user_id=viewer)
