from contextlib import contextmanager
from datetime import date, datetime, timedelta

import psycopg2

from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests.common import BaseCase

from ..engine import apply
from ..engine.cursors import EngineCursor
from ..engine.marks import day_of_action
from .common import OrderCase

NOT_THIS_ONE = "Not on this one."


class TestDayOfAction(BaseCase):
    """What "four days later" means."""

    def day(self, now, days, tz=""):
        return day_of_action(now, days, tz)

    def test_whole_days_where_the_owner_is(self):
        # In Auckland it is the 2nd already, and midnight comes 13 hours before that of UTC.
        day, due_at = self.day(datetime(2026, 1, 1, 20, 0), 4, "Pacific/Auckland")
        self.assertEqual(day, date(2026, 1, 6))
        self.assertEqual(due_at, datetime(2026, 1, 5, 11, 0))

    def test_a_daily_schedule_acts_on_the_day_that_it_announced(self):
        day, due_at = self.day(datetime(2026, 1, 1, 2, 0, 59), 1)
        self.assertEqual(day, date(2026, 1, 2))
        self.assertLess(due_at, datetime(2026, 1, 2, 2, 0))

    def test_never_at_once_because_it_is_evening(self):
        day, due_at = self.day(datetime(2026, 1, 1, 23, 50), 1)
        self.assertEqual((day, due_at), (date(2026, 1, 2), datetime(2026, 1, 2, 11, 50)))


