from datetime import datetime, timedelta, timezone

from odoo.exceptions import AccessError, ValidationError
from odoo.tests.common import BaseCase, tagged

from ..engine.windows import Window, WindowError, opening
from .common import OrderCase


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def window(kind, expression, minutes, tz="UTC"):
    return Window(kind, kind, expression, minutes, tz)


@tagged("post_install", "-at_install")
class TestWindowRules(BaseCase):
    """2026-11-23 is a Monday."""

    def test_without_windows_it_is_open(self):
        self.assertTrue(opening([], utc("2026-11-23 12:00")).is_open)

    def test_edges_of_a_span(self):
        night = window("allow", "0 22 * * *", 60)
        for moment, is_open in [
            ("2026-11-23 21:59:59", False),
            ("2026-11-23 22:00:00", True),
            ("2026-11-23 22:59:59", True),
            ("2026-11-23 23:00:00", False),
        ]:
            self.assertEqual(opening([night], utc(moment)).is_open, is_open, moment)

    def test_over_midnight(self):
        night = window("allow", "0 22 * * *", 8 * 60)
        self.assertTrue(opening([night], utc("2026-11-24 05:59")).is_open)
        self.assertFalse(opening([night], utc("2026-11-24 06:00")).is_open)

    def test_outside_all_that_allow_it_is_closed_and_says_when_next(self):
        found = opening([window("allow", "0 22 * * 1-5", 60)], utc("2026-11-27 23:30"))
        self.assertFalse(found.is_open)
        self.assertEqual(found.next_open, utc("2026-11-30 22:00"))  # over the week-end

    def test_deny_wins(self):
        windows = [window("allow", "0 0 * * *", 24 * 60), window("deny", "0 8 * * *", 60)]
        found = opening(windows, utc("2026-11-23 08:30"))
        self.assertEqual((found.is_open, found.window.kind), (False, "deny"))
        self.assertEqual(found.next_open, utc("2026-11-23 09:00"))
        self.assertTrue(opening(windows, utc("2026-11-23 09:00")).is_open)

    def test_two_that_deny_one_after_the_other(self):
        windows = [window("deny", "0 8 * * *", 60), window("deny", "0 9 * * *", 60)]
        self.assertEqual(
            opening(windows, utc("2026-11-23 08:30")).next_open, utc("2026-11-23 10:00")
        )

    def test_in_its_time_zone(self):
        office = window("deny", "0 8 * * *", 60, "Europe/Brussels")
        self.assertFalse(opening([office], utc("2026-11-23 07:30")).is_open)  # winter: UTC+1
        self.assertTrue(opening([office], utc("2026-11-23 08:30")).is_open)
        self.assertFalse(opening([office], utc("2026-07-23 06:30")).is_open)  # summer: UTC+2

    def test_month_end(self):
        close = window("deny", "0 0 L * *", 24 * 60)
        self.assertFalse(opening([close], utc("2026-11-30 12:00")).is_open)
        self.assertTrue(opening([close], utc("2026-11-29 12:00")).is_open)

    def test_never_open(self):
        found = opening([window("deny", "0 0 * * *", 24 * 60)], utc("2026-11-23 12:00"))
        self.assertEqual((found.is_open, found.next_open), (False, None))

    def test_what_makes_no_sense(self):
        for wrong, words in [
            (window("deny", "whenever", 60), "five fields"),
            (window("deny", "0 99 * * *", 60), "hour"),
            (window("deny", "0 8 * * *", 0), "1 minute"),
            (window("deny", "0 8 * * *", 60, "Europe/Atlantis"), "time zone"),
        ]:
            with self.assertRaisesRegex(WindowError, words):
                wrong.check()


