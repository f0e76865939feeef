import threading
from unittest.mock import patch

import psycopg2

from odoo.exceptions import RedirectWarning, UserError

from ..engine import apply
from ..engine.cursors import commit, plan_cursor, writing_cursor
from ..engine.dispatcher import dispatch
from .common import OrderCase

HOLIDAY = "The customer is on holiday."


class TestBatch(OrderCase):
    """What becomes of records that are not as planned, or that do not want to."""

    def test_changed_locked_deleted_confirmed(self):
        good, edited, older, confirmed, deleted, locked = self.make_orders(
            [100, 101, 102, 103, 104, 105]
        )
        plan = self.run_job("plan", days=90)
        with self.root() as env:
            orders = env["sale.order"]
            orders.browse(edited).client_order_ref = "please wait"
            orders.browse(older).date_order = "2020-01-01"
            orders.browse(confirmed).action_confirm()
            orders.browse(deleted).unlink()
        with self.registry.cursor() as other:
            other.execute("SELECT FROM sale_order WHERE id = %s FOR UPDATE", [locked])
            run = self.run_job("live", plan=plan["uid"])
        self.assertEqual(
            self.outcomes(run["uid"]),
            {
                good: "done",
                edited: "skipped_changed",
                older: "skipped_changed",
                confirmed: "skipped_changed",
                deleted: "skipped_changed",
                locked: "skipped_locked",
            },
        )
        messages = {line["record"]: line["message"] for line in self.lines(run["uid"])}
        self.assertIn("deleted", messages[deleted])
        self.assertIn("condition", messages[confirmed])
        self.assertIn("Order Date", messages[older])
        self.assertEqual(
            self.states([good, edited, older, confirmed, locked]),
            ["cancel", "draft", "draft", "sale", "draft"],
        )
        self.assertEqual((run["status"], run["updated"], run["skipped"]), ("success", 1, 5))

    def test_a_refused_record_does_not_stop_the_others(self):
        ids = self.make_orders([100 + i for i in range(40)])
        bad = {ids[3], ids[17], ids[39]}

        def refuse(original, operation, records, ctx):
            if bad & set(records.ids):
                raise UserError(HOLIDAY)
            original(operation, records, ctx)

        self.patch_apply(refuse)
        run = self.run_job("live", days=90)
        outcomes = self.outcomes(run["uid"])
        self.assertEqual({i for i in ids if outcomes[i] == "refused"}, bad)
        self.assertEqual(run["outcomes"], {"done": 37, "refused": 3})
        self.assertEqual(run["status"], "partial")
        self.assertTrue(all("on holiday" in error for error in run["errors"]))
        states = dict(zip(ids, self.states(ids), strict=True))
        self.assertEqual({i for i, state in states.items() if state == "draft"}, bad)

    def test_a_refusal_that_offers_another_screen_is_a_refusal(self):
        (order,) = self.make_orders([100])

        def redirect(original, operation, records, ctx):
            raise RedirectWarning(HOLIDAY, 1, "Go there")

        self.patch_apply(redirect)
        run = self.run_job("live", days=90)
        self.assertEqual(self.outcomes(run["uid"]), {order: "refused"})
        self.assertEqual(self.lines(run["uid"])[0]["message"], HOLIDAY)

    def count_attempts(self, ids, is_refused):
        """Run the job on orders; returns the run and the number of records of each attempt."""
        attempts = []

        def refuse(original, operation, records, ctx):
            attempts.append(len(records))
            if is_refused(set(records.ids)):
                raise UserError(HOLIDAY)
            original(operation, records, ctx)

        self.patch_apply(refuse)
        return self.run_job("live", days=90, limit=len(ids)), attempts

    def test_one_culprit_among_many_is_closed_in_on(self):
        """Halving 64 takes 6 steps; what follows the culprit is then tried together."""
        ids = self.make_orders([300 - i for i in range(31 + 64)])
        bad = ids[31 + 40]
        run, attempts = self.count_attempts(ids, lambda found: bad in found)
        self.assertEqual(run["outcomes"], {"done": 94, "refused": 1})
        self.assertEqual(attempts, [1, 5, 25, 64, 32, 16, 8, 4, 2, 1, 23])

    def test_many_culprits_come_down_to_one_by_one(self):
        ids = self.make_orders([300 - i for i in range(31 + 64)])
        self.set_job(has_max_errors=False, has_max_error_share=False)
        run, attempts = self.count_attempts(ids, lambda found: True)
        self.assertEqual(run["outcomes"], {"refused": 95})
        self.assertLess(len(attempts), 95 * 1.5)

    def test_records_that_fail_only_together_are_done(self):
        ids = self.make_orders([300 - i for i in range(31 + 16)])
        rivals = {ids[33], ids[44]}
        run, _attempts = self.count_attempts(ids, lambda found: rivals <= found)
        self.assertEqual(run["outcomes"], {"done": 47})

    def count_blamed_attempts(self, count, blame):
        """Like ``count_attempts``; ``blame`` gives the record to name in a refusal, or none."""
        ids = self.make_orders([300 - i for i in range(31 + count)])
        attempts = []

        def refuse(original, operation, records, ctx):
            attempts.append(len(records))
            culprit = blame(records, ids)
            if culprit is not None:
                raise UserError(HOLIDAY)
            original(operation, records, ctx)

        self.patch_apply(refuse)
        return self.run_job("live", days=90, limit=len(ids)), attempts

    def test_who_is_named_is_tried_alone(self):
        def blame(records, ids):
            return next((order for order in records if order.id == ids[31 + 40]), None)

        run, attempts = self.count_blamed_attempts(64, blame)
        self.assertEqual(run["outcomes"], {"done": 94, "refused": 1})
        self.assertEqual(attempts, [1, 5, 25, 64, 32, 8, 1, 23])

    def test_all_that_a_rule_forbids_are_taken_apart_at_once(self):
        ids = self.make_orders([300 - i for i in range(31 + 64)])
        bad = {ids[31 + 10], ids[31 + 40], ids[31 + 63]}
        with self.root() as env:
            rule = env["ir.rule"].create(
                {
                    "name": f"Not these {self.mark}",
                    "model_id": env["ir.model"]._get("sale.order").id,
                    "domain_force": f"[('id', 'not in', {list(bad)})]",
                    "perm_read": False,
                }
            )
            rule_id = rule.id
        self.addCleanup(self.sql, "DELETE FROM ir_rule WHERE id = %s", [rule_id])
        attempts = []

        def count(original, operation, records, ctx):
            attempts.append(records.ids)
            original(operation, records, ctx)

        self.patch_apply(count)
        run = self.run_job("live", days=90, limit=len(ids))
        outcomes = self.outcomes(run["uid"])
        self.assertEqual({i for i in ids if outcomes[i] == "refused"}, bad)
        self.assertEqual(list(map(len, attempts)), [1, 5, 25, 64, 10, 1, 29, 1, 22, 1])
        # In the order of the plan.
        self.assertEqual(sum(attempts[4:], []), ids[31:])

    def test_who_is_named_wrongly_is_done_and_nobody_is_named_again(self):
        """The code names the first it sees, whoever the culprit is."""

        def blame(records, ids):
            return records[0] if ids[31 + 40] in records.ids else None

        run, attempts = self.count_blamed_attempts(64, blame)
        self.assertEqual(run["outcomes"], {"done": 94, "refused": 1})
        self.assertEqual(attempts, [1, 5, 25, 64, 1, 63, 31, 16, 8, 4, 2, 1, 23])

    def test_a_guess_that_is_always_wrong_costs_two_attempts(self):
        """The loop is over when the refusal comes: what it leaves at hand is its last record."""

        def blame(records, ids):
            return records[-1] if ids[31 + 40] in records.ids else None

        run, attempts = self.count_blamed_attempts(64, blame)
        self.assertEqual(run["outcomes"], {"done": 94, "refused": 1})
        # All, half of them, those before the guess; then by halves, then the rest.
        self.assertEqual(attempts[3:6], [64, 32, 31])
        self.assertLessEqual(len(attempts), 6 + 6 + 2)

    def test_what_was_changed_before_a_refusal_is_known_to_nobody_afterwards(self):
        ids = self.make_orders([300 - i for i in range(31 + 8)], client_order_ref="mine")
        bad = {ids[33], ids[36]}
        seen = set()

        def change_and_refuse(original, operation, records, ctx):
            for order in records:
                seen.add((order.client_order_ref, order.amount_total, len(order.order_line)))
            if bad & set(records.ids):
                records.client_order_ref = "changed"
                records.order_line.product_uom_qty = 5
                records.order_line.copy({"order_id": records[0].id})
                self.assertGreater(records[0].amount_total, 10)
                raise UserError(HOLIDAY)
            original(operation, records, ctx)

        self.patch_apply(change_and_refuse)
        run = self.run_job("live", days=90)
        self.assertEqual(run["outcomes"], {"done": 37, "refused": 2})
        self.assertEqual(seen, {("mine", 10.0, 1)})
        rows = self.sql(
            "SELECT DISTINCT client_order_ref, amount_total FROM sale_order WHERE id = ANY(%s)",
            [ids],
        )
        self.assertEqual([(ref, float(amount)) for ref, amount in rows], [("mine", 10.0)])

    def test_a_crash_is_a_failed_line_without_traceback(self):
        self.make_orders([100])

        def crash(original, operation, records, ctx):
            raise KeyError("rate")

        self.patch_apply(crash)
        run = self.run_job("live", days=90)
        (line,) = self.lines(run["uid"])
        self.assertEqual((line["outcome"], line["message"]), ("failed", "KeyError: 'rate'"))
        self.assertEqual(run["status"], "failure")

    def test_no_effect_is_undone_and_said(self):
        kept, *others = self.make_orders([200, 100, 101])

        def forget_one(original, operation, records, ctx):
            original(operation, records - records.browse(kept), ctx)
            (records & records.browse(kept)).client_order_ref = "touched"

        self.patch_apply(forget_one)
        run = self.run_job("live", days=90)
        self.assertEqual(
            self.outcomes(run["uid"]),
            {kept: "ineffective", others[0]: "done", others[1]: "done"},
        )
        rows = self.sql("SELECT client_order_ref FROM sale_order WHERE id = %s", [kept])
        self.assertEqual(rows, [(None,)])

    def test_a_conflict_is_tried_again_and_blamed_on_nobody(self):
        ids = self.make_orders([100 + i for i in range(4)])
        rivals = []

        def meet_a_rival(original, operation, records, ctx):
            original(operation, records, ctx)
            if not rivals:
                rivals.append(records.ids)
                raise psycopg2.errors.SerializationFailure("could not serialize access")

        self.patch_apply(meet_a_rival)
        run = self.run_job("live", days=90)
        self.assertEqual(run["outcomes"], {"done": 4})
        self.assertEqual(set(self.states(ids)), {"cancel"})

    def test_a_real_serialization_failure(self):
        ids = self.make_orders([100, 101, 102])
        partner_id = self.partner_id
        rivals = []

        def write_what_a_rival_just_wrote(original, operation, records, ctx):
            if not rivals:
                rivals.append(True)
                thread = threading.Thread(
                    target=self.sql,
                    args=("UPDATE res_partner SET comment = 'x' WHERE id = %s", [partner_id]),
                )
                thread.start()
                thread.join()
                records.env.cr.execute(
                    "UPDATE res_partner SET comment = 'y' WHERE id = %s", [partner_id]
                )
            original(operation, records, ctx)

        self.patch_apply(write_what_a_rival_just_wrote)
        with patch.object(apply, "roll_back", wraps=apply.roll_back) as roll_back:
            run = self.run_job("live", days=90)
        self.assertEqual(roll_back.call_count, 1)
        self.assertEqual(run["outcomes"], {"done": 3})
        self.assertEqual(set(self.states(ids)), {"cancel"})

    def test_a_record_in_conflict_for_ever_is_left_alone(self):
        ids = self.make_orders([200, 100, 101, 102])
        cursed = ids[0]

        def always(original, operation, records, ctx):
            if cursed in records.ids:
                raise psycopg2.errors.DeadlockDetected("deadlock detected")
            original(operation, records, ctx)

        self.patch_apply(always)
        self.patch(apply, "FIRST_BACK_OFF", 0.001)
        run = self.run_job("live", days=90)
        outcomes = self.outcomes(run["uid"])
        self.assertEqual(outcomes.pop(cursed), "skipped_locked")
        self.assertEqual(set(outcomes.values()), {"done"})

    def test_conflicts_do_not_outlast_the_slice(self):
        """A table that somebody holds: the run pauses, grows smaller, and goes on afterwards."""
        ids = self.make_orders([100 + i for i in range(8)])
        uid = self.trigger("live", days=90)["uid"]
        blocked = []

        def wait_in_vain(original, operation, records, ctx):
            if blocked:
                blocked.append(len(records))
                raise psycopg2.errors.LockNotAvailable("canceling statement due to lock timeout")
            original(operation, records, ctx)

        self.patch_apply(wait_in_vain)
        with patch("odoo.addons.sentinel_ops_addon.engine.dispatcher.budget", lambda: 0.001):
            with patch("odoo.addons.sentinel_ops_addon.engine.time_slice.SLICE", 0):
                dispatch(self.dbname)
                blocked.append(0)
                dispatch(self.dbname)
                dispatch(self.dbname)
                self.assertEqual(self.status(uid)["state"], "waiting")
                self.assertEqual(blocked[1:], [5, 2])
        blocked.clear()
        run = self.finish(uid)
        self.assertEqual((run["status"], run["updated"]), ("success", 8))
        self.assertEqual(set(self.states(ids)), {"cancel"})

    def test_an_operation_may_not_commit(self):
        ids = self.make_orders([100, 101])

        def try_to_commit(original, operation, records, ctx):
            original(operation, records, ctx)
            records.env.cr.commit()

        self.patch_apply(try_to_commit)
        run = self.run_job("live", days=90)
        self.assertEqual(run["status"], "failure")
        self.assertIn("commit()", run["error"])
        self.assertEqual(set(self.states(ids)), {"draft"})
        self.assertEqual(run["outcomes"], {"not_attempted": 2})

    def test_an_operation_may_not_commit_by_sql(self):
        ids = self.make_orders([100])

        def try_to_commit(original, operation, records, ctx):
            original(operation, records, ctx)
            records.env.cr.execute("/* quick */ COMMIT")

        self.patch_apply(try_to_commit)
        run = self.run_job("live", days=90)
        self.assertEqual(run["status"], "failure")
        self.assertIn("COMMIT", run["error"])
        self.assertEqual(self.states(ids), ["draft"])

    def test_only_the_engine_s_cursors_can_be_committed_by_it(self):
        with self.registry.cursor() as cr, self.assertRaises(TypeError):
            commit(cr)
        with plan_cursor(self.dbname) as cr, self.assertRaises(TypeError):
            commit(cr)
        with writing_cursor(self.dbname) as cr:
            cr.execute("SELECT 1")
            commit(cr)