class TestMarks(OrderCase):
    """Told first, done days later, unless somebody minds."""

    job_values = {"marks_first": True, "mark_days": 4}

    @classmethod
    def set_up_records(cls, env):
        cls.owner_id = cls.new_user(env, "owner", ["sales_team.group_sale_salesman"]).id
        cls.viewer_id = cls.new_user(env, "viewer", ["sentinel_ops_addon.group_viewer"]).id
        cls.operator_id = cls.new_user(env, "operator", ["sentinel_ops_addon.group_operator"]).id

    def tearDown(self):
        super().tearDown()
        self.sql(
            "UPDATE sentinel_mark SET state = 'overtaken' WHERE company_ref = %s", [self.company_id]
        )
        self.sql("DELETE FROM sentinel_attempt WHERE company_ref = %s", [self.company_id])

    def owned(self, ages=(100,), **values):
        """Quotations of the owner; returns their ids."""
        return self.make_orders(list(ages), **{"user_id": self.owner_id, **values})

    def announced(self, ages=(100,), **values):
        """Quotations of the owner whose cancelling was announced."""
        ids = self.owned(ages, **values)
        run = self.run_job("live")
        self.assertEqual(run["outcomes"], {"done": len(ids)})
        return ids

    def let_days_pass(self):
        self.sql(
            "UPDATE sentinel_mark SET due_at = due_at - interval '4 days' WHERE state = 'waiting'"
        )

    def marks(self, ids, job_id=None):
        """State of the marks of each order, oldest first."""
        return [
            [
                state
                for (state,) in self.sql(
                    "SELECT state FROM sentinel_mark WHERE record_ref = %s AND job_ref = %s "
                    "ORDER BY id",
                    [order, job_id or self.job_id],
                )
            ]
            for order in ids
        ]

    def activities(self, ids):
        """Ids of the announcing activities that are open."""
        return [
            activity
            for (activity,) in self.sql(
                "SELECT activity.id FROM mail_activity activity "
                "  JOIN sentinel_mark mark ON mark.activity_ref = activity.id "
                " WHERE mark.record_ref = ANY(%s) AND activity.active ORDER BY activity.id",
                [ids],
            )
        ]

    @contextmanager
    def activity(self, order, user_id=None, **context):
        """The open activity of an order, for its owner."""
        (activity,) = self.activities([order])
        with self.as_user(user_id or self.owner_id) as env:
            yield env["mail.activity"].with_context(**context).browse(activity)

    def job(self, env):
        return env["sentinel.job"].browse(self.job_id)

    def refuse_to_announce(self, bad):
        orders_class = self.registry["sale.order"]
        original = orders_class.activity_schedule

        def activity_schedule(records, *args, **kwargs):
            if bad in records.ids:
                raise UserError(NOT_THIS_ONE)
            return original(records, *args, **kwargs)

        self.patch(orders_class, "activity_schedule", activity_schedule)

    def message(self, run):
        (line,) = self.lines(run["uid"])
        return line["message"]

    # --- the way of it -----------------------------------------------------------------------

    def test_announced_then_waits_then_acts(self):
        (order,) = self.owned()
        before = self.sql("SELECT write_date FROM sale_order WHERE id = %s", [order])
        plan = self.run_job("plan")
        (line,) = self.lines(plan["uid"])
        day = line["intended"]["announced_for"]
        self.assertEqual(line["operation"], "marks.announce")
        self.assertLess(date.today() + timedelta(days=2), date.fromisoformat(day))
        run = self.run_job("live")
        self.assertEqual((run["status"], run["outcomes"]), ("success", {"done": 1}))
        (line,) = self.lines(run["uid"])
        self.assertEqual((line["operation"], line["outcome"]), ("marks.announce", "done"))
        self.assertEqual(self.states([order]), ["draft"])
        # The mark is about the record as it is: telling did not change it.
        after = self.sql("SELECT write_date FROM sale_order WHERE id = %s", [order])
        self.assertEqual(after, before)
        with self.activity(order) as activity:
            self.assertEqual(activity.user_id.id, self.owner_id)
            self.assertEqual(activity.date_deadline.isoformat(), day)
            self.assertEqual((activity.res_model, activity.res_id), ("sale.order", order))
            self.assertIn("Cancel sales orders", activity.summary)
            self.assertIn("100 days old", activity.note)
            self.assertIn("mark this activity as done", activity.note)
        # Not yet.
        run = self.run_job("live")
        self.assertEqual((run["selected"], run["withheld"]), (0, 1))
        plan = self.run_job("plan")
        self.assertEqual(self.outcomes(plan["uid"]), {order: "skipped_excluded"})
        self.assertIn(f"Announced to owner_{self.mark}, waits until", self.message(plan))
        # It is a finding all the same: nobody answers for it.
        self.assertEqual(plan["verdict"], "warn")
        self.assertEqual(self.marks([order]), [["waiting"]])
        # Now.
        self.let_days_pass()
        run = self.run_job("live")
        (line,) = self.lines(run["uid"])
        self.assertEqual((line["operation"], line["outcome"]), ("orders.cancel", "done"))
        self.assertEqual(self.states([order]), ["cancel"])
        self.assertEqual(self.marks([order]), [["acted"]])
        self.assertEqual(self.activities([order]), [])
        with self.root() as env:
            mark = env["sentinel.mark"].search([("record_ref", "=", order)])
            self.assertFalse(mark.objected_login)
            done = env["mail.activity"].with_context(active_test=False)
            self.assertFalse(
                done.search([("res_model", "=", "sale.order"), ("res_id", "=", order)])
            )

    def test_one_run_acts_on_some_and_announces_others(self):
        due = self.announced([150, 100])
        self.let_days_pass()
        # Older, and so before them in the order of the task.
        new = self.owned([300, 120, 110])
        plan = self.run_job("plan")
        lines = self.lines(plan["uid"])
        self.assertEqual([line["record"] for line in lines], [due[0], due[1], *new])
        run = self.run_job("live")
        self.assertEqual((run["status"], run["outcomes"]), ("success", {"done": 5}))
        self.assertEqual(run["progress"], {"done": 5, "total": 5})
        self.assertEqual(self.states(due), ["cancel"] * 2)
        self.assertEqual(self.states(new), ["draft"] * 3)
        self.assertEqual(self.marks(new), [["waiting"]] * 3)
        with self.root() as env:
            texts = {
                uid: env["sentinel.run"]._by_uid(uid).summary for uid in (plan["uid"], run["uid"])
            }
        self.assertIn("2 would be changed, 3 announced", texts[plan["uid"]])
        self.assertIn("2 changed, 3 announced, 0 skipped", texts[run["uid"]])

    def test_a_dry_run_leaves_nothing(self):
        (order,) = self.owned()
        for mode, outcome in (("plan", "planned"), ("simulate", "simulated")):
            run = self.run_job(mode)
            self.assertEqual(run["outcomes"], {outcome: 1})
            self.assertEqual(self.marks([order]), [[]])
            self.assertFalse(
                self.sql("SELECT 1 FROM mail_activity WHERE res_id = %s", [order]), mode
            )
        # A record that is due, too.
        self.run_job("live")
        self.let_days_pass()
        for mode in ("plan", "simulate"):
            self.run_job(mode)
            self.assertEqual(self.marks([order]), [["waiting"]])
            self.assertEqual(len(self.activities([order])), 1)
        self.assertEqual(self.states([order]), ["draft"])

    def test_simulates_both_kinds(self):
        (due,) = self.announced()
        self.let_days_pass()
        (new,) = self.owned()
        run = self.run_job("simulate")
        kinds = {line["record"]: line["operation"] for line in self.lines(run["uid"])}
        self.assertEqual(run["outcomes"], {"simulated": 2})
        self.assertEqual(kinds, {due: "orders.cancel", new: "marks.announce"})
        with self.root() as env:
            self.assertIn("1 announced", env["sentinel.run"]._by_uid(run["uid"]).summary)

    def test_changed_since_is_announced_anew(self):
        (order,) = self.announced()
        (first,) = self.activities([order])
        with self.as_user() as env:
            env["sale.order"].browse(order).client_order_ref = "Wants it after all"
        self.let_days_pass()
        plan = self.run_job("plan")
        self.assertEqual(self.lines(plan["uid"])[0]["operation"], "marks.announce")
        self.assertEqual(self.marks([order]), [["waiting"]])
        self.run_job("live")
        self.assertEqual(self.states([order]), ["draft"])
        self.assertEqual(self.marks([order]), [["overtaken", "waiting"]])
        (second,) = self.activities([order])
        self.assertNotEqual(first, second)
        self.let_days_pass()
        self.run_job("live")
        self.assertEqual(self.states([order]), ["cancel"])

    def test_changed_between_plan_and_live(self):
        (order,) = self.announced()
        self.let_days_pass()
        plan = self.run_job("plan")
        with self.as_user() as env:
            env["sale.order"].browse(order).client_order_ref = "Wants it after all"
        run = self.run_job("live", plan=plan["uid"])
        self.assertEqual(run["outcomes"], {"skipped_changed": 1})
        self.assertEqual(self.states([order]), ["draft"])

    def test_a_plan_from_before_does_not_announce_twice(self):
        (order,) = self.owned()
        plan = self.run_job("plan")
        self.run_job("live")
        run = self.run_job("live", plan=plan["uid"])
        self.assertEqual(run["outcomes"], {"skipped_excluded": 1})
        self.let_days_pass()
        run = self.run_job("live", plan=plan["uid"])
        self.assertEqual(run["outcomes"], {"skipped_changed": 1})
        self.assertIn("announced already", self.message(run))
        self.assertEqual(self.marks([order]), [["waiting"]])

    def test_a_plan_to_act_from_before_announcing_was_wanted(self):
        (order,) = self.owned()
        self.set_job(marks_first=False)
        plan = self.run_job("plan")
        self.assertEqual(self.lines(plan["uid"])[0]["operation"], "orders.cancel")
        with self.root() as env:
            self.job(env).marks_first = True
        run = self.run_job("live", plan=plan["uid"])
        self.assertEqual(run["outcomes"], {"skipped_changed": 1})
        self.assertIn("announced anew", self.message(run))
        self.assertEqual(self.states([order]), ["draft"])

    def test_no_trouble_any_more(self):
        first, second = self.announced([100, 101])
        with self.as_user() as env:
            env["sale.order"].browse(first).date_order = datetime.now()
        # A look for something else than usual says nothing about what was announced.
        self.run_job("live", days=9000)
        self.assertEqual(self.marks([first, second]), [["waiting"], ["waiting"]])
        self.run_job("live")
        self.assertEqual(self.marks([first, second]), [["overtaken"], ["waiting"]])
        self.assertEqual(len(self.activities([first, second])), 1)

    def test_an_activity_that_got_lost_is_no_consent(self):
        (order,) = self.announced()
        self.sql("DELETE FROM mail_activity WHERE id = ANY(%s)", [self.activities([order])])
        self.let_days_pass()
        self.run_job("live")
        self.assertEqual(self.states([order]), ["draft"])
        self.assertEqual(self.marks([order]), [["overtaken", "waiting"]])

    def test_a_later_day_puts_it_off_and_an_earlier_one_does_not_hurry_it(self):
        (order,) = self.announced()
        with self.activity(order) as activity:
            activity.date_deadline = date.today() - timedelta(days=3)
        self.assertEqual(self.run_job("live")["withheld"], 1)
        self.let_days_pass()
        with self.activity(order) as activity:
            activity.date_deadline = date.today() + timedelta(days=30)
        self.assertEqual(self.run_job("live")["withheld"], 1)
        self.assertEqual(self.states([order]), ["draft"])
        with self.activity(order) as activity:
            activity.date_deadline = date.today()
        self.assertEqual(self.run_job("live")["updated"], 1)
        self.assertEqual(self.states([order]), ["cancel"])

    def test_what_was_announced_is_what_is_done(self):
        # The job does something else by now than what its owner agreed to.
        (order,) = self.announced()
        self.let_days_pass()
        self.sql("UPDATE sentinel_mark SET operation = 'orders.praise' WHERE state = 'waiting'")
        self.run_job("live")
        self.assertEqual(self.states([order]), ["draft"])
        self.assertEqual(self.marks([order]), [["overtaken", "waiting"]])

    # --- objecting ---------------------------------------------------------------------------

    def assert_objected(self, order, login, why):
        """Nothing happens to it, now and later, and the run says who said so."""
        self.assertEqual(self.marks([order]), [["objected"]])
        self.sql("UPDATE sentinel_mark SET due_at = '2000-01-01' WHERE record_ref = %s", [order])
        plan = self.run_job("plan")
        self.assertEqual(self.outcomes(plan["uid"]), {order: "skipped_excluded"})
        self.assertIn(f"{login}_{self.mark} objected", self.message(plan))
        self.assertIn(why, self.message(plan))
        # Somebody answers for it.
        self.assertEqual(plan["verdict"], "pass")
        self.assertEqual(self.run_job("live")["selected"], 0)
        self.assertEqual(self.states([order]), ["draft"])

    def test_done_with_feedback_objects(self):
        (order,) = self.announced()
        with self.activity(order) as activity:
            activity.action_feedback(feedback="The customer comes on Monday")
        self.assert_objected(order, "owner", "The customer comes on Monday")

    def test_done_without_feedback_objects(self):
        (order,) = self.announced()
        with self.activity(order) as activity:
            activity.action_done()
        self.assert_objected(order, "owner", "objected on")

    def test_cancelling_the_activity_objects(self):
        (order,) = self.announced()
        with self.activity(order) as activity:
            activity.unlink()
        self.assert_objected(order, "owner", "objected on")

    def test_archiving_it_objects_whatever_type_it_got_meanwhile(self):
        (order,) = self.announced()
        with self.activity(order, self.user_id) as activity:
            activity.activity_type_id = activity.env.ref("mail.mail_activity_data_todo")
            activity.action_archive()
        self.assert_objected(order, "keeper", "objected on")

    def test_between_plan_and_live(self):
        (order,) = self.announced()
        self.let_days_pass()
        plan = self.run_job("plan")
        with self.activity(order) as activity:
            activity.action_feedback(feedback="No!")
        run = self.run_job("live", plan=plan["uid"])
        self.assertEqual(self.outcomes(run["uid"]), {order: "skipped_excluded"})
        self.assertIn("No!", self.message(run))
        self.assertEqual(self.states([order]), ["draft"])

    def test_at_the_very_moment(self):
        # Committed after the batch looked, before it acts: the batch is done again, and sees it.
        (order,) = self.announced()
        self.let_days_pass()
        tries = []

        def acting(original, operation, records, ctx):
            tries.append(records.ids)
            original(operation, records, ctx)

        self.patch_apply(acting)
        task_class = self.registry["sentinel.task.clean_old_orders"]
        original = task_class._recorded_fields
        objected = []

        def object_meanwhile(task, ctx):
            # The cursor of a live run, whose snapshot is taken by now.
            if not objected and type(task.env.cr) is EngineCursor:
                objected.append(1)
                with self.activity(order) as activity:
                    activity.action_feedback(feedback="Just in time")
            return original(task, ctx)

        self.patch(task_class, "_recorded_fields", object_meanwhile)
        run = self.run_job("live")
        self.assertTrue(objected)
        self.assertEqual(self.outcomes(run["uid"]), {order: "skipped_excluded"})
        self.assertEqual((tries, self.states([order])), ([], ["draft"]))

    def test_an_objection_outlives_a_change_of_the_record(self):
        (order,) = self.announced()
        with self.activity(order) as activity:
            activity.action_feedback(feedback="Mine")
        with self.as_user() as env:
            env["sale.order"].browse(order).client_order_ref = "Changed"
        self.assert_objected(order, "owner", "Mine")

    def test_an_objection_outlives_announcing(self):
        (order,) = self.announced()
        with self.activity(order) as activity:
            activity.action_feedback(feedback="Mine")
        self.set_job(marks_first=False)
        self.assert_objected(order, "owner", "Mine")

    def test_asked_again(self):
        (order,) = self.announced()
        with self.activity(order) as activity:
            activity.action_feedback(feedback="Not now")
        with self.as_user(self.viewer_id) as env, self.refused(env, AccessError, "operators"):
            env["sentinel.mark"].search([("record_ref", "=", order)]).action_ask_again()
        with self.as_user(self.operator_id) as env:
            env["sentinel.mark"].search([("record_ref", "=", order)]).action_ask_again()
        self.let_days_pass()
        self.run_job("live")
        self.assertEqual(self.states([order]), ["draft"])
        self.assertEqual(self.marks([order]), [["released", "waiting"]])
        with self.as_user(self.operator_id) as env:
            mark = env["sentinel.mark"].search(
                [("record_ref", "=", order), ("state", "=", "waiting")]
            )
            with self.refused(env, UserError, "somebody objected"):
                mark.action_ask_again()
        with self.root() as env:
            events = env["sentinel.event"].search([("model", "=", "sentinel.mark")], limit=2)
            self.assertEqual(
                [(event.login, event.after.get("state")) for event in events],
                [(f"operator_{self.mark}", "released"), (f"owner_{self.mark}", "objected")],
            )

    def test_what_odoo_clears_away_is_told_again(self):
        (order,) = self.announced()
        with self.activity(order, SUPERUSER_ID) as activity:
            activity.unlink()
        self.assertEqual(self.marks([order]), [["waiting"]])
        self.let_days_pass()
        self.run_job("live")
        self.assertEqual(self.marks([order]), [["overtaken", "waiting"]])
        self.assertEqual(self.states([order]), ["draft"])

    # --- attacks -----------------------------------------------------------------------------

    def test_no_context_makes_an_objection_unheard(self):
        context = {
            "sentinel_own_hands": True,
            "own_hands": True,
            "mail_activity_automation_skip": True,
            "mail_activity_quick_update": True,
            "tracking_disable": True,
        }
        done, cancelled = self.announced([100, 101])
        with self.activity(done, **context) as activity:
            activity.action_feedback(feedback="Heard")
        with self.activity(cancelled, **context) as activity:
            activity.unlink()
        self.assertEqual(self.marks([done, cancelled]), [["objected"], ["objected"]])

    def test_nobody_writes_marks(self):
        (order,) = self.announced()
        for user in (self.user_id, self.operator_id, self.owner_id):
            with self.as_user(user) as env:
                mark = env["sentinel.mark"].sudo().search([("record_ref", "=", order)]).sudo(False)
                for way in (
                    lambda mark: mark.write({"due_at": "2000-01-01"}),
                    lambda mark: mark.unlink(),
                    lambda mark: mark.create(
                        {"job_ref": 1, "model": "x", "record_ref": 1, "state": "waiting"}
                    ),
                ):
                    with self.refused(env, AccessError):
                        way(mark)

    def test_an_activity_by_hand_is_no_announcement(self):
        (order,) = self.owned()
        with self.as_user() as env:
            env["sale.order"].browse(order).activity_schedule(
                "sentinel_ops_addon.mail_activity_type_announced",
                date_deadline=date.today() - timedelta(days=9),
                user_id=self.user_id,
            )
        self.run_job("live")
        self.assertEqual(self.states([order]), ["draft"])
        self.assertEqual(self.marks([order]), [["waiting"]])

    def test_a_mark_of_another_company_is_not_seen(self):
        (order,) = self.announced()
        with self.root() as env:
            company = env["res.company"].create({"name": f"Other {self.mark}"})
            stranger = self.new_user(
                env, "stranger", ["sentinel_ops_addon.group_operator"], company
            ).id
        with self.as_user(stranger) as env:
            self.assertFalse(env["sentinel.mark"].search([("record_ref", "=", order)]))
        with self.as_user(self.viewer_id) as env:
            self.assertTrue(env["sentinel.mark"].search([("record_ref", "=", order)]))

    # --- whom to tell ------------------------------------------------------------------------

    def test_the_job_s_user_where_the_owner_cannot_be_told(self):
        with self.root() as env:
            company = env["res.company"].create({"name": f"Elsewhere {self.mark}"})
            gone = self.new_user(env, "gone", ["sales_team.group_sale_salesman"]).id
            moved = self.new_user(env, "moved", ["sales_team.group_sale_salesman"]).id
        orders = [
            *self.owned(user_id=False),
            *self.owned(user_id=gone),
            *self.owned(user_id=moved),
            *self.owned(),
        ]
        with self.root() as env:
            env["res.users"].browse(gone).active = False
            env["res.users"].browse(moved).write(
                {"company_id": company.id, "company_ids": [(6, 0, company.ids)]}
            )
        self.run_job("live")
        told = dict(
            self.sql(
                "SELECT record_ref, owner_ref FROM sentinel_mark WHERE record_ref = ANY(%s)",
                [orders],
            )
        )
        self.assertEqual([told[order] for order in orders], [self.user_id] * 3 + [self.owner_id])

    def test_a_refused_announcement_is_one_record_s_affair(self):
        good, bad = self.owned([101, 100])
        self.refuse_to_announce(bad)
        run = self.run_job("live")
        self.assertEqual(self.outcomes(run["uid"]), {good: "done", bad: "refused"})
        self.assertEqual(self.marks([good, bad]), [["waiting"], []])
        # A try like any other.
        self.assertEqual(
            self.sql("SELECT attempts FROM sentinel_attempt WHERE record_ref = %s", [bad]), [(1,)]
        )

    def test_told_nobody_is_not_done(self):
        (order,) = self.owned()
        self.patch(
            self.registry["sale.order"],
            "activity_schedule",
            lambda records, *args, **kwargs: _gone(records.env["mail.activity"]),
        )
        run = self.run_job("live")
        self.assertEqual(self.outcomes(run["uid"]), {order: "ineffective"})
        self.assertEqual(self.marks([order]), [[]])

    # --- with others -------------------------------------------------------------------------

    def test_two_jobs_on_one_record(self):
        (order,) = self.announced()
        code = f"second_{self.mark}"
        with self.root() as env:
            second = self.make_job(env, code, self.task, **self.job_values).id
        self.run_job("live", code=code)
        self.assertEqual(self.marks([order], second), [["waiting"]])
        # The word to one job is no word to the other.
        (mine, _theirs) = self.activities([order])
        with self.as_user(self.owner_id) as env:
            env["mail.activity"].browse(mine).action_feedback(feedback="Not by you")
        self.assertEqual(self.marks([order]), [["objected"]])
        self.assertEqual(self.marks([order], second), [["waiting"]])
        self.let_days_pass()
        self.assertEqual(self.run_job("live")["updated"], 0)
        self.assertEqual(self.run_job("live", code=code)["updated"], 1)
        self.assertEqual(self.states([order]), ["cancel"])

    def test_another_job_s_work_is_no_objection(self):
        (order,) = self.announced()
        code = f"brisk_{self.mark}"
        with self.root() as env:
            self.make_job(env, code, self.task)

        def acting(original, operation, records, ctx):
            # As archiving and other business methods do.
            records.activity_ids.unlink()
            original(operation, records, ctx)

        self.patch_apply(acting)
        self.run_job("live", code=code)
        self.assertEqual(self.states([order]), ["cancel"])
        self.assertEqual(self.marks([order]), [["waiting"]])

    def test_a_failed_repair_keeps_the_mark(self):
        good, bad = self.announced([101, 100])
        self.let_days_pass()
        self.refuse({bad})
        run = self.run_job("live")
        self.assertEqual(self.outcomes(run["uid"]), {good: "done", bad: "refused"})
        self.assertEqual(self.marks([good, bad]), [["acted"], ["waiting"]])
        self.assertEqual(len(self.activities([bad])), 1)

    def test_announcing_does_not_forget_failed_tries(self):
        (order,) = self.announced()
        self.let_days_pass()
        self.refuse({order})
        self.assertEqual(self.run_job("live")["outcomes"], {"refused": 1})
        self.sql("UPDATE sentinel_attempt SET next_at = '2000-01-01'")
        with self.as_user() as env:
            env["sale.order"].browse(order).client_order_ref = "Changed"
        self.assertEqual(self.run_job("live")["outcomes"], {"done": 1})
        self.assertEqual(
            self.sql("SELECT attempts FROM sentinel_attempt WHERE record_ref = %s", [order]), [(1,)]
        )

    def test_undo_leaves_announcements_alone(self):
        (due,) = self.announced()
        self.let_days_pass()
        (new,) = self.owned()
        run = self.run_job("live")
        with self.as_user() as env:
            undo = self.finish(env["sentinel.run"].undo(run["uid"], "live")["uid"])
        self.assertEqual(self.outcomes(undo["uid"]), {due: "done"})
        self.assertEqual(self.states([due, new]), ["draft", "draft"])
        self.assertEqual(self.marks([new]), [["waiting"]])
        # What is undone is trouble again, and is announced again.
        self.run_job("live")
        self.assertEqual(self.marks([due]), [["acted", "waiting"]])

    def test_a_run_that_only_announced_has_nothing_to_undo(self):
        self.owned()
        run = self.run_job("live")
        with self.as_user() as env, self.refused(env, UserError, "changed nothing"):
            env["sentinel.run"].undo(run["uid"], "plan")

    def test_announcing_is_no_repair_that_does_not_last(self):
        (order,) = self.announced()
        with self.root() as env:
            self.assertFalse(env["sentinel.repair.loop"].search([("record_ref", "=", order)]))

    def test_announced_lines_do_not_count_as_tries(self):
        ids = self.owned([300, 250, 240, 230, 220, 210])
        # The newest: the first of its batch, in the order of the model.
        self.refuse_to_announce(ids[-1])
        self.set_job(max_error_share=10, error_sample=2)
        # However slow the machine: one record, then the five others together.
        self.patch(apply, "_fitting", lambda *figures: 25)
        # One try in all, that failed: too few to say anything, in the batch and after it.
        run = self.run_job("live")
        self.assertEqual((run["status"], run["outcomes"]), ("partial", {"refused": 1, "done": 5}))

    def test_caps_count_both_kinds(self):
        (due,) = self.announced()
        self.let_days_pass()
        self.owned([100, 101])
        self.set_job(max_records=2)
        run = self.run_job("live")
        self.assertEqual((run["status"], self.verdicts(run)["max_records"]), ("aborted", "stop"))
        self.assertEqual(self.states([due]), ["draft"])

    # --- the job -----------------------------------------------------------------------------

    def test_taken_back_with_the_setting_and_the_job(self):
        (order,) = self.announced()
        self.set_job(marks_first=False)
        self.assertEqual((self.marks([order]), self.activities([order])), ([["overtaken"]], []))
        self.assertEqual(self.run_job("live")["updated"], 1)
        self.assertEqual(self.states([order]), ["cancel"])
        (order,) = self.owned()
        code = f"short_lived_{self.mark}"
        with self.root() as env:
            job_id = self.make_job(env, code, self.task, **self.job_values).id
        self.run_job("live", code=code)
        self.assertEqual(len(self.activities([order])), 1)
        with self.as_user() as env:
            env["sentinel.job"].browse(job_id).unlink()
        self.assertEqual(self.marks([order], job_id), [["overtaken"]])
        self.assertEqual(self.activities([order]), [])

    def test_only_where_activities_can_be(self):
        with self.root() as env:
            with self.refused(env, ValidationError, "only looks"):
                self.make_job(env, f"look_{self.mark}", "cron_health", marks_first=True)
            with self.refused(env, ValidationError, "no activity can be put on records"):
                self.make_job(
                    env,
                    f"tags_{self.mark}",
                    "archive_records",
                    marks_first=True,
                    parameters={"model": "res.partner.category", "domain": "[('id', '=', 0)]"},
                )
            self.make_job(
                env,
                f"partners_{self.mark}",
                "archive_records",
                marks_first=True,
                parameters={"model": "res.partner", "domain": "[('id', '=', 0)]"},
            )
            for days in (0, 366):
                with self.refused(env, psycopg2.errors.CheckViolation):
                    self.job(env).mark_days = days
                    env.flush_all()

    def test_in_the_history(self):
        self.set_job(mark_days=9)
        with self.root() as env:
            event = env["sentinel.event"].search(
                [("model", "=", "sentinel.job"), ("record_ref", "=", self.job_id)], limit=1
            )
            self.assertEqual((event.before, event.after), ({"mark_days": 4}, {"mark_days": 9}))


def _gone(activities):
    """An activity that Odoo took and did not keep."""
    return activities.browse(2**31 - 1)
