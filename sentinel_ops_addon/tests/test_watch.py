import xmlrpc.client
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.service import model as service
from odoo.tools import config

from ..engine.dispatcher import dispatch
from ..engine.liveness import holding
from .common import OrderCase

UPTIME = "odoo.addons.sentinel_ops_addon.engine.health.server_uptime"


class WatchCase(OrderCase):
    @classmethod
    def set_up_records(cls, env):
        for name in ("viewer", "auditor", "operator", "approver"):
            groups = [f"sentinel_ops_addon.group_{name}"]
            setattr(cls, f"{name}_id", cls.new_user(env, name, groups).id)
        cls.nobody_id = cls.new_user(env, "nobody", []).id

    def watch(self, user_id=None):
        with self.as_user(user_id or self.auditor_id) as env:
            answer = env["sentinel.job"].watch()
        # As strict as Odoo's own marshaller: no None at any depth, no long integers.
        xmlrpc.client.dumps((answer,), allow_none=False)
        return answer

    def job(self, code=None, user_id=None):
        jobs = {job["code"]: job for job in self.watch(user_id)["jobs"]}
        return jobs[code or self.code]


class TestWatch(WatchCase):
    """What an observer outside is told."""

    def test_exactly_these_keys(self):
        self.make_orders([100, 101])
        self.set_policy()
        self.trigger("live", days=90)
        dispatch(self.dbname)
        with self.as_user() as env:
            env["sentinel.job"].pause(self.code, "Stocktaking")
        self.addCleanup(self.resume)
        answer = self.watch()
        keys = {
            "": "contract addon_version chain database now jobs runs approvals stops problems key",
            "jobs": "code name company tags owner severity runbook scheduled expected_at "
            "grace_seconds max_runtime_seconds paused paused_reason paused_by paused_at url",
            "runs": "uid job mode state requested_at started_at requested_by waits_for url",
            "approvals": "plan run job requested_by requested_at expires_at approvals_needed "
            "approvals_given selected amount currency url",
            "stops": "scope by at reason",
        }
        self.assertEqual(set(answer), set(keys[""].split()))
        self.assertEqual(answer["problems"], [])
        for name in ("jobs", "runs", "approvals", "stops"):
            self.assertTrue(answer[name], name)
            for entry in answer[name]:
                self.assertEqual(set(entry), set(keys[name].split()))
        self.assertEqual(set(answer["key"]), {"kind", "expires_at"})
        self.assertEqual(answer["database"], self.dbname)

    def set_policy(self, approvers="1"):
        with self.root() as env:
            policy = env["sentinel.approval.policy"].create(
                {
                    "name": f"Above one {self.mark} {self._testMethodName[-20:]}",
                    "allow_keys": True,
                    "rule_ids": [
                        (0, 0, {"measure": "records", "above": 1, "approvers": approvers})
                    ],
                }
            )
            policy_id = policy.id
        self.set_job(approval_policy_id=policy_id)

    def resume(self):
        with self.as_user() as env:
            env["sentinel.job"].resume(self.code, "done")

    def test_what_a_manager_set_for_alerts(self):
        entry = self.job()
        self.assertEqual(
            [entry[name] for name in ("owner", "severity", "runbook", "grace_seconds")],
            ["", "warning", "", 900],
        )
        self.assertEqual(entry["max_runtime_seconds"], 3600)
        with self.as_user() as env:
            env["sentinel.job"].browse(self.job_id).write(
                {
                    "owner_id": self.viewer_id,
                    "alert_severity": "critical",
                    "runbook_url": "https://wiki.example.com/orders?id=1",
                    "grace_minutes": 30,
                    "has_max_runtime": False,
                }
            )
        wanted = {
            "owner": f"viewer_{self.mark}",
            "severity": "critical",
            "runbook": "https://wiki.example.com/orders?id=1",
            "grace_seconds": 1800,
            "max_runtime_seconds": -1,
        }
        entry = self.job()
        self.assertEqual({name: entry[name] for name in wanted}, wanted)
        with self.as_user() as env:
            jobs = env["sentinel.job"].catalog()["jobs"]
        entry = next(job for job in jobs if job["code"] == self.code)
        self.assertEqual({name: entry[name] for name in wanted}, wanted)
        (before, after) = self.sql(
            "SELECT before, after FROM sentinel_event WHERE model = 'sentinel.job' "
            "AND record_ref = %s AND kind = 'changed' ORDER BY id DESC LIMIT 1",
            [self.job_id],
        )[0]
        self.assertEqual(
            after,
            {
                "owner_id": self.viewer_id,
                "alert_severity": "critical",
                "runbook_url": "https://wiki.example.com/orders?id=1",
                "grace_minutes": 30,
                "has_max_runtime": False,
            },
        )
        self.assertEqual((before["alert_severity"], before["grace_minutes"]), ("warning", 15))
        with self.as_user() as env:
            env["sentinel.job"].browse(self.job_id).write(
                {
                    "owner_id": False,
                    "alert_severity": "warning",
                    "runbook_url": False,
                    "grace_minutes": 15,
                    "has_max_runtime": True,
                }
            )

    def test_zero_is_not_no_limit(self):
        for values in ({"max_runtime": 0}, {"grace_minutes": 0}, {"max_runtime": 600_000}):
            with self.root() as env, self.assertLogs("odoo.sql_db", "ERROR"):
                with self.refused(env, Exception, "minutes|check"):
                    env["sentinel.job"].browse(self.job_id).write(values)
                    env.flush_all()

    def test_a_runbook_is_a_web_address(self):
        for text in ("javascript:alert(1)", "see the wiki", "https:// x", "https://"):
            with self.root() as env, self.refused(env, ValidationError, "web address"):
                env["sentinel.job"].browse(self.job_id).runbook_url = text

    def test_who_may_ask(self):
        for user_id in (self.viewer_id, self.auditor_id, self.user_id):
            self.assertTrue(self.watch(user_id)["jobs"])
        with self.as_user(self.nobody_id) as env, self.refused(env, AccessError):
            env["sentinel.job"].watch()

    def test_of_the_caller_s_companies_only(self):
        with self.root() as env:
            far = env["res.company"].create({"name": f"Far {self.mark}"})
            stranger = self.new_user(env, "far_auditor", ["sentinel_ops_addon.group_auditor"], far)
            stranger_id = stranger.id
        self.make_orders([100, 101])
        self.set_policy()
        uid = self.trigger("live", days=90)["uid"]
        dispatch(self.dbname)
        with self.as_user() as env:
            env["sentinel.job"].pause(self.code, "Stocktaking")
        self.addCleanup(self.resume)
        ours, theirs = self.watch(), self.watch(stranger_id)
        self.assertIn(uid, [run["uid"] for run in ours["runs"]])
        self.assertIn(uid, [wait["run"] for wait in ours["approvals"]])
        self.assertIn(self.code, [stop["scope"] for stop in ours["stops"]])
        self.assertNotIn(self.code, str(theirs))
        self.assertNotIn(uid, str(theirs))
        with self.as_user(stranger_id) as env:
            elsewhere = env["sentinel.job"].with_context(allowed_company_ids=[self.company_id])
            with self.refused(env, AccessError):
                elsewhere.watch()

    def test_a_run_is_there_until_it_ends(self):
        uid = self.trigger("plan", days=90, user_id=self.operator_id)["uid"]
        (run,) = (run for run in self.watch()["runs"] if run["uid"] == uid)
        self.assertEqual(
            (run["job"], run["mode"], run["state"], run["waits_for"], run["started_at"]),
            (self.code, "plan", "queued", "turn", ""),
        )
        self.assertEqual(run["requested_by"], f"operator_{self.mark}")
        self.finish(uid)
        self.assertNotIn(uid, [run["uid"] for run in self.watch()["runs"]])

    def test_consent_that_is_waited_for(self):
        self.make_orders([100, 101, 102])
        self.set_policy("2")
        uid = self.trigger("live", days=90, user_id=self.operator_id)["uid"]
        dispatch(self.dbname)
        with self.root() as env:
            live = env["sentinel.run"].search([("uid", "=", uid)])
            plan, expires = live.plan_uid, fields.Datetime.to_string(live.expires_at)

        def waiting():
            return [wait for wait in self.watch()["approvals"] if wait["plan"] == plan]

        (wait,) = waiting()
        self.assertEqual(
            {name: wait[name] for name in wait if name not in ("requested_at", "url")},
            {
                "plan": plan,
                "run": uid,
                "job": self.code,
                "requested_by": f"operator_{self.mark}",
                "expires_at": expires,
                "approvals_needed": 2,
                "approvals_given": 0,
                "selected": 3,
                "amount": "30.00",
                "currency": wait["currency"],
            },
        )
        self.assertTrue(wait["currency"])
        runs = {run["uid"]: run["waits_for"] for run in self.watch()["runs"]}
        self.assertEqual(runs[uid], "approval")
        with self.as_user(self.approver_id) as env:
            env["sentinel.run"].approve(uid)
        dispatch(self.dbname)
        self.assertEqual([wait["approvals_given"] for wait in waiting()], [1])
        # Who changed the job since does not count any more.
        self.sql(
            "UPDATE sentinel_job SET last_editor_id = %s WHERE id = %s",
            [self.approver_id, self.job_id],
        )
        self.assertEqual([wait["approvals_given"] for wait in waiting()], [0])
        with self.as_user(self.operator_id) as env:
            env["sentinel.run"].cancel(uid, "enough")
        self.finish(uid)
        self.assertEqual(waiting(), [])

    def test_the_wait_for_consent_is_no_work(self):
        """How long a run takes is counted from its consent on: nothing was changed before."""
        self.make_orders([100, 101, 102])
        self.set_policy()
        uid = self.trigger("live", days=90, user_id=self.operator_id)["uid"]

        def run():
            (found,) = (run for run in self.watch()["runs"] if run["uid"] == uid)
            return found["waits_for"], bool(found["started_at"])

        dispatch(self.dbname)
        self.assertEqual(run(), ("approval", False))
        with self.as_user(self.approver_id) as env:
            env["sentinel.run"].approve(uid)
        self.assertEqual(run(), ("turn", False))
        with patch("odoo.addons.sentinel_ops_addon.engine.dispatcher.budget", lambda: 0.001):
            with patch("odoo.addons.sentinel_ops_addon.engine.time_slice.SLICE", 0):
                dispatch(self.dbname)
        self.assertEqual(run(), ("turn", True))
        self.assertTrue(self.finish(uid)["started_at"])

    def test_a_plan_waits_once_somebody_consented(self):
        self.make_orders([100, 101, 102])
        self.set_policy("2")
        uid = self.run_job("plan", days=90, user_id=self.operator_id)["uid"]

        def waiting():
            return [wait["run"] for wait in self.watch()["approvals"] if wait["plan"] == uid]

        self.assertEqual(waiting(), [])
        with self.as_user(self.approver_id) as env:
            env["sentinel.run"].approve(uid)
        self.assertEqual(waiting(), [""])
        with self.root() as env:
            other_id = self.new_user(env, "second", ["sentinel_ops_addon.group_approver"]).id
        with self.as_user(other_id) as env:
            env["sentinel.run"].deny(uid, "No")
        self.assertEqual(waiting(), [])

    def test_stops_and_pauses(self):
        self.assertFalse(self.job()["paused"])
        with self.root() as env:
            fireman = self.new_user(env, "fireman", ["sentinel_ops_addon.group_emergency"]).id
        with self.as_user() as env:
            env["sentinel.job"].pause(self.code, "Stocktaking")
        with self.as_user(fireman) as env:
            env["sentinel.job"].stop_all("Wrong prices")
        answer = self.watch()
        stops = {stop["scope"]: (stop["by"], stop["reason"]) for stop in answer["stops"]}
        self.assertEqual(stops["all"], (f"fireman_{self.mark}", "Wrong prices"))
        self.assertEqual(stops[self.code], (f"keeper_{self.mark}", "Stocktaking"))
        entry = self.job()
        self.assertEqual(
            (entry["paused"], entry["paused_reason"], entry["paused_by"]),
            (True, "Stocktaking", f"keeper_{self.mark}"),
        )
        self.assertTrue(entry["paused_at"])
        with self.as_user(fireman) as env:
            env["sentinel.job"].resume_all("Right again")
        self.resume()
        self.assertEqual(self.watch()["stops"], [])
        self.assertEqual(self.job()["paused_at"], "")

    def queries(self):
        """How many one look takes, and how many entries it gives."""
        with self.as_user(self.auditor_id) as env:
            env["sentinel.job"].watch()  # what Odoo looks up once in a process
        with self.as_user(self.auditor_id) as env:
            before = env.cr.sql_log_count
            answer = env["sentinel.job"].watch()
            entries = [*answer["jobs"], *answer["runs"], *answer["approvals"]]
            return env.cr.sql_log_count - before, len(entries)

    def test_queries_do_not_grow_with_what_there_is(self):
        few, entries = self.queries()
        with self.root() as env:
            for number in range(12):
                code = f"many_{number}_{self.mark}"
                job = self.make_job(env, code, "clean_old_orders", owner_id=self.viewer_id)
                job.write({"schedule_active": True})
        self.set_job(owner_id=self.viewer_id)
        for number in range(12):
            self.trigger("plan", code=f"many_{number}_{self.mark}", days=90)
        many, more = self.queries()
        self.assertGreaterEqual(more, entries + 24)
        # A scheduled action and its owner each are read at once, for the first time here.
        self.assertLessEqual(many, few + 4)
        self.drain()
        with self.root() as env:
            env["sentinel.job"].search([("code", "like", "many_%")]).action_archive()

    def test_queries_do_not_grow_with_decisions(self):
        """Live runs and plans alike, each of a job of its own, and each decided about."""
        self.make_orders([100, 101])
        self.set_policy("2")

        def ask(numbers):
            for number in numbers:
                code = f"asks_{number}_{self.mark}"
                with self.root() as env:
                    policy = env["sentinel.job"].browse(self.job_id).approval_policy_id
                    self.make_job(env, code, "clean_old_orders", approval_policy_id=policy.id)
                uids = [self.run_job("plan", code=code, days=90)["uid"]]
                uids.append(self.trigger("live", code=code, days=90)["uid"])
                dispatch(self.dbname)
                for uid in uids:
                    with self.as_user(self.approver_id) as env:
                        env["sentinel.run"].approve(uid)
                dispatch(self.dbname)

        ask(range(2))
        few, entries = self.queries()
        self.assertEqual(len(self.watch()["approvals"]), 4)
        ask(range(2, 6))
        many, more = self.queries()
        self.assertEqual(more, entries + 4 * 4)
        self.assertEqual([wait["approvals_given"] for wait in self.watch()["approvals"]], [1] * 12)
        self.assertEqual(many, few)
        self.drain()
        with self.root() as env:
            env["sentinel.job"].search([("code", "like", "asks_%")]).action_archive()


