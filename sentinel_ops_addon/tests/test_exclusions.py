from datetime import datetime, timedelta

from psycopg2.errors import NotNullViolation

from odoo.exceptions import AccessError, UserError, ValidationError

from .common import OrderCase


class TestExclusions(OrderCase):
    """Somebody said to leave a record alone."""

    def exclude(self, order, until=None, user_id=None, **values):
        with self.as_user(user_id) as env:
            return (
                env["sentinel.exclusion"]
                .create(
                    {
                        "model": "sale.order",
                        "record_ref": order,
                        "reason": "A promise to the customer",
                        "until": until or datetime.now() + timedelta(days=5),
                        **values,
                    }
                )
                .id
            )

    def end_exclusion(self, exclusion):
        with self.as_user() as env:
            env["sentinel.exclusion"].browse(exclusion).action_end()

    def test_kept_out_of_the_plan_and_shown_in_it(self):
        kept, other = self.make_orders([200, 100])
        self.exclude(kept)
        plan = self.run_job("plan", days=90)
        self.assertEqual(self.outcomes(plan["uid"]), {kept: "skipped_excluded", other: "planned"})
        (line,) = [line for line in self.lines(plan["uid"]) if line["record"] == kept]
        self.assertIn("A promise to the customer", line["message"])
        self.assertIn(f"keeper_{self.mark}", line["message"])
        self.assertEqual((plan["matched"], plan["selected"], plan["withheld"]), (2, 1, 1))
        self.assertIn("1 records were kept out", self.guard_message(plan, "withheld"))
        run = self.run_job("live", days=90)
        self.assertEqual(run["outcomes"], {"done": 1})
        self.assertEqual(self.states([kept, other]), ["draft", "cancel"])

    def test_it_does_not_use_up_the_limit(self):
        kept, other = self.make_orders([200, 100])
        self.exclude(kept)
        self.assertEqual(self.run_job("live", days=90, limit=1)["updated"], 1)
        self.assertEqual(self.states([kept, other]), ["draft", "cancel"])

    def test_after_the_plan_still_in_time(self):
        kept, other = self.make_orders([200, 100])
        plan = self.run_job("plan", days=90)
        self.exclude(kept)
        run = self.run_job("live", plan=plan["uid"])
        self.assertEqual(self.outcomes(run["uid"]), {kept: "skipped_excluded", other: "done"})
        self.assertEqual(self.states([kept]), ["draft"])

    def test_it_ends(self):
        (order,) = self.make_orders([200])
        exclusion = self.exclude(order)
        self.end_exclusion(exclusion)
        self.assertEqual(self.run_job("live", days=90)["updated"], 1)

    def test_for_another_job_it_says_nothing(self):
        mine, theirs = self.make_orders([200, 201])
        with self.root() as env:
            other_job = self.make_job(env, f"other_{self.mark}", self.task).id
        self.exclude(mine, job_id=self.job_id)
        self.exclude(theirs, job_id=other_job)
        run = self.run_job("live", days=90)
        self.assertEqual(self.states([mine, theirs]), ["draft", "cancel"])
        self.assertEqual(run["withheld"], 1)

    def test_needs_reason_end_and_a_record_that_the_author_may_see(self):
        (order,) = self.make_orders([200])
        with self.as_user() as env:
            exclusions = env["sentinel.exclusion"]
            values = {"model": "sale.order", "record_ref": order}
            for missing in ("reason", "until"):
                given = dict(values, reason="why", until=datetime.now() + timedelta(days=1))
                del given[missing]
                with self.refused(env, NotNullViolation, missing):
                    exclusions.create(given)
            with self.refused(env, ValidationError, "no record 0"):
                exclusions.create(dict(values, record_ref=0, reason="x", until="2100-01-01"))
            with self.refused(env, ValidationError, "no record"):
                exclusions.create(
                    dict(values, model="no.such.model", reason="x", until="2100-01-01")
                )

    def test_rights(self):
        (order,) = self.make_orders([200])
        with self.root() as env:
            viewer = self.new_user(env, "onlooker", ["sentinel_ops_addon.group_viewer"]).id
        with self.assertRaises(AccessError):
            self.exclude(order, user_id=viewer)
        exclusion = self.exclude(order)
        with self.as_user() as env, self.refused(env, UserError, "ended, not deleted"):
            env["sentinel.exclusion"].sudo().browse(exclusion).unlink()
        self.end_exclusion(exclusion)

    def test_a_check_does_not_count_what_somebody_answers_for(self):
        with self.root() as env:
            partner = env["res.partner"].create(
                {"name": f"No mail {self.mark}", "company_id": self.company_id, "ref": self.mark}
            )
            code = f"mails_{self.mark}"
            self.make_job(
                env,
                code,
                "check_records",
                parameters={
                    "model": "res.partner",
                    "population": repr([("ref", "=", self.mark)]),
                    "condition": "[('email', '=', False)]",
                },
            )
            partner_id = partner.id
        self.assertNotEqual(self.run_job("plan", code=code)["verdict"], "pass")
        with self.as_user() as env:
            env["sentinel.exclusion"].create(
                {
                    "model": "res.partner",
                    "record_ref": partner_id,
                    "reason": "Has no mail",
                    "until": datetime.now() + timedelta(days=5),
                }
            )
        run = self.run_job("plan", code=code)
        self.assertEqual(run["verdict"], "pass")
        self.assertEqual(run["outcomes"], {"skipped_excluded": 1})

    def test_the_author_is_who_wrote_it(self):
        (order,) = self.make_orders([200])
        exclusion = self.exclude(order, author_login="the boss", record_name="Something else")
        with self.as_user() as env:
            made = env["sentinel.exclusion"].browse(exclusion)
            name = env["sale.order"].browse(order).display_name
            self.assertEqual(made.author_login, f"keeper_{self.mark}")
            made.write({"author_login": "the boss", "record_name": "Something else"})
            self.assertEqual((made.author_login, made.record_name), (f"keeper_{self.mark}", name))
        self.end_exclusion(exclusion)
