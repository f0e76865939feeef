from unittest.mock import patch

from odoo.tools import config

from ..engine.budget import MAX_BUDGET, budget, plan_limit
from ..engine.dispatcher import dispatch
from .common import OrderCase

UPTIME = "odoo.addons.sentinel_ops_addon.engine.health.server_uptime"


class TestDispatcher(OrderCase):
    def limits(self, real_cron, real, cpu):
        return patch.dict(
            config.options,
            {"limit_time_real_cron": real_cron, "limit_time_real": real, "limit_time_cpu": cpu},
        )

    def test_stays_well_below_the_server_s_limits(self):
        with self.limits(-1, 120, 60):
            self.assertEqual(budget(), 20)
        with self.limits(15, 120, 60):
            self.assertEqual(budget(), 5)
        with self.limits(0, 120, 0):
            self.assertEqual(budget(), MAX_BUDGET)
            self.assertEqual(plan_limit(), float("inf"))
        with self.limits(-1, 120, 60):
            self.assertLess(budget() + plan_limit(), 60)

    def test_asks_for_another_call_when_work_is_left(self):
        self.make_orders([100] * 40)
        uid = self.trigger("live", days=90)["uid"]
        with self.root() as env:
            cron = env.ref("sentinel_ops_addon.ir_cron_dispatcher")
            env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]).unlink()
        with patch("odoo.addons.sentinel_ops_addon.engine.dispatcher.budget", lambda: 0.001):
            dispatch(self.dbname)
        self.assertNotEqual(self.status(uid)["state"], "done")
        with self.root() as env:
            self.assertTrue(env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]))
        self.finish(uid)

    def test_a_request_wakes_the_dispatcher(self):
        with self.root() as env:
            cron = env.ref("sentinel_ops_addon.ir_cron_dispatcher")
            env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]).unlink()
        self.trigger("plan")
        with self.root() as env:
            self.assertTrue(env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]))

    def test_a_short_run_does_not_wait_behind_a_long_one(self):
        self.make_orders([100] * 200)
        with self.root() as env:
            code = f"short_{self.mark}"
            self.make_job(env, code, "clean_old_orders")
        long = self.trigger("live", days=90, limit=200)["uid"]
        with patch("odoo.addons.sentinel_ops_addon.engine.dispatcher.budget", lambda: 0.001):
            dispatch(self.dbname)
            short = self.trigger("plan", code=code, days=90)["uid"]
            dispatch(self.dbname)
        self.assertEqual(self.status(short)["state"], "done")
        self.assertEqual(self.status(long)["state"], "waiting")
        self.assertEqual(self.finish(long)["updated"], 200)

    def test_health_knows_when_nobody_works(self):
        with self.as_user() as env:
            self.assertTrue(env["sentinel.job"].health()["ok"])
        self.sql(
            "UPDATE ir_cron SET nextcall = now() at time zone 'UTC' - interval '10 minutes' "
            "WHERE id = (SELECT res_id FROM ir_model_data WHERE module = 'sentinel_ops_addon' "
            "AND name = 'ir_cron_dispatcher')"
        )
        with self.as_user() as env, patch(UPTIME, lambda: 60.0):
            self.assertTrue(env["sentinel.job"].health()["ok"], "it was only just started")
        with self.as_user() as env, patch(UPTIME, lambda: 3600.0):
            (problem,) = env["sentinel.job"].health()["problems"]
            self.assertEqual(problem["code"], "no_cron_worker")
            self.assertIn("--max-cron-threads", problem["remedy"])
        with self.root() as env:
            env.ref("sentinel_ops_addon.ir_cron_dispatcher").active = False
        with self.as_user() as env:
            (problem,) = env["sentinel.job"].health()["problems"]
            self.assertEqual(problem["code"], "dispatcher_off")
        with self.root() as env:
            env.ref("sentinel_ops_addon.ir_cron_dispatcher").write(
                {"active": True, "nextcall": "2099-01-01 00:00:00"}
            )
