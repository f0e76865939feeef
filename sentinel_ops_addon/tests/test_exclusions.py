from datetime import datetime, timedelta

from psycopg2.errors import NotNullViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form

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

    def new_operator(self, name):
        """Somebody who may exclude, and may read neither orders nor other companies."""
        with self.root() as env:
            return self.new_user(env, name, ["sentinel_ops_addon.group_operator"]).id

    def test_filling_in_the_form_tells_no_name_that_one_may_not_read(self):
        """Odoo computes a stored field as superuser, and a form asks with any model and ID."""
        (order,) = self.make_orders([200])
        with self.root() as env:
            far = env["res.company"].create({"name": f"Far {self.mark}"})
            abroad = env["res.partner"].create({"name": "Abroad", "company_id": far.id}).id
            cron = env["ir.cron"].search([], limit=1).id
            here = env["res.partner"].create({"name": f"Here {self.mark}"}).id
        asked = {"sale.order": order, "res.partner": abroad, "ir.cron": cron}
        with self.as_user(self.new_operator("prober")) as env:
            form = Form(env["sentinel.exclusion"])
            for form.model, form.record_ref in asked.items():
                self.assertFalse(form.record_name, form.model)
            form.model, form.record_ref = "res.partner", here
            self.assertEqual(form.record_name, f"Here {self.mark}")

    def test_what_was_excluded_is_named_to_who_may_read_it_only(self):
        (order,) = self.make_orders([200])
        exclusion = self.exclude(order)
        operator_id = self.new_operator("other")
        with self.as_user() as env:
            made = env["sentinel.exclusion"].browse(exclusion)
            name = env["sale.order"].browse(order).display_name
            self.assertEqual(made.record_name, name)
            found = env["sentinel.exclusion"].search([("record_name", "ilike", name)])
            self.assertEqual(found, made)
            # Who may not read it, in the same transaction, right after who may.
            operator = made.with_user(operator_id)
            self.assertFalse(operator.record_name)
            self.assertFalse(operator.sudo().record_name)
            self.assertFalse(operator.search([("record_name", "ilike", name)]))
            self.assertTrue(operator.search([("record_name", "not ilike", name)]))
        kept = self.sql(
            "SELECT record_name FROM sentinel_event WHERE model = 'sentinel.exclusion' "
            "AND record_ref = %s",
            [exclusion],
        )
        self.assertEqual(kept, [("A promise to the customer",)])
        self.end_exclusion(exclusion)

    def test_names_are_read_at_once(self):
        orders = self.make_orders([200] * 20)
        made = [self.exclude(order) for order in orders]

        def queries(ids):
            with self.as_user() as env:
                exclusions = env["sentinel.exclusion"].browse(ids)
                before = env.cr.sql_log_count
                self.assertTrue(all(exclusions.mapped("record_name")))
                return env.cr.sql_log_count - before

        queries(made)  # what Odoo looks up once in a process
        self.assertEqual(queries(made), queries(made[:2]))
        for exclusion in made:
            self.end_exclusion(exclusion)