class TestUnworked(WatchCase):
    """Whether anything works on requests: what health says, said to who watches."""

    def dispatcher(self, **values):
        with self.root() as env:
            env.ref("sentinel_ops_addon.ir_cron_dispatcher").write(values)

    def problems(self):
        return {problem["code"]: problem for problem in self.watch()["problems"]}

    def test_nothing_is_wrong(self):
        self.assertEqual(self.problems(), {})

    def test_the_dispatcher_is_switched_off(self):
        self.dispatcher(active=False)
        try:
            problems = self.problems()
            with self.as_user() as env:
                told = env["sentinel.job"].health()["problems"]
        finally:
            self.dispatcher(active=True)
        self.assertEqual(list(problems.values()), told)
        self.assertEqual(set(problems["dispatcher_off"]), {"code", "message", "remedy"})
        self.assertIn("Switch on", problems["dispatcher_off"]["remedy"])
        self.assertEqual(self.problems(), {})

    def test_no_scheduler_works(self):
        self.dispatcher(nextcall=fields.Datetime.now() - timedelta(minutes=10))
        try:
            with patch(UPTIME, lambda: 3600.0):
                self.assertEqual(set(self.problems()), {"no_cron_worker"})
                # One that works on a run for long is late, but well.
                with holding(self.dbname, 0):
                    self.assertEqual(self.problems(), {})
        finally:
            self.dispatcher(nextcall="2099-01-01 00:00:00")

    def test_a_server_that_only_answers_is_not_to_blame_for_seconds(self):
        """Another one may be at work; who waits at a screen is told sooner, see health."""
        self.trigger("plan", days=90)
        self.sql(
            "UPDATE sentinel_run SET requested_at = requested_at - interval '1 minute'"
            " WHERE state = 'queued'"
        )
        with patch.dict(config.options, max_cron_threads=0):
            self.assertEqual(self.problems(), {})
            with self.as_user() as env:
                (problem,) = env["sentinel.job"].health()["problems"]
        self.assertEqual(problem["code"], "no_cron_worker")
        self.drain()

    def test_to_look_changes_nothing(self):
        self.dispatcher(active=False)
        try:
            with self.as_user(self.auditor_id) as env:
                env.cr.execute("SET TRANSACTION READ ONLY")
                self.assertTrue(env["sentinel.job"].watch()["problems"])
        finally:
            self.dispatcher(active=True)


