from contextlib import contextmanager

from odoo import SUPERUSER_ID, api
from odoo.modules.neutralize import neutralize_database

from ..engine.chain.content import NO_SEAL
from .common import OrderCase


class TestNeutralize(OrderCase):
    """What Odoo's own neutralization makes of a copy; undone at the end, so no copy is needed."""

    @contextmanager
    def neutralized(self):
        cr = self.registry.cursor()
        try:
            neutralize_database(cr)
            yield api.Environment(cr, SUPERUSER_ID, {})
        finally:
            cr.rollback()
            cr.close()

    def test_a_copy_starts_a_chain_of_its_own_and_keeps_the_old_one(self):
        self.make_orders([100])
        uid = self.run_job("plan", days=90)["uid"]
        with self.root() as env:
            old = env["sentinel.chain"]._identity().uid
            env["sentinel.consumer"].create({"name": f"store {self.mark}"})
        self.addCleanup(self.sql, "DELETE FROM sentinel_consumer")
        with self.neutralized() as env:
            chain = env["sentinel.chain"]._identity()
            self.assertNotEqual(chain.uid, old)
            self.assertRegex(chain.uid, r"^[0-9a-f-]{36}$")
            self.assertEqual((chain.position, chain.seal), (0, NO_SEAL))
            self.assertEqual((chain.start_position, chain.start_seal), (0, NO_SEAL))
            self.assertEqual(env["sentinel.run"].export_runs("0")["count"], 0)
            self.assertFalse(env["sentinel.consumer"].with_context(active_test=False).search([]))
            entry = env["sentinel.chain.entry"].search([("uid", "=", uid)])
            self.assertEqual(entry.chain, old)
            run = env["sentinel.run"]._by_uid(uid)
            self.assertEqual((run.state, run.seal), ("done", entry.seal))
            self.assertEqual(len(run.line_ids), 1)

    def test_a_copy_has_no_active_job_and_nothing_to_do(self):
        ids = self.make_orders([100, 101, 102])
        plan = self.run_job("plan", days=90)
        queued = self.trigger("live", days=90)["uid"]
        begun = self.trigger("live", plan=plan["uid"])["uid"]
        self.addCleanup(self.finish, queued)
        with self.registry.cursor() as cr:
            cr.execute(
                """
                UPDATE sentinel_run SET state = 'running', owner_token = 'x' WHERE uid = %(uid)s;
                INSERT INTO sentinel_run_line (
                       run_id, position, model, record_ref, outcome, after)
                SELECT run.id, 1, line.model, line.record_ref, 'done', '{}'
                  FROM sentinel_run AS run
                  JOIN sentinel_run_line AS line
                    ON line.run_id = run.plan_ref AND line.position = 1
                 WHERE run.uid = %(uid)s
                """,
                {"uid": begun},
            )
        with self.neutralized() as env:
            self.assertFalse(env["sentinel.job"].search([]))
            self.assertFalse(env["sentinel.run"].search([("state", "not in", ["done", "sealing"])]))
            never = env["sentinel.run"]._by_uid(queued)
            self.assertEqual((never.final_status, never.outcomes), ("aborted", {}))
            self.assertIn("neutralized copy", never.error)
            run = env["sentinel.run"]._by_uid(begun)
            self.assertEqual((run.state, run.final_status), ("sealing", "aborted"))
            self.assertEqual(run.outcomes, {"done": 1, "not_attempted": 2})
            self.assertEqual(
                (run.checked_count, run.updated_count, run.skipped_count, run.error_count),
                (3, 1, 2, 0),
            )
            self.assertEqual(
                run.line_ids.sorted("position").mapped("record_ref"),
                env["sentinel.run"]
                ._by_uid(plan["uid"])
                .line_ids.sorted("position")
                .mapped("record_ref"),
            )
            self.assertEqual(set(run.line_ids.mapped("record_ref")), set(ids))
