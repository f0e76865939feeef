from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError

from ..engine import dispatcher, guards, slices
from ..engine.dispatcher import dispatch
from ..engine.errors import ApprovalMissing
from .common import OrderCase

DOOR = "odoo.addons.sentinel_ops_addon.models.sentinel_approval.door_of"


class TestApproval(OrderCase):
    """Other people's consent: who may give it, to what, and what it takes to go on."""

    @classmethod
    def set_up_records(cls, env):
        approver = ["sentinel_ops_addon.group_approver"]
        operator = ["sentinel_ops_addon.group_operator"]
        cls.anna_id = cls.new_user(env, "anna", approver).id
        cls.bert_id = cls.new_user(env, "bert", approver).id
        cls.operator_id = cls.new_user(env, "operator", operator + approver).id
        cls.editor_id = cls.new_user(
            env, "editor", ["sentinel_ops_addon.group_manager", *approver]
        ).id
        cls.robot_id = cls.new_user(env, "robot", ["sales_team.group_sale_manager", *approver]).id
        cls.policy_id = (
            env["sentinel.approval.policy"]
            .create(
                {
                    "name": f"By size {cls.mark}",
                    "rule_ids": [
                        (0, 0, {"measure": "records", "above": 1, "approvers": "1"}),
                        (0, 0, {"measure": "amount", "above": 50, "approvers": "2"}),
                    ],
                }
            )
            .id
        )
        env["sentinel.job"].browse(cls.job_id).write(
            {"approval_policy_id": cls.policy_id, "run_as_id": cls.robot_id}
        )

    def setUp(self):
        super().setUp()
        # As if by a person in a browser; the door itself is tested from outside.
        door = patch(DOOR, lambda env: self.door)
        self.door = "session"
        door.start()
        self.addCleanup(door.stop)
        with self.root() as env:
            job = env["sentinel.job"].browse(self.job_id)
            job.last_editor_id = job.approval_policy_id.last_editor_id = False

    def ask(self, mode="live", **kwargs):
        return self.trigger(mode, user_id=self.operator_id, days=90, **kwargs)["uid"]

    def waiting(self, **kwargs):
        """A live run that waits for approval."""
        uid = self.ask(**kwargs)
        dispatch(self.dbname)
        run = self.status(uid)
        self.assertEqual((run["state"], run["awaits"]), ("waiting", "approval"))
        return uid

    def approve(self, user_id, uid, comment=""):
        with self.as_user(user_id) as env:
            return env["sentinel.run"].approve(uid, comment)

    def test_at_the_boundary_nobody_is_asked(self):
        self.make_orders([100])
        self.assertEqual(self.finish(self.ask())["updated"], 1)

    def test_one_other_person(self):
        ids = self.make_orders([100, 101])
        uid = self.waiting()
        run = self.status(uid)
        self.assertIn("0 of 1 so far; 2 records, more than 1", self.guard_message(run, "approval"))
        dispatch(self.dbname)  # asking again changes nothing
        self.assertEqual(set(self.states(ids)), {"draft"})
        answer = self.approve(self.anna_id, uid, "looked at both")
        self.assertEqual(answer["plan"], run["plan"])
        self.assertEqual(answer["digest"], self.status(run["plan"])["digest"])
        run = self.finish(uid)
        self.assertEqual((run["status"], run["updated"]), ("success", 2))
        self.assertIn(f"anna_{self.mark}", self.guard_message(run, "approval"))
        self.assertEqual(run["approvals"][0]["comment"], "looked at both")

    def test_two_other_people(self):
        ids = self.make_orders([100 + i for i in range(6)])  # 60.00
        uid = self.waiting()
        self.approve(self.anna_id, uid)
        dispatch(self.dbname)
        run = self.status(uid)
        self.assertEqual((run["state"], run["awaits"]), ("waiting", "approval"))
        self.assertIn("1 of 2", self.guard_message(run, "approval"))
        with self.assertRaisesRegex(UserError, "already"):
            self.approve(self.anna_id, uid)
        self.assertEqual(set(self.states(ids)), {"draft"})
        self.approve(self.bert_id, uid)
        self.assertEqual(self.finish(uid)["updated"], 6)

    def test_a_saved_plan_is_approved_first_and_run_then(self):
        self.make_orders([100, 101])
        plan = self.finish(self.ask("plan"))
        self.assertEqual((plan["status"], self.verdicts(plan)["approval"]), ("dry_run", "wait"))
        self.approve(self.anna_id, plan["uid"])
        uid = self.trigger("live", user_id=self.operator_id, plan=plan["uid"])["uid"]
        self.assertEqual(self.finish(uid)["updated"], 2)

    def test_status_names_those_who_may_decide(self):
        self.make_orders([100 + i for i in range(6)])  # 60.00: two people
        anna, bert, editor = (f"{name}_{self.mark}" for name in ("anna", "bert", "editor"))
        plan = self.finish(self.ask("plan"))
        uid = self.trigger("live", user_id=self.operator_id, plan=plan["uid"])["uid"]
        dispatch(self.dbname)

        def deciders():
            found = self.status(plan["uid"])["deciders"]
            self.assertEqual(found, self.status(uid)["deciders"])
            # Others than ours may be approvers of this database.
            return {login for login in found if login.endswith(self.mark)}

        self.assertEqual(deciders(), {anna, bert, editor})
        with self.as_user(self.editor_id) as env:
            env["sentinel.job"].browse(self.job_id).max_records = 998
        self.assertEqual(deciders(), {anna, bert}, "who edits after the plan is barred, too")
        self.approve(self.anna_id, uid)
        dispatch(self.dbname)
        self.assertEqual(deciders(), {bert})
        self.approve(self.bert_id, uid)
        self.finish(uid)
        self.assertEqual(deciders(), set(), "nothing is left to decide")
        self.assertFalse(self.status(uid)["decide_by_key"])

    def test_an_approval_is_for_that_plan_only(self):
        self.make_orders([100, 101])
        plan = self.finish(self.ask("plan"))
        self.approve(self.anna_id, plan["uid"])
        self.waiting()  # makes a plan of its own

    def test_a_part_that_is_small_enough_needs_nobody(self):
        self.make_orders([100, 101])
        plan = self.finish(self.ask("plan"))
        uid = self.trigger("live", user_id=self.operator_id, plan=plan["uid"], lines=[1])["uid"]
        self.assertEqual(self.finish(uid)["updated"], 1)

    def test_who_is_barred(self):
        self.make_orders([100, 101])
        with self.as_user(self.editor_id) as env:
            env["sentinel.job"].browse(self.job_id).max_records = 999
        uid = self.waiting()
        with self.root() as env:
            viewer = self.new_user(env, "onlooker", ["sentinel_ops_addon.group_viewer"]).id
            company = env["res.company"].create({"name": f"Elsewhere {self.mark}"})
            stranger = self.new_user(
                env, "stranger", ["sentinel_ops_addon.group_approver"], company
            ).id
            plan_ref = env["sentinel.run"]._by_uid(uid).plan_ref
        for user_id, words in [
            (self.operator_id, "You asked for it"),
            (self.robot_id, "runs as you"),
            (self.editor_id, "last to change"),
            (viewer, "Only Sentinel approvers"),
        ]:
            with self.subTest(words), self.assertRaisesRegex(AccessError, words):
                self.approve(user_id, uid)
            # Below the button and below the remote call.
            with self.as_user(user_id) as env, self.assertRaises(AccessError):
                env["sentinel.approval"].sudo().create(
                    {"plan_ref": plan_ref, "decision": "approve"}
                )
        with self.assertRaisesRegex(UserError, "no run"):
            self.approve(stranger, uid)
        with self.as_user(stranger) as env, self.assertRaises(AccessError):
            env["sentinel.approval"].sudo().create({"plan_ref": plan_ref, "decision": "approve"})
        with self.root() as env:
            env.user.group_ids = [(4, env.ref("sentinel_ops_addon.group_approver").id)]
            with self.refused(env, AccessError, "no person"):
                plan = env["sentinel.run"].browse(plan_ref)
                env["sentinel.approval"]._decide(plan, "approve", "")
        self.assertEqual(self.status(uid)["approvals"], [])

    def test_administrators_are_not_excepted(self):
        self.make_orders([100, 101])
        with self.root() as env:
            env["res.users"].browse(self.operator_id).group_ids = [
                (4, env.ref("base.group_system").id),
                (4, env.ref("sentinel_ops_addon.group_manager").id),
            ]
        uid = self.waiting()
        with self.assertRaisesRegex(AccessError, "You asked for it"):
            self.approve(self.operator_id, uid)

    def test_the_last_editor_of_the_policy_is_barred(self):
        self.make_orders([100, 101])
        with self.root() as env:
            rules = env["sentinel.approval.policy"].browse(self.policy_id).rule_ids
            rule = rules.filtered(lambda rule: rule.measure == "records").id
        with self.as_user(self.editor_id) as env:
            env["sentinel.approval.rule"].browse(rule).above = 0
            env["sentinel.approval.rule"].browse(rule).above = 1
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).last_editor_id = False
        uid = self.waiting()
        with self.assertRaisesRegex(AccessError, "last to change"):
            self.approve(self.editor_id, uid)

    def test_by_key_only_where_a_manager_allowed_it(self):
        self.make_orders([100, 101])
        self.door = "key"
        uid = self.waiting()
        with self.assertRaisesRegex(AccessError, "in the browser"):
            self.approve(self.anna_id, uid)
        with self.as_user() as env:
            env["sentinel.approval.policy"].browse(self.policy_id).allow_keys = True
        # The policy is that of the plan, frozen: only the next plan knows the new one.
        with self.assertRaisesRegex(AccessError, "in the browser"):
            self.approve(self.anna_id, uid)
        again = self.waiting()
        self.approve(self.anna_id, again)
        self.assertEqual(self.finish(again)["status"], "success")
        with self.as_user() as env:
            env["sentinel.approval.policy"].browse(self.policy_id).allow_keys = False

    def test_the_policy_is_frozen_into_the_plan(self):
        self.make_orders([100, 101])
        plan = self.finish(self.ask("plan"))
        self.set_job(approval_policy_id=False)
        uid = self.trigger("live", user_id=self.operator_id, plan=plan["uid"])["uid"]
        dispatch(self.dbname)
        self.assertEqual(self.status(uid)["awaits"], "approval")

    def test_denied(self):
        ids = self.make_orders([100, 101])
        uid = self.waiting()
        with self.as_user(self.anna_id) as env:
            with self.refused(env, ValidationError, "Say why"):
                env["sentinel.run"].deny(uid, " ")
            env["sentinel.run"].deny(uid, "Wrong customers")
        run = self.finish(uid)
        self.assertEqual(run["status"], "aborted")
        self.assertIn("Wrong customers", run["error"])
        self.assertEqual(run["outcomes"], {"not_attempted": 2})
        self.assertEqual(set(self.states(ids)), {"draft"})

    def test_it_expires(self):
        ids = self.make_orders([100, 101])
        uid = self.waiting()
        self.forge(
            "UPDATE sentinel_run SET expires_at = now() - interval '1 hour' WHERE uid IN (%s, %s)",
            [uid, self.status(uid)["plan"]],
        )
        with self.assertRaisesRegex(UserError, "expired"):
            self.approve(self.anna_id, uid)
        run = self.finish(uid)
        self.assertEqual((run["status"], run["awaits"]), ("aborted", ""))
        self.assertIn("expired", run["error"])
        self.assertEqual(set(self.states(ids)), {"draft"})

    def test_consent_to_chosen_lines_is_for_those_only(self):
        self.make_orders([100, 101, 102])
        plan = self.finish(self.ask("plan"))["uid"]
        part, whole = (
            self.trigger("live", user_id=self.operator_id, plan=plan, lines=lines)["uid"]
            for lines in ([1, 2], None)
        )
        dispatch(self.dbname)
        self.approve(self.anna_id, part)
        self.assertEqual(self.finish(part)["updated"], 2)
        run = self.status(whole)
        self.assertEqual((run["state"], run["awaits"]), ("waiting", "approval"))
        other = self.trigger("live", user_id=self.operator_id, plan=plan, lines=[2, 3])["uid"]
        dispatch(self.dbname)
        self.assertEqual(self.status(other)["awaits"], "approval")
        self.assertEqual([given["lines"] for given in run["approvals"]], [[1, 2]])
        with self.as_user(self.anna_id) as env:
            about = env["sentinel.run"]._by_uid(whole).approval_ids.mapped("about")
        self.assertEqual(about, ["2 chosen lines"])
        # She may go on to decide about the rest; about those lines she did already.
        with self.assertRaisesRegex(UserError, "already"):
            self.approve(self.anna_id, part)
        self.approve(self.anna_id, whole)
        self.assertEqual(self.finish(whole)["updated"], 1)

    def test_consent_to_a_plan_is_for_a_part_of_it_too(self):
        self.make_orders([100, 101, 102])
        plan = self.finish(self.ask("plan"))["uid"]
        self.approve(self.anna_id, plan)
        part = self.trigger("live", user_id=self.operator_id, plan=plan, lines=[1, 2])["uid"]
        self.assertEqual(self.finish(part)["updated"], 2)

    def test_what_was_denied_is_not_done_in_small_parts(self):
        ids = self.make_orders([100, 101, 102, 103])
        plan = self.finish(self.ask("plan"))["uid"]
        some = self.trigger("live", user_id=self.operator_id, plan=plan, lines=[1, 2])["uid"]
        dispatch(self.dbname)
        with self.as_user(self.anna_id) as env:
            env["sentinel.run"].deny(some, "Not these two")
        for lines, status in ([1], "aborted"), ([3], "success"):
            uid = self.trigger("live", user_id=self.operator_id, plan=plan, lines=lines)["uid"]
            self.assertEqual(self.finish(uid)["status"], status)
        with self.as_user(self.anna_id) as env:
            env["sentinel.run"].deny(plan, "Nothing of it")
        uid = self.trigger("live", user_id=self.operator_id, plan=plan, lines=[4])["uid"]
        run = self.finish(uid)
        self.assertEqual(run["status"], "aborted")
        self.assertIn("Nothing of it", run["error"])
        self.assertEqual(self.states(ids).count("cancel"), 1)

    def test_a_denial_outlasts_the_right_to_decide(self):
        ids = self.make_orders([100, 101])
        plan = self.finish(self.ask("plan"))["uid"]
        with self.as_user(self.editor_id) as env:
            env["sentinel.run"].deny(plan, "Wrong customers")
        self.approve(self.anna_id, plan)
        # As the requester, who denied it may not decide any more.
        uid = self.trigger("live", user_id=self.editor_id, plan=plan)["uid"]
        self.assertEqual(self.finish(uid)["status"], "aborted")
        self.assertEqual(set(self.states(ids)), {"draft"})

    def test_who_changes_the_job_after_the_plan_is_barred_too(self):
        ids = self.make_orders([100, 101])
        self.set_job(max_records=1)
        plan = self.finish(self.ask("plan"))["uid"]
        self.approve(self.bert_id, plan)
        with self.as_user(self.editor_id) as env:
            env["sentinel.job"].browse(self.job_id).max_records = 2
        with self.assertRaisesRegex(AccessError, "last to change"):
            self.approve(self.editor_id, plan)
        # Nor may who consented make room for it afterwards.
        with self.root() as env:
            manager = env.ref("sentinel_ops_addon.group_manager").id
            env["res.users"].browse(self.bert_id).group_ids = [(4, manager)]
        with self.as_user(self.bert_id) as env:
            env["sentinel.job"].browse(self.job_id).max_records = 3
        uid = self.trigger("live", user_id=self.operator_id, plan=plan)["uid"]
        dispatch(self.dbname)
        self.assertEqual(self.status(uid)["awaits"], "approval")
        self.assertEqual(set(self.states(ids)), {"draft"})

    def test_nobody_else_becomes_the_last_editor(self):
        with self.as_user(self.editor_id) as env:
            job = env["sentinel.job"].browse(self.job_id)
            policy = env["sentinel.approval.policy"].browse(self.policy_id)
            job.max_records = 998
            policy.name = f"Renamed {self.mark}"
            for record in (job, policy):
                with self.refused(env, AccessError, "last changed"):
                    record.last_editor_id = self.anna_id
                self.assertEqual(record.last_editor_id.id, self.editor_id)
            job.max_records = 1000

    def test_who_moves_a_rule_away_changed_that_policy(self):
        with self.root() as env:
            policies = env["sentinel.approval.policy"].create(
                [
                    {"name": f"From {self.mark}", "rule_ids": [(0, 0, {"above": 1})]},
                    {"name": f"To {self.mark}"},
                ]
            )
            one, other = policies.ids
        with self.as_user(self.editor_id) as env:
            policies = env["sentinel.approval.policy"].browse([one, other])
            policies[0].rule_ids.policy_id = other
            self.assertEqual(policies.last_editor_id.ids, [self.editor_id])
            self.assertEqual(policies[0].last_editor_id.id, self.editor_id)

    def at_the_very_moment(self, call):
        """Have ``call`` done and committed while a run finds out that it has to wait."""
        called = []

        def judge(run):
            try:
                return guards.judge(run)
            except ApprovalMissing:
                if not called:
                    called.append(True)
                    call()
                raise

        self.patch(slices, "judge", judge)

    def test_a_decision_at_the_very_moment_is_heard(self):
        self.make_orders([100, 101])
        uid = self.ask()
        self.at_the_very_moment(lambda: self.approve(self.anna_id, uid))
        self.assertEqual(self.finish(uid)["updated"], 2)

    def test_a_cancel_at_the_very_moment_is_heard(self):
        self.make_orders([100, 101])
        uid = self.ask()

        def cancel():
            with self.as_user(self.operator_id) as env:
                env["sentinel.run"].cancel(uid, "not needed")

        self.at_the_very_moment(cancel)
        self.assertEqual(self.finish(uid)["status"], "cancelled")

    def test_it_holds_nobody_up_and_can_be_cancelled(self):
        self.make_orders([100, 101])
        uid = self.waiting()
        plan = self.finish(self.ask("plan"))
        small = self.trigger("live", user_id=self.operator_id, plan=plan["uid"], lines=[2])["uid"]
        self.assertEqual(self.finish(small)["updated"], 1)
        with self.as_user(self.operator_id) as env:
            env["sentinel.run"].cancel(uid, "not needed any more")
        self.assertEqual(self.finish(uid)["status"], "cancelled")

    def test_what_changed_meanwhile_is_left_alone(self):
        first, second = self.make_orders([100, 101])
        uid = self.waiting()
        with self.root() as env:
            env["sale.order"].browse(first).client_order_ref = "please wait"
        self.approve(self.anna_id, uid)
        self.finish(uid)
        self.assertEqual(self.outcomes(uid), {first: "skipped_changed", second: "done"})

    def test_what_sql_put_there_does_not_count(self):
        ids = self.make_orders([100, 101])
        uid = self.waiting()
        self.sql(
            """
            INSERT INTO sentinel_approval (plan_ref, plan_uid, plan_digest, user_ref, login,
                                           decision, via, at, proof, company_ref)
            SELECT plan.id, plan.uid, plan.plan_digest, %s, 'anna', 'approve', 'session', now(),
                   'forged', plan.company_ref
              FROM sentinel_run live JOIN sentinel_run plan ON plan.id = live.plan_ref
             WHERE live.uid = %s
            """,
            [self.anna_id, uid],
        )
        self.sql("UPDATE sentinel_run SET awaits = NULL WHERE uid = %s", [uid])
        dispatch(self.dbname)
        self.assertEqual(self.status(uid)["awaits"], "approval")
        self.assertEqual(set(self.states(ids)), {"draft"})
        with self.root() as env:
            problems = {problem["code"] for problem in env["sentinel.job"].health()["problems"]}
        self.assertIn("approval_forged", problems)
        self.sql("DELETE FROM sentinel_approval WHERE proof = 'forged'")

    def test_a_decision_stays(self):
        self.make_orders([100, 101])
        uid = self.waiting()
        self.approve(self.anna_id, uid)
        with self.root() as env:
            decision = env["sentinel.approval"].search([], limit=1, order="id desc")
            with self.refused(env, UserError, "cannot be changed"):
                decision.decision = "deny"
            with self.refused(env, UserError, "cannot be taken back"):
                decision.unlink()
        self.finish(uid)

    def test_a_scheduled_run_above_its_limit_waits_and_does_not_pile_up(self):
        ids = self.make_orders([100, 101])
        self.patch(dispatcher, "SLICE", 5)
        for _moment in range(2):
            with self.root() as env:
                job = env["sentinel.job"].browse(self.job_id)
                job.write({"schedule_active": True, "schedule_mode": "live"})
                job.cron_id.nextcall = "2026-01-01 00:00:00" if _moment else "2026-01-02 00:00:00"
                env["sentinel.job"]._run_schedule(self.job_id)
            dispatch(self.dbname)
        runs = self.sql(
            "SELECT uid, state, final_status FROM sentinel_run "
            "WHERE job_ref = %s AND source = 'schedule' ORDER BY id",
            [self.job_id],
        )
        self.assertEqual([run[1:] for run in runs], [("waiting", None), ("done", "aborted")])
        self.assertEqual(set(self.states(ids)), {"draft"})
        self.approve(self.anna_id, runs[0][0])
        self.assertEqual(self.finish(runs[0][0])["updated"], 2)
        self.set_job(schedule_active=False)