class TestExpected(WatchCase):
    """When a schedule owes a run."""

    def setUp(self):
        super().setUp()
        self.code = f"e_{self.mark}_{self._testMethodName[-40:]}"
        with self.root() as env:
            self.job_id = self.make_job(env, self.code, "clean_old_orders").id
        self.now = fields.Datetime.now()

    def schedule(self, **values):
        with self.root() as env:
            job = env["sentinel.job"].browse(self.job_id)
            job.write({"schedule_active": True, **values})
            return job.cron_id.id

    def expected(self):
        entry = self.job(self.code)
        return entry["scheduled"], entry["expected_at"]

    def ago(self, **ago):
        return self.now - timedelta(**ago)

    def text(self, moment):
        return fields.Datetime.to_string(moment)

    def fire(self, cron_id):
        """Have Odoo process the scheduled action as its own scheduler does."""
        with self.root() as env:
            env["ir.cron"].browse(cron_id).method_direct_trigger()

    def long_ago(self, cron_id, **values):
        """The schedule was edited before all that the test tells."""
        pairs = ", ".join(f"{name} = %s" for name in values)
        self.sql(
            f"UPDATE ir_cron SET write_date = %s{', ' if pairs else ''}{pairs} WHERE id = %s",
            [self.ago(days=60), *values.values(), cron_id],
        )
        self.sql(
            "UPDATE sentinel_job SET schedule_set_at = %s WHERE id = %s",
            [self.ago(days=60), self.job_id],
        )

    def test_without_schedule(self):
        self.assertEqual(self.expected(), (False, ""))
        self.schedule()
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).schedule_active = False
        self.assertEqual(self.expected(), (False, ""))

    def test_an_archived_job_owes_nothing(self):
        self.schedule()
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).action_archive()
        self.assertEqual(self.expected(), (False, ""))

    def test_the_next_moment_and_the_one_that_is_due(self):
        for moment in (self.ago(days=-1), self.ago(hours=5)):
            self.schedule(schedule_next=moment)
            self.assertEqual(self.expected(), (True, self.text(moment)))

    def test_a_moment_with_its_run_is_settled(self):
        cron_id = self.schedule(schedule_next=self.ago(minutes=2))
        with self.root() as env:
            env["sentinel.job"]._run_schedule(self.job_id)
        # Odoo has not put the next moment down yet.
        self.assertEqual(self.expected(), (True, self.text(self.ago(minutes=2, days=-1))))
        self.fire(cron_id)
        self.assertEqual(self.expected(), (True, self.text(self.ago(minutes=2, days=-1))))

    def test_run_manually_settles_nothing(self):
        self.schedule(schedule_next=self.ago(hours=5))
        self.trigger("plan", code=self.code, days=90)
        self.assertEqual(self.expected(), (True, self.text(self.ago(hours=5))))

    def break_it(self):
        broken = patch.object(
            self.registry["sentinel.job"], "_run_schedule", side_effect=RuntimeError("no")
        )
        broken.start()
        self.addCleanup(broken.stop)

    def test_a_moment_at_which_the_action_failed_stays_owed(self):
        cron_id = self.schedule(schedule_next=self.ago(hours=3), schedule_unit="hours")
        self.long_ago(cron_id)
        self.fire(cron_id)  # well: a run
        requested = self.ago(hours=3) + timedelta(seconds=4)
        self.sql(
            "UPDATE sentinel_run SET requested_at = %s WHERE job_ref = %s",
            [requested, self.job_id],
        )
        self.sql("UPDATE ir_cron SET nextcall = %s WHERE id = %s", [self.ago(hours=2), cron_id])
        self.break_it()
        with self.assertLogs("odoo.addons.base.models.ir_cron", "ERROR"):
            self.fire(cron_id)
        ((nextcall,),) = self.sql("SELECT nextcall FROM ir_cron WHERE id = %s", [cron_id])
        self.assertGreater(nextcall, self.now)
        self.assertEqual(self.expected(), (True, self.text(self.ago(hours=2))))

    def test_only_an_edit_of_the_schedule_settles_what_was_due_before(self):
        cron_id = self.schedule(schedule_next=self.ago(days=-1), schedule_unit="days")
        self.long_ago(cron_id)
        missed = self.ago(days=59)
        self.assertEqual(self.expected(), (True, self.text(missed)))
        with self.as_user() as env:
            env["sentinel.job"].browse(self.job_id).write(
                {"name": f"Renamed {self.mark}", "max_runtime": 90}
            )
        with self.root() as env:
            cron = env["ir.cron"].browse(cron_id)
            self.assertIn(f"Renamed {self.mark}", cron.name)
            cron.write({"priority": 7, "name": "Renamed by an administrator"})
        self.assertEqual(self.expected(), (True, self.text(missed)))
        edits = {"interval_number": 2, "interval_type": "weeks", "nextcall": self.ago(days=-2)}
        for name, value in edits.items():
            self.long_ago(cron_id)
            with self.root() as env:
                cron = env["ir.cron"].browse(cron_id)
                cron[name] = value
                ahead = cron.nextcall
            self.assertEqual(self.expected(), (True, self.text(ahead)), name)

    def test_switched_off_by_odoo_it_is_missed_and_not_forgotten(self):
        moment = self.ago(hours=2)
        cron_id = self.schedule(schedule_next=moment)
        self.long_ago(cron_id)
        with self.root() as env:
            # As after five failures in a week.
            cron = env["ir.cron"].browse(cron_id)
            job = {
                **cron.read(["nextcall", "interval_type", "interval_number", "active"])[0],
                "cron_name": cron.name,
                "failure_count": 5,
                "first_failure_date": self.ago(days=8),
            }
            cron._update_failure_count(job, "failed")
            cron._reschedule_later(job)
        self.assertEqual(
            self.sql("SELECT active FROM ir_cron WHERE id = %s", [cron_id]), [(False,)]
        )
        scheduled, expected = self.expected()
        self.assertTrue(scheduled)
        self.assertLess(expected, self.text(self.now))
        with self.root() as env:
            job = env["sentinel.job"].browse(self.job_id)
            self.assertTrue(job.schedule_wanted)
            self.assertFalse(job.schedule_active)
            # A person who does not want it any more is obeyed.
            job.schedule_active = True
            job.schedule_active = False
        self.assertEqual(self.expected(), (False, ""))

    def test_switched_off_under_scheduled_actions_it_is_not_wanted(self):
        cron_id = self.schedule()
        with self.root() as env:
            env["ir.cron"].browse(cron_id).active = False
        self.assertEqual(self.expected(), (False, ""))

    def test_runs_that_retention_removed_are_not_missed(self):
        cron_id = self.schedule(schedule_number=40, schedule_next=self.ago(days=-1))
        self.long_ago(cron_id)
        self.assertEqual(self.expected(), (True, self.text(self.ago(days=39))))
        setting = "sentinel_ops_addon.retention_runs_days"
        with self.root() as env:
            env["ir.config_parameter"].set_param(setting, "20")
        try:
            self.assertEqual(self.expected(), (True, self.text(self.ago(days=-1))))
        finally:
            with self.root() as env:
                env["ir.config_parameter"].set_param(setting, False)