class TestWindows(OrderCase):
    def make_window(self, **values):
        with self.as_user() as env:
            made = env["sentinel.window"].create(
                {
                    "name": f"Stocktaking {self.mark}",
                    "kind": "deny",
                    "expression": "* * * * *",
                    "minutes": 60,
                    "tz": "UTC",
                    "company_id": self.company_id,
                    **values,
                }
            )
            window_id = made.id
        self.addCleanup(self.drop, window_id)
        return window_id

    def drop(self, window_id):
        with self.as_user() as env:
            env["sentinel.window"].browse(window_id).unlink()

    def elsewhere(self):
        """An expression that opens in half a year."""
        month = (datetime.now() + timedelta(days=180)).month
        return f"0 3 1 {month} *"

    def test_a_live_run_stops_and_says_when_it_may(self):
        (order,) = self.make_orders([100])
        self.make_window(kind="allow", expression=self.elsewhere())
        run = self.run_job("live", days=90)
        self.assertEqual(run["status"], "aborted")
        self.assertIn("outside the windows", run["error"])
        self.assertRegex(run["error"], r"Next possible: \d{4}-\d\d-01 03:00 \(UTC\)")
        self.assertEqual(self.states([order]), ["draft"])
        plan = self.run_job("plan", days=90)
        self.assertEqual((plan["status"], self.verdicts(plan)["window"]), ("dry_run", "warn"))
        with self.as_user() as env:
            self.assertIn("Next possible", env["sentinel.job"].browse(self.job_id).not_now)

    def test_a_window_that_closes_stops_a_run_between_two_batches(self):
        ids = self.make_orders([300 - i for i in range(40)])

        def apply(original, operation, records, ctx):
            original(operation, records, ctx)
            if len(records) == 5:
                self.make_window()

        self.patch_apply(apply)
        run = self.run_job("live", days=90)
        self.assertEqual(run["status"], "aborted")
        self.assertEqual(run["outcomes"], {"done": 6, "not_attempted": 34})
        self.assertEqual(self.states(ids).count("cancel"), 6)

    def test_other_jobs_and_companies_are_not_meant(self):
        with self.root() as env:
            other = self.make_job(env, f"w_other_{self.mark}", self.task).id
            company = env["res.company"].create({"name": f"W {self.mark}"}).id
            env["res.users"].browse(self.user_id).company_ids = [(4, company)]
        self.make_window(job_ids=[(6, 0, [other])])
        self.make_window(company_id=company)
        self.make_window(active=False)
        self.make_orders([100])
        self.assertEqual(self.run_job("live", days=90)["updated"], 1)

    def test_a_window_without_company_is_for_all(self):
        self.make_window(company_id=False)
        self.make_orders([100])
        self.assertEqual(self.run_job("live", days=90)["status"], "aborted")

    def test_wrong_ones_are_refused_when_written(self):
        with self.as_user() as env:
            values = {"name": "x", "kind": "deny", "minutes": 60, "tz": "UTC"}
            with self.refused(env, ValidationError, "five fields"):
                env["sentinel.window"].create(dict(values, expression="whenever"))
            with self.refused(env, ValidationError, "1 minute"):
                env["sentinel.window"].create(dict(values, expression="0 8 * * *", minutes=0))

    def test_only_managers_set_them(self):
        with self.root() as env:
            operator = self.new_user(env, "op_w", ["sentinel_ops_addon.group_operator"]).id
        window_id = self.make_window(expression=self.elsewhere())
        with self.as_user(operator) as env:
            with self.assertRaises(AccessError), env.cr.savepoint():
                env["sentinel.window"].create({"name": "x", "expression": "* * * * *"})
            with self.assertRaises(AccessError), env.cr.savepoint():
                env["sentinel.window"].browse(window_id).active = False

    def test_a_window_of_an_archived_job_is_not_for_all(self):
        with self.root() as env:
            other = self.make_job(env, f"w_old_{self.mark}", self.task)
            other_id = other.id
        self.make_window(job_ids=[(6, 0, [other_id])])
        with self.as_user() as env:
            env["sentinel.job"].browse(other_id).active = False
        self.make_orders([100])
        self.assertEqual(self.run_job("live", days=90)["updated"], 1)

    def test_a_window_of_a_deleted_job_is_not_for_all(self):
        with self.root() as env:
            other_id = self.make_job(env, f"w_gone_{self.mark}", self.task).id
        only = self.make_window(job_ids=[(6, 0, [other_id])])
        both = self.make_window(
            job_ids=[(6, 0, [other_id, self.job_id])], expression=self.elsewhere()
        )
        with self.root() as env:
            env["sentinel.job"].browse(other_id).unlink()
            windows = env["sentinel.window"].browse([only, both])
            self.assertEqual(windows.mapped("active"), [False, True])
        self.make_orders([100])
        self.assertEqual(self.run_job("live", days=90)["updated"], 1)
