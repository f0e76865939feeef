from odoo.exceptions import AccessError, UserError

from .common import OrderCase


class TestWhoseEyes(OrderCase):
    """What a record was is as secret as what it is."""

    @classmethod
    def set_up_records(cls, env):
        cls.viewer_id = cls.new_user(env, "onlooker", ["sentinel_ops_addon.group_viewer"]).id
        cls.seller_id = cls.new_user(
            env, "seller", ["sentinel_ops_addon.group_viewer", "sales_team.group_sale_salesman"]
        ).id
        cls.auditor_id = cls.new_user(env, "auditor", ["sentinel_ops_addon.group_auditor"]).id

    def test_before_and_after_need_read_access_to_the_record(self):
        (mine,) = self.make_orders([100], user_id=self.seller_id)
        (other,) = self.make_orders([101], user_id=self.user_id)
        uid = self.run_job("live", days=90)["uid"]

        def seen_by(user_id):
            with self.as_user(user_id) as env:
                lines = env["sentinel.run"].read_lines(uid)["lines"]
                texts = env["sentinel.run.line"].search([("run_id.uid", "=", uid)])
                changes = {line.record_ref: line.change_text for line in texts}
            for line in lines:
                shown = bool(line["before"] or line["intended"] or line["after"])
                self.assertEqual(shown, not line["withheld"])
                self.assertEqual("draft → cancel" in changes[line["record"]], shown)
            return {line["record"] for line in lines if not line["withheld"]}

        self.assertEqual(seen_by(self.user_id), {mine, other})
        self.assertEqual(seen_by(self.seller_id), {mine})
        self.assertEqual(seen_by(self.viewer_id), set())

    def test_no_way_around_it(self):
        self.make_orders([100])
        uid = self.run_job("plan", days=90)["uid"]
        with self.as_user(self.viewer_id) as env:
            lines = env["sentinel.run.line"].search([("run_id.uid", "=", uid)])
            self.assertTrue(lines)
            for call in (
                lambda: lines.read(["before"]),
                lambda: lines.export_data(["intended"]),
                lambda: lines.search([("before", "ilike", "draft")]),
                lambda: lines._read_group([], ["fingerprint"]),
                lambda: lines.search([], order="fingerprint"),
            ):
                with self.assertRaises((AccessError, UserError, ValueError)), env.cr.savepoint():
                    call()
            self.assertNotIn("before", lines.read()[0])

    def test_what_changed_is_named_without_its_value(self):
        (order,) = self.make_orders([100])
        plan = self.run_job("plan", days=90)
        with self.root() as env:
            env["sale.order"].browse(order).date_order = "2020-02-03"
        run = self.run_job("live", plan=plan["uid"])
        (line,) = self.lines(run["uid"])
        self.assertIn("Order Date", line["message"])
        self.assertNotIn("2020", line["message"])

    def test_a_record_that_is_gone_is_for_the_auditor(self):
        (order,) = self.make_orders([100])
        uid = self.run_job("live", days=90)["uid"]
        with self.root() as env:
            env["sale.order"].browse(order).unlink()
        with self.as_user() as env:
            self.assertTrue(env["sentinel.run"].read_lines(uid)["lines"][0]["withheld"])
        with self.as_user(self.auditor_id) as env:
            position = int(self.status(uid)["position"])
            exported = env["sentinel.run"].export_lines(str(position), 0, str(position))
        self.assertEqual(exported["count"], 1)