class TestCredential(WatchCase):
    """What the caller is told about its own key, asked through Odoo's own front door."""

    def remote(self, secret):
        answer = service.dispatch(
            "execute_kw",
            [self.dbname, self.auditor_id, secret, "sentinel.job", "watch", []],
        )
        return answer["key"]

    def new_key(self, **expires):
        moment = fields.Datetime.now() + timedelta(**expires) if expires else None
        with self.as_user(self.auditor_id) as env:
            keys = env["res.users.apikeys"].sudo()
            return keys._generate(None, "auditor", moment), moment

    def test_each_key_has_its_own_end(self):
        late, late_end = self.new_key(days=300)
        soon, soon_end = self.new_key(days=2)
        # More than once: Odoo remembers what it let in and does not check it again.
        for key, end in ((late, late_end), (soon, soon_end), (late, late_end)):
            self.assertEqual(
                self.remote(key), {"kind": "key", "expires_at": fields.Datetime.to_string(end)}
            )
        never, _end = self.new_key()
        self.assertEqual(self.remote(never), {"kind": "key", "expires_at": ""})
        password = f"auditor_{self.mark}"
        for _call in range(2):
            self.assertEqual(self.remote(password), {"kind": "password", "expires_at": ""})
        # Asked in a way that tells nothing about a key: the first one to expire.
        self.assertEqual(
            self.watch()["key"],
            {"kind": "unknown", "expires_at": fields.Datetime.to_string(soon_end)},
        )
        self.assertEqual(self.watch(self.viewer_id)["key"], {"kind": "unknown", "expires_at": ""})

    def test_another_s_login_says_nothing_about_the_caller(self):
        key, _end = self.new_key(days=3)
        with self.as_user(self.viewer_id) as env:
            env["res.users"]._check_uid_passwd(self.auditor_id, key)
            self.assertEqual(env["sentinel.job"].watch()["key"]["kind"], "unknown")

    def test_a_key_that_is_over_or_gone_is_not_taken_for_a_password(self):
        """Odoo goes on to take a key that it took before, until it forgets."""
        key, _end = self.new_key(days=3)
        self.remote(key)
        self.sql(
            "UPDATE res_users_apikeys SET expiration_date = '2020-01-02 03:04:05' "
            "WHERE user_id = %s AND index = %s",
            [self.auditor_id, key[:8]],
        )
        self.assertEqual(self.remote(key), {"kind": "key", "expires_at": "2020-01-02 03:04:05"})
        self.sql("DELETE FROM res_users_apikeys WHERE user_id = %s", [self.auditor_id])
        self.assertEqual(self.remote(key), {"kind": "unknown", "expires_at": ""})
