from datetime import datetime, timedelta

from odoo.exceptions import AccessError

from .common import OrderCase


class TestRepairLoops(OrderCase):
    """A record that has to be repaired again and again is a finding of its own."""

    @classmethod
    def set_up_records(cls, env):
        cls.loops_code = f"repair_loops_{cls.mark}"
        cls.make_job(env, cls.loops_code, "repair_loops")
        cls.viewer_id = cls.new_user(env, "viewer", ["sentinel_ops_addon.group_viewer"]).id
        cls.nobody_id = cls.new_user(env, "nobody", []).id

    def setUp(self):
        super().setUp()
        # What an earlier test repaired is long ago.
        self.forge(
            "UPDATE sentinel_run SET ended_at = '2020-01-01' WHERE company_ref = %s",
            [self.company_id],
        )

    def repair(self, ids, code=None):
        """Let the orders be trouble once more, and cancel them by a live run."""
        self.sql("UPDATE sale_order SET state = 'draft' WHERE id = ANY(%s)", [ids])
        run = self.run_job("live", code=code, days=90)
        self.assertEqual(self.outcomes(run["uid"]), dict.fromkeys(ids, "done"))
        return run["uid"]

    def found(self, user_id=None):
        """How often each order of this company was repaired, as a viewer sees it."""
        with self.as_user(user_id or self.viewer_id) as env:
            loops = env["sentinel.repair.loop"].search([])
            self.assertEqual(set(loops.mapped("model")), {"sale.order"} if loops else set())
            return {loop.record_ref: loop.repair_count for loop in loops}

    def age(self, uid, days):
        """Make a run as old as that."""
        moment = datetime.now() - timedelta(days=days)
        self.forge("UPDATE sentinel_run SET ended_at = %s WHERE uid = %s", [moment, uid])
        self.forge(
            "UPDATE sentinel_run_line SET at = %s "
            "WHERE run_id = (SELECT id FROM sentinel_run WHERE uid = %s)",
            [moment, uid],
        )

    def test_three_times_within_thirty_days(self):
        first, second = self.make_orders([100, 101])
        with self.root() as env:
            other_code = f"other_{self.mark}"
            self.make_job(env, other_code, "clean_old_orders")
        oldest = self.repair([first, second])
        self.repair([first, second])
        check = self.run_job("plan", code=self.loops_code)
        self.assertEqual((check["verdict"], check["matched"]), ("pass", 0))
        self.repair([first], code=other_code)
        self.assertEqual(self.found(), {first: 3, second: 2})
        check = self.run_job("plan", code=self.loops_code)
        self.assertEqual((check["verdict"], check["matched"], check["population"]), ("warn", 1, 2))
        (line,) = self.lines(check["uid"])
        self.assertEqual(line["outcome"], "found")
        codes = ", ".join(sorted([self.code, other_code]))
        self.assertEqual(line["reason"], f"Repaired 3 times in 30 days by {codes}")
        self.assertEqual(
            (line["before"]["model"], line["before"]["record_ref"]), ("sale.order", first)
        )
        self.age(oldest, 29)
        self.assertEqual(self.found(), {first: 3, second: 2})
        self.age(oldest, 31)
        self.assertEqual(self.found(), {first: 2, second: 1})

    def test_what_is_no_repair_does_not_count(self):
        (order,) = self.make_orders([100])
        uid = self.repair([order])
        before = self.found()[order]
        self.run_job("plan", days=90)
        with self.as_user() as env:
            undoing = env["sentinel.run"].undo(uid, "live")["uid"]
        self.assertEqual(self.finish(undoing)["updated"], 1)
        with self.registry.cursor() as other:
            other.execute("SELECT FROM sale_order WHERE id = %s FOR UPDATE", [order])
            self.assertEqual(self.run_job("live", days=90)["updated"], 0)
        self.assertEqual(self.found()[order], before)

    def test_who_may_see_it(self):
        (order,) = self.make_orders([100])
        self.repair([order])
        with self.root() as env:
            far = env["res.company"].create({"name": f"Far {self.mark}"})
            stranger = self.new_user(env, "far_viewer", ["sentinel_ops_addon.group_viewer"], far).id
        self.assertIn(order, self.found())
        self.assertEqual(self.found(stranger), {})
        with self.as_user(self.nobody_id) as env, self.assertRaises(AccessError):
            env["sentinel.repair.loop"].search([])

    def test_open_the_record(self):
        (order,) = self.make_orders([100])
        self.repair([order])
        with self.as_user() as env:
            loop = env["sentinel.repair.loop"].search([("record_ref", "=", order)])
            action = loop.action_open_record()
            self.assertEqual((action["res_model"], action["res_id"]), ("sale.order", order))
            self.assertEqual(loop.record_name, env["sale.order"].browse(order).name)
