from odoo.exceptions import AccessError, UserError

from ..engine.dispatcher import dispatch
from .common import EngineCase, OrderCase, TransferCase

HOLIDAY = "The customer is on holiday."


class UndoCase(EngineCase):
    def undo(self, uid, mode="live", user_id=None, **kwargs):
        """Undo a run to the end; returns the status of the run that did."""
        with self.as_user(user_id) as env:
            return self.finish(env["sentinel.run"].undo(uid, mode, **kwargs)["uid"])

    def messages(self, uid):
        return {line["record"]: line["message"] for line in self.lines(uid)}


class TestUndo(UndoCase, OrderCase):
    """What a run changed is put back, as far as nobody touched it since."""

    @classmethod
    def set_up_records(cls, env):
        cls.viewer_id = cls.new_user(env, "viewer", ["sentinel_ops_addon.group_viewer"]).id
        cls.operator_id = cls.new_user(env, "operator", ["sentinel_ops_addon.group_operator"]).id

    def cancelled(self, ages=(100, 101, 102), **values):
        """Quotations that a live run cancelled; returns their ids and the run's uid."""
        ids = self.make_orders(list(ages), **values)
        return ids, self.run_job("live", days=90)["uid"]

    def patch_undo(self, function):
        """Put ``function(original, operation, records, intended, ctx)`` in place of the inverse."""
        operation_class = self.registry["sentinel.operation.orders.cancel"]
        original = operation_class._undo
        self.patch(
            operation_class,
            "_undo",
            lambda operation, *args: function(original, operation, *args),
        )

    def test_plan_then_live(self):
        ids, uid = self.cancelled()
        plan = self.undo(uid, "plan")
        self.assertEqual((plan["status"], plan["matched"], plan["selected"]), ("dry_run", 3, 3))
        self.assertEqual(plan["amount"], "30.00")
        for line in self.lines(plan["uid"]):
            self.assertEqual((line["outcome"], line["intended"]), ("planned", {"state": "draft"}))
            self.assertEqual(line["before"]["state"], "cancel")
        self.assertEqual(set(self.states(ids)), {"cancel"})
        with self.as_user() as env:
            answer = env["sentinel.job"].trigger(self.code, "live", plan=plan["uid"])
        run = self.finish(answer["uid"])
        self.assertEqual((run["status"], run["outcomes"]), ("success", {"done": 3}))
        self.assertEqual(run["undoes"], uid)
        self.assertEqual(set(self.states(ids)), {"draft"})
        self.assertEqual(self.status(uid)["undone_by"], [run["uid"]])
        self.assertEqual(run["progress"], {"done": 3, "total": 3})

    def test_sent_quotations_are_sent_again(self):
        (sent,), uid = self.cancelled([100], state="sent")
        self.assertEqual(self.undo(uid)["status"], "success")
        self.assertEqual(self.states([sent]), ["sent"])

    def test_the_old_run_stays_as_it_was(self):
        _ids, uid = self.cancelled()
        columns = "SELECT to_jsonb(run) FROM sentinel_run AS run WHERE uid = %s"
        before = self.sql(columns, [uid]), self.lines(uid)
        self.undo(uid)
        self.assertEqual((self.sql(columns, [uid]), self.lines(uid)), before)

    def test_changed_gone_or_forgotten_is_refused_in_the_plan(self):
        ids, uid = self.cancelled([100, 101, 102, 103, 104])
        edited, by_sql, deleted, forgotten, good = ids[::-1]
        with self.root() as env:
            env["sale.order"].browse(edited).client_order_ref = "call me"
            env["sale.order"].browse(deleted).unlink()
        self.sql("UPDATE sale_order SET amount_total = 12 WHERE id = %s", [by_sql])
        self.forge(
            "UPDATE sentinel_run_line SET before = NULL WHERE record_ref = %s AND outcome = 'done'",
            [forgotten],
        )
        plan = self.undo(uid, "plan")
        self.assertEqual(
            self.outcomes(plan["uid"]),
            {
                edited: "refused",
                by_sql: "refused",
                deleted: "refused",
                forgotten: "refused",
                good: "planned",
            },
        )
        messages = self.messages(plan["uid"])
        self.assertIn("changed again", messages[edited])
        self.assertIn("changed again", messages[by_sql])
        self.assertIn("deleted", messages[deleted])
        self.assertIn("not known", messages[forgotten])
        lines = self.lines(plan["uid"])
        self.assertEqual([line["position"] for line in lines], [1, 2, 3, 4, 5])
        # What is to be done comes first: a live run counts its progress by position.
        self.assertEqual(lines[0]["record"], good)
        run = self.undo(uid)
        self.assertEqual((run["status"], run["outcomes"]), ("partial", {"done": 1, "refused": 4}))
        self.assertEqual(run["progress"], {"done": 1, "total": 1})
        self.assertEqual(self.states([good, edited, by_sql]), ["draft", "cancel", "cancel"])

    def test_a_run_from_before_fingerprints_is_refused(self):
        ids, uid = self.cancelled([100])
        self.forge(
            "UPDATE sentinel_run_line SET after_fingerprint = NULL WHERE record_ref = %s", ids
        )
        plan = self.undo(uid, "plan")
        self.assertEqual(plan["outcomes"], {"refused": 1})

    def test_changed_between_plan_and_live(self):
        ids, uid = self.cancelled([100, 101, 102])
        plan = self.undo(uid, "plan")
        with self.root() as env:
            env["sale.order"].browse(ids[0]).client_order_ref = "no"
        with self.registry.cursor() as other:
            other.execute("SELECT FROM sale_order WHERE id = %s FOR UPDATE", [ids[1]])
            run = self.run_job("live", plan=plan["uid"])
        self.assertEqual(
            self.outcomes(run["uid"]),
            {ids[0]: "skipped_changed", ids[1]: "skipped_locked", ids[2]: "done"},
        )
        self.assertEqual(self.states(ids), ["cancel", "cancel", "draft"])

    def test_in_several_goes(self):
        ids, uid = self.cancelled([100, 101])
        with self.registry.cursor() as other:
            other.execute("SELECT FROM sale_order WHERE id = %s FOR UPDATE", [ids[0]])
            first = self.undo(uid)
        self.assertEqual(first["outcomes"], {"done": 1, "skipped_locked": 1})
        second = self.undo(uid)
        self.assertEqual(self.outcomes(second["uid"]), {ids[0]: "done", ids[1]: "refused"})
        self.assertEqual(set(self.states(ids)), {"draft"})
        self.assertEqual(self.status(uid)["undone_by"], [first["uid"], second["uid"]])

    def test_what_would_be_lost_is_refused(self):
        (signed,), uid = self.cancelled([100], signed_by="Eve")
        plan = self.undo(uid, "plan")
        self.assertIn("signature", self.messages(plan["uid"])[signed])
        self.assertEqual(plan["outcomes"], {"refused": 1})

    def test_documents_that_were_cancelled_with_it(self):
        (order,) = self.make_orders([100])
        invoice_id = self.make_draft_invoice(order)
        uid = self.run_job("live", days=90)["uid"]
        with self.root() as env:
            self.assertEqual(env["account.move"].browse(invoice_id).state, "cancel")
        plan = self.undo(uid, "plan")
        self.assertIn("Invoices", self.messages(plan["uid"])[order])

    def make_draft_invoice(self, order):
        with self.root() as env:
            env = env(context={"allowed_company_ids": [self.company_id]})
            accountant = env.ref("account.group_account_invoice")
            env["res.users"].browse(self.user_id).group_ids = [(4, accountant.id)]
            journal = env["account.journal"].create(
                {"name": "Sales", "code": self.mark[:5], "type": "sale"}
            )
            env["res.partner"].browse(self.partner_id).property_account_receivable_id = env[
                "account.account"
            ].create(
                {
                    "name": "Receivable",
                    "code": f"1{self.mark}",
                    "account_type": "asset_receivable",
                }
            )
            lines = env["sale.order"].browse(order).order_line
            # A note needs no account, and belongs to the order all the same.
            note = {
                "name": "Thing",
                "display_type": "line_note",
                "sale_line_ids": [(6, 0, lines.ids)],
            }
            return (
                env["account.move"]
                .create(
                    {
                        "move_type": "out_invoice",
                        "partner_id": self.partner_id,
                        "journal_id": journal.id,
                        "invoice_line_ids": [(0, 0, note)],
                    }
                )
                .id
            )

    def test_the_business_may_say_no(self):
        ids, uid = self.cancelled([100 + i for i in range(9)])
        bad = ids[4]

        def refuse(original, operation, records, intended, ctx):
            if bad in records.ids:
                raise UserError(HOLIDAY)
            original(operation, records, intended, ctx)

        self.patch_undo(refuse)
        run = self.undo(uid)
        outcomes = self.outcomes(run["uid"])
        self.assertEqual(outcomes.pop(bad), "refused")
        self.assertEqual(set(outcomes.values()), {"done"})
        self.assertEqual(self.states([bad]), ["cancel"])

    def test_what_is_not_put_back_exactly_is_not_touched(self):
        ids, uid = self.cancelled([100, 101])

        def wrong_for_one(original, operation, records, intended, ctx):
            original(operation, records, intended, ctx)
            (records & records.browse(ids[0])).state = "sent"

        self.patch_undo(wrong_for_one)
        run = self.undo(uid)
        self.assertEqual(self.outcomes(run["uid"]), {ids[0]: "ineffective", ids[1]: "done"})
        self.assertEqual(self.states(ids), ["cancel", "draft"])

    def test_the_share_of_an_undo_is_of_what_the_run_looked_at(self):
        self.make_orders([1] * 6)
        self.set_job(has_max_share=True, max_share=50)
        ids, uid = self.cancelled()
        plan = self.undo(uid, "plan")
        self.assertEqual((plan["population"], plan["matched"]), (self.status(uid)["population"], 3))
        self.assertEqual(self.undo(uid)["outcomes"], {"done": 3})
        self.assertEqual(set(self.states(ids)), {"draft"})

    def test_caps_stop_an_undo(self):
        ids, uid = self.cancelled()
        try:
            with self.root() as env:
                env["sentinel.job"].browse(self.job_id).max_records = 2
            plan = self.undo(uid, "plan")
            self.assertIn("warn", [guard["verdict"] for guard in plan["guards"]])
            run = self.undo(uid)
        finally:
            with self.root() as env:
                env["sentinel.job"].browse(self.job_id).max_records = 1000
        self.assertEqual((run["status"], run["updated"]), ("aborted", 0))
        self.assertEqual(run["outcomes"], {"not_attempted": 3})
        self.assertEqual(set(self.states(ids)), {"cancel"})

    def test_an_undo_waits_for_the_approval_of_its_job(self):
        ids, uid = self.cancelled()
        with self.root() as env:
            rule = {"measure": "records", "above": 2, "approvers": "1"}
            env["sentinel.job"].browse(self.job_id).approval_policy_id = env[
                "sentinel.approval.policy"
            ].create({"name": f"Undo {self.mark}", "rule_ids": [(0, 0, rule)]})
        try:
            with self.as_user() as env:
                undoing = env["sentinel.run"].undo(uid, "live")["uid"]
            dispatch(self.dbname)
            self.assertEqual(self.status(undoing)["awaits"], "approval")
            self.assertEqual(set(self.states(ids)), {"cancel"})
            with self.as_user() as env:
                env["sentinel.run"].cancel(undoing, "not needed")
            self.assertEqual(self.finish(undoing)["outcomes"], {"not_attempted": 3})
        finally:
            with self.root() as env:
                env["sentinel.job"].browse(self.job_id).approval_policy_id = False
        self.assertEqual(set(self.states(ids)), {"cancel"})

    def test_simulated(self):
        ids, uid = self.cancelled([100, 101])
        run = self.undo(uid, "simulate")
        self.assertEqual((run["status"], run["outcomes"]), ("dry_run", {"simulated": 2}))
        self.assertEqual({line["after"]["state"] for line in self.lines(run["uid"])}, {"draft"})
        self.assertEqual(set(self.states(ids)), {"cancel"})
        self.assertEqual(self.status(uid)["undone_by"], [])

    def test_excluded_records_are_left_alone(self):
        ids, uid = self.cancelled([100, 101])
        with self.root() as env:
            env["sentinel.exclusion"].create(
                {
                    "model": "sale.order",
                    "record_ref": ids[0],
                    "reason": "in court",
                    "until": "2099-01-01 00:00:00",
                }
            )
        run = self.undo(uid)
        self.assertEqual(self.outcomes(run["uid"]), {ids[0]: "skipped_excluded", ids[1]: "done"})
        self.assertEqual(self.states(ids), ["cancel", "draft"])

    def test_what_cannot_be_undone(self):
        ids, uid = self.cancelled([100])
        plan = self.run_job("plan", days=90)
        nothing = self.run_job("live", days=90)
        undone = self.undo(uid)
        with self.as_user() as env:
            runs = env["sentinel.run"]
            for other, words in (
                (plan["uid"], "dry run"),
                (nothing["uid"], "changed nothing"),
                (undone["uid"], "undid another run"),
                ("no-such-run", "no run"),
            ):
                with self.refused(env, UserError, words):
                    runs.undo(other)
                if other != "no-such-run":
                    self.assertFalse(runs._by_uid(other).can_undo)
            self.assertTrue(runs._by_uid(uid).can_undo)
        self.assertEqual(self.states(ids), ["draft"])

    def test_an_operation_without_inverse(self):
        _ids, uid = self.cancelled([100])
        self.patch(self.registry["sentinel.operation.orders.cancel"], "_operation_undo", False)
        with self.as_user() as env:
            self.assertFalse(env["sentinel.run"]._by_uid(uid).can_undo)
            with self.refused(env, UserError, "cannot be put back"):
                env["sentinel.run"].undo(uid)

    def test_a_run_at_work_cannot_be_undone(self):
        self.make_orders([100])
        uid = self.trigger("live", days=90)["uid"]
        with self.as_user() as env, self.refused(env, UserError, "not ended"):
            env["sentinel.run"].undo(uid)
        self.finish(uid)

    def test_only_operators(self):
        ids, uid = self.cancelled([100])
        with self.as_user(self.viewer_id) as env:
            for door in ("undo", "retry"):
                with self.refused(env, AccessError, "operators"):
                    getattr(env["sentinel.run"], door)(uid)
            for button in ("action_undo", "action_retry"):
                with self.refused(env, AccessError, "operators"):
                    getattr(env["sentinel.run"]._by_uid(uid), button)()
        run = self.undo(uid, user_id=self.operator_id, reason="too early")
        self.assertEqual(
            (run["status"], run["requested_by"], run["run_as"], run["reason"]),
            ("success", f"operator_{self.mark}", f"keeper_{self.mark}", "too early"),
        )
        self.assertEqual(self.states(ids), ["draft"])

    def test_runs_of_other_companies_are_out_of_reach(self):
        ids, uid = self.cancelled([100])
        with self.root() as env:
            far = env["res.company"].create({"name": f"Far {self.mark}"})
            stranger = self.new_user(
                env, "far_operator", ["sentinel_ops_addon.group_operator"], far
            ).id
        with self.as_user(stranger) as env:
            with self.refused(env, UserError, "may not see"):
                env["sentinel.run"].undo(uid, "live")
            with self.refused(env, AccessError, "companies"):
                env["sentinel.run"].with_context(allowed_company_ids=[self.company_id]).undo(uid)
        self.assertEqual(self.states(ids), ["cancel"])

    def test_seen_with_the_old_run_s_eyes(self):
        """Another user of the job today neither gets nor lends rights."""
        ids, uid = self.cancelled([100])
        plan = self.undo(uid, "plan")
        try:
            with self.root() as env:
                env["sentinel.job"].browse(self.job_id).run_as_id = self.operator_id
            run = self.run_job("live", plan=plan["uid"])
            self.assertEqual((run["run_as"], run["status"]), (f"keeper_{self.mark}", "success"))
            with self.root() as env:
                env["res.users"].browse(self.user_id).active = False
            with self.as_user(self.operator_id) as env, self.refused(env, UserError, "archived"):
                env["sentinel.run"].undo(uid)
        finally:
            with self.root() as env:
                env["res.users"].browse(self.user_id).active = True
                env["sentinel.job"].browse(self.job_id).run_as_id = self.user_id
        self.assertEqual(self.states(ids), ["draft"])

    def test_one_request_one_run(self):
        _ids, uid = self.cancelled([100])
        with self.as_user() as env:
            runs = env["sentinel.run"]
            first = runs.undo(uid, idempotency_key=f"k_{self.mark}")
            again = runs.undo(uid, idempotency_key=f"k_{self.mark}")
            self.assertEqual((again["uid"], again["repeated"]), (first["uid"], True))
            with self.refused(env, UserError, "another request"):
                runs.undo(uid, "live", idempotency_key=f"k_{self.mark}")

    def test_from_the_menu(self):
        ids, uid = self.cancelled([100])
        with self.as_user() as env:
            plan_id = env["sentinel.run"]._by_uid(uid).action_undo()["res_id"]
        dispatch(self.dbname)
        with self.as_user() as env:
            plan = env["sentinel.run"].browse(plan_id)
            self.assertEqual((plan.mode, plan.final_status), ("plan", "dry_run"))
            live_id = plan.action_apply()["res_id"]
        self.drain()
        with self.as_user() as env:
            live = env["sentinel.run"].browse(live_id)
            self.assertEqual((live.undoes_uid, live.updated_count), (uid, 1))
            old = env["sentinel.run"]._by_uid(uid)
            self.assertEqual(old.follow_up_count, 2)
            found = env["sentinel.run"].search(old.action_open_follow_ups()["domain"])
            self.assertEqual(found, live | plan)
        self.assertEqual(self.states(ids), ["draft"])


