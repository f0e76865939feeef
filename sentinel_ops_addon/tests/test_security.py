from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.service.model import get_public_method

from .common import OrderCase


class TestSecurity(OrderCase):
    """What each group may do, tried as that group."""

    @classmethod
    def set_up_records(cls, env):
        for name in ("viewer", "operator", "manager", "auditor"):
            user = cls.new_user(env, name, [f"sentinel_ops_addon.group_{name}"])
            setattr(cls, f"{name}_id", user.id)
        cls.nobody_id = cls.new_user(env, "nobody", []).id

    def test_nobody_sees_nothing(self):
        with self.as_user(self.nobody_id) as env:
            for model in ("sentinel.job", "sentinel.run", "sentinel.run.line", "sentinel.task"):
                with self.subTest(model=model), self.assertRaises(AccessError):
                    env[model].search([])
            with self.assertRaises(AccessError):
                env["sentinel.job"].catalog()
            with self.assertRaises(AccessError):
                env["sentinel.job"].health()

    def test_nobody_at_all_writes_runs_and_lines(self):
        self.make_orders([100])
        uid = self.run_job("plan", days=90)["uid"]
        for name in ("viewer", "operator", "manager", "auditor"):
            with self.subTest(group=name), self.as_user(getattr(self, f"{name}_id")) as env:
                run = env["sentinel.run"].search([("uid", "=", uid)])
                for call in (
                    lambda run=run: run.write({"reason": "x"}),
                    lambda run=run: run.unlink(),
                    lambda run=run: run.copy(),
                    lambda run=run: run.line_ids.write({"reason": "x"}),
                    lambda run=run: run.line_ids.unlink(),
                    lambda env=env: env["sentinel.run"].create({"uid": "x"}),
                    lambda env=env, run=run: env["sentinel.run.line"].create({"run_id": run.id}),
                ):
                    with self.assertRaises((AccessError, UserError)):
                        call()

    def test_only_managers_define_jobs(self):
        for name in ("viewer", "operator", "auditor"):
            with self.subTest(group=name), self.as_user(getattr(self, f"{name}_id")) as env:
                job = env["sentinel.job"].browse(self.job_id)
                with self.assertRaises(AccessError):
                    job.write({"max_records": 1_000_000})
                with self.assertRaises(AccessError):
                    job.write({"parameters": {"days": 1}})
                with self.assertRaises(AccessError):
                    job.unlink()
        with self.as_user(self.manager_id) as env:
            env["sentinel.job"].browse(self.job_id).max_records = 1000

    def test_nobody_changes_what_tasks_declare(self):
        with self.as_user(self.manager_id) as env:
            task = env["sentinel.task"].search([], limit=1)
            with self.assertRaises(AccessError):
                task.write({"parameter_definition": []})

    def test_operator_plans_and_runs(self):
        (order,) = self.make_orders([100])
        run = self.run_job("live", days=90, user_id=self.operator_id)
        self.assertEqual(run["requested_by"], f"operator_{self.mark}")
        self.assertEqual(self.states([order]), ["cancel"])

    def test_auditor_reads_and_does_nothing(self):
        uid = self.run_job("plan", days=90)["uid"]
        waiting = self.trigger("plan", days=90)["uid"]
        with self.as_user(self.auditor_id) as env:
            self.assertIn(self.code, [job["code"] for job in env["sentinel.job"].catalog()["jobs"]])
            self.assertIn("ok", env["sentinel.job"].health())
            self.assertEqual(env["sentinel.run"].status(uid)["uid"], uid)
            self.assertFalse(env["sentinel.run"].search([("uid", "=", waiting)]))
            with self.assertRaises(AccessError):
                env["sentinel.job"].trigger(self.code, "plan")
            job = env["sentinel.job"].browse(self.job_id)
            with self.assertRaises(AccessError):
                job.action_plan()
            with self.assertRaises(AccessError):
                job.action_run()

    def test_what_is_internal_cannot_be_called_from_outside(self):
        public = {
            "sentinel.job": {
                "catalog",
                "trigger",
                "health",
                "watch",
                "action_plan",
                "action_run",
                "action_simulate",
                "action_open_runs",
                "action_open_cron",
                "pause",
                "resume",
                "stop_all",
                "resume_all",
                "action_pause",
                "action_resume",
            },
            "sentinel.run": {
                "status",
                "read_lines",
                "export_runs",
                "export_lines",
                "export_days",
                "acknowledge",
                "erase",
                "action_apply",
                "action_simulate",
                "action_open_lines",
                "approve",
                "deny",
                "cancel",
                "action_approve",
                "action_deny",
                "action_cancel_run",
                "undo",
                "retry",
                "action_undo",
                "action_retry",
                "action_open_follow_ups",
            },
            "sentinel.run.line": {"action_open_record", "action_apply_chosen", "action_exclude"},
            "sentinel.exclusion": {"action_end"},
            "sentinel.attempt": {"action_release", "action_open_record"},
            "sentinel.reason": {"action_confirm"},
            "sentinel.erasure": {"action_confirm", "default_get"},
            "sentinel.stop": {"action_stop_all", "action_resume_all"},
            "sentinel.repair.loop": {"action_open_record"},
            "sentinel.mark": {"action_open_record", "action_ask_again"},
            "sentinel.task": set(),
            "sentinel.chain": {"action_open_places"},
            "sentinel.chain.entry": {"action_open"},
            "sentinel.retention": {"action_save", "default_get"},
        }
        with self.root() as env:
            ours = "odoo.addons.sentinel_ops_addon"
            models = [
                name
                for name, model in env.registry.items()
                if name.startswith("sentinel.")
                and any(base.__module__.startswith(ours) for base in model.__mro__)
            ]
            for name in models:
                own = {
                    attribute
                    for base in env.registry[name].__mro__
                    if base.__module__.startswith(ours)
                    for attribute, value in vars(base).items()
                    if callable(value)
                    and not attribute.startswith("_")
                    and attribute not in ("create", "write", "unlink", "copy_data", "init")
                }
                self.assertEqual(own, public.get(name, set()), name)
            for name, method in [
                ("sentinel.run", "_dispatch"),
                ("sentinel.job", "_run_schedule"),
                ("sentinel.operation.orders.cancel", "_apply"),
            ]:
                with self.assertRaises(AccessError):
                    get_public_method(env[name], method)

    def test_no_context_key_lifts_a_guard(self):
        ids = self.make_orders([100, 101])
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).max_records = 1
        with self.as_user(self.operator_id) as env:
            uid = (
                env["sentinel.job"]
                .with_context(force=True, su=True, max_records=99, no_guard=True)
                .trigger(self.code, "live", {"days": 90})["uid"]
            )
        self.assertEqual(self.finish(uid)["status"], "aborted")
        self.assertEqual(set(self.states(ids)), {"draft"})
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).max_records = 1000

    def test_run_as_somebody_else_needs_an_administrator(self):
        with self.as_user(self.manager_id) as env:
            job = env["sentinel.job"].browse(self.job_id)
            with self.refused(env, AccessError, "administrator"):
                job.run_as_id = self.operator_id
            with self.refused(env, AccessError, "administrator"):
                self.make_job(env, f"mine_{self.mark}", "clean_old_orders")

    def test_no_default_lends_another_s_eyes(self):
        values = {"code": f"sneaky_{self.mark}", "task": "clean_old_orders"}
        with self.as_user(self.manager_id) as env:
            task = env["sentinel.task"].search([("code", "=", values["task"])])
            values = {"name": "Sneaky", "code": values["code"], "task_id": task.id}
            sneaky = env["sentinel.job"].with_context(default_run_as_id=self.user_id)
            with self.refused(env, AccessError, "administrator"):
                sneaky.create(values)
            env["ir.default"].set("sentinel.job", "run_as_id", self.user_id, user_id=True)
            with self.refused(env, AccessError, "administrator"):
                env["sentinel.job"].create(values)
            env["ir.default"].search([("user_id", "=", self.manager_id)]).unlink()

    def test_another_task_is_seen_with_one_s_own_eyes(self):
        with self.root() as env:
            code = f"switched_{self.mark}"
            job_id = self.make_job(env, code, "clean_old_orders").id
        with self.as_user(self.manager_id) as env:
            job = env["sentinel.job"].browse(job_id)
            self.assertEqual(job.run_as_id.id, self.user_id)
            job.task_id = env["sentinel.task"].search([("code", "=", "check_records")])
            self.assertEqual(job.run_as_id.id, self.manager_id)
            self.assertEqual(job._own_parameters()["model"], "res.partner")

    def test_a_copy_is_seen_with_one_s_own_eyes(self):
        with self.as_user(self.manager_id) as env:
            copy = env["sentinel.job"].browse(self.job_id).copy()
            self.assertEqual(copy.run_as_id.id, self.manager_id)
            self.assertNotEqual(copy.code, self.code)

    def test_never_as_the_superuser(self):
        with self.root() as env, self.refused(env, ValidationError, "superuser"):
            env["sentinel.job"].browse(self.job_id).run_as_id = env.ref("base.user_root")

    def test_a_rule_is_run_by_whoever_wrote_it(self):
        with self.root() as env:
            code = f"rule_{self.mark}"
            job_id = self.make_job(env, code, "check_records").id
        with self.as_user(self.manager_id) as env:
            job = env["sentinel.job"].browse(job_id)
            job.parameters = {"condition": "[('phone', '=', False)]"}
            self.assertEqual(job.run_as_id.id, self.manager_id)

    def test_the_job_s_company_only(self):
        (mine,) = self.make_orders([100])
        with self.root() as env:
            other = env["res.company"].create({"name": f"Other {self.mark}"})
            env["res.users"].browse(self.user_id).company_ids = [(4, other.id)]
            other_id = other.id
        (theirs,) = self.make_orders([200], company_id=other_id)
        run = self.run_job("live", days=90)
        self.assertEqual(self.outcomes(run["uid"]), {mine: "done"})
        self.assertEqual(self.states([mine, theirs]), ["cancel", "draft"])

    def test_runs_of_other_companies_are_out_of_sight(self):
        uid = self.run_job("plan", days=90)["uid"]
        with self.root() as env:
            elsewhere = env["res.company"].create({"name": f"Far {self.mark}"})
            stranger = self.new_user(
                env, "far_viewer", ["sentinel_ops_addon.group_viewer"], elsewhere
            ).id
        with self.as_user(stranger) as env:
            self.assertFalse(env["sentinel.run"].search([("uid", "=", uid)]))
            self.assertFalse(env["sentinel.job"].search([("code", "=", self.code)]))

    def test_the_run_as_user_s_rights_count(self):
        """A job cannot do what its user may not: without sales rights, nothing."""
        (order,) = self.make_orders([100])
        with self.root() as env:
            code = f"weak_{self.mark}"
            self.make_job(env, code, "clean_old_orders", run_as_id=self.nobody_id)
        run = self.run_job("live", code=code, days=90)
        self.assertEqual(run["status"], "failure")
        self.assertIn("Sales", run["error"])
        self.assertEqual(self.states([order]), ["draft"])