class TestUndoReservation(UndoCase, TransferCase):
    """Goods that a run reserved are released, and no others."""

    task = "release_stuck_transfers"

    def test_released_again(self):
        ids = self.make_transfers([5, 6])
        self.stock(2)
        uid = self.run_job("live", days=2)["uid"]
        self.assertEqual(self.states(ids), ["assigned", "assigned"])
        run = self.undo(uid)
        self.assertEqual((run["status"], run["outcomes"]), ("success", {"done": 2}))
        self.assertEqual(self.states(ids), ["confirmed", "confirmed"])
        with self.root() as env:
            self.assertFalse(env["stock.picking"].browse(ids).move_line_ids)

    def test_goods_that_others_reserved_stay_reserved(self):
        before, after = self.make_transfers([5, 6], quantity=2)
        with self.root() as env:
            env["stock.picking"].browse([before, after]).move_type = "one"
        self.stock(1)
        with self.root() as env:
            env["stock.picking"].browse(before).action_assign()
        self.stock(3)
        uid = self.run_job("live", days=2)["uid"]
        self.assertEqual(self.states([before, after]), ["assigned", "assigned"])
        with self.root() as env:
            env["stock.picking"].browse(after).move_line_ids.quantity = 1.5
        run = self.undo(uid)
        self.assertEqual(set(self.outcomes(run["uid"]).values()), {"refused"})
        self.assertIn("reserved before", self.messages(run["uid"])[before])
        with self.root() as env:
            self.assertTrue(env["stock.picking"].browse(before).move_line_ids)
