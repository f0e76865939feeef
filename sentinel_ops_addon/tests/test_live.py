import time
from unittest.mock import patch

from ..engine import apply
from ..engine.dispatcher import dispatch
from ..engine.time_slice import TimeSlice
from .common import OrderCase


def _slices_of_one_batch():
    """The rest of a slice is never worth another batch."""
    return patch.object(apply, "WORTH_A_BATCH", 1e9)


class TestLive(OrderCase):
    def test_cancels_what_is_old_and_nothing_else(self):
        young, old = self.make_orders([10, 100])
        run = self.run_job("live", days=90)
        self.assertEqual((run["status"], run["updated"]), ("success", 1))
        self.assertEqual(self.states([young, old]), ["draft", "cancel"])
        (line,) = self.lines(run["uid"])
        self.assertEqual((line["record"], line["outcome"]), (old, "done"))
        self.assertEqual((line["before"]["state"], line["after"]["state"]), ("draft", "cancel"))

    def test_makes_its_own_plan_as_a_run_of_its_own(self):
        self.make_orders([100])
        run = self.run_job("live", days=90)
        plan = self.status(run["plan"])
        self.assertEqual(
            (plan["mode"], plan["status"], plan["source"]), ("plan", "dry_run", "engine")
        )
        self.assertEqual(plan["outcomes"], {"planned": 1})
        self.assertIn(run["uid"], plan["reason"])

    def test_again_finds_nothing_left(self):
        self.make_orders([100, 100])
        self.assertEqual(self.run_job("live", days=90)["updated"], 2)
        again = self.run_job("live", days=90)
        self.assertEqual((again["status"], again["updated"], again["matched"]), ("success", 0, 0))

    def test_applies_a_saved_plan_and_only_its_records(self):
        planned = self.make_orders([100, 110])
        plan = self.run_job("plan", days=90)
        later = self.make_orders([120])
        run = self.run_job("live", plan=plan["uid"])
        self.assertEqual((run["plan"], run["updated"]), (plan["uid"], 2))
        self.assertEqual(self.states(planned), ["cancel", "cancel"])
        self.assertEqual(self.states(later), ["draft"])

    def test_chatter_says_who_did_it(self):
        (order,) = self.make_orders([100])
        self.run_job("live", days=90)
        with self.root() as env:
            message = env["sale.order"].browse(order).message_ids[0]
            self.assertEqual(message.author_id, env["res.users"].browse(self.user_id).partner_id)
            self.assertEqual(message.tracking_value_ids.new_value_char, "Cancelled")

    def test_pauses_between_slices_and_goes_on(self):
        ids = self.make_orders(range(100, 150))
        uid = self.trigger("live", days=90)["uid"]
        seen = []
        with patch("odoo.addons.sentinel_ops_addon.engine.time_slice.SLICE", 0):
            with patch("odoo.addons.sentinel_ops_addon.engine.dispatcher.budget", lambda: 0.001):
                for _call in range(30):
                    dispatch(self.dbname)
                    status = self.status(uid)
                    seen.append((status["state"], status["progress"]["done"]))
                    if status["state"] == "done":
                        break
        self.assertIn(("waiting", 1), seen)
        self.assertIn(("waiting", 6), seen)
        self.assertIn(("waiting", 31), seen)
        self.assertEqual(seen[-1][0], "done")
        self.assertEqual(set(self.states(ids)), {"cancel"})
        self.assertEqual(self.status(uid)["outcomes"], {"done": 50})

    def test_the_ramp(self):
        sizes, done = [], 0
        for _batch in range(6):
            size = apply._batch_size(done, 500)
            sizes.append(size)
            done += size
        self.assertEqual(sizes, [1, 5, 25, 500, 500, 500])
        self.assertEqual([apply._batch_size(done, 3) for done in (0, 1, 6, 31)], [1, 3, 3, 3])

    def test_a_batch_fits_into_the_time_that_is_left(self):
        self.assertEqual(apply._fitting(25, 0.5, 4.0), 200)
        self.assertEqual(apply._fitting(5, 20.0, 0.1), 1)

    def test_the_rest_of_a_slice_is_not_cut_into_ever_smaller_batches(self):
        ids = self.make_orders(range(100, 150))
        sizes = []

        def fitting(done, took, left):
            sizes.append(done)
            return 5 if done < 5 else 1

        self.patch(apply, "_fitting", fitting)
        self.patch(TimeSlice, "prolong", lambda *_args: False)
        run = self.run_job("live", days=90)
        self.assertEqual(run["outcomes"], {"done": 50})
        # Each new slice begins with the batch that a slice may begin with.
        self.assertEqual(sizes, [1, 5, 25, 19])
        self.assertEqual(set(self.states(ids)), {"cancel"})

    def test_a_run_that_is_alone_keeps_its_turn(self):
        self.make_orders(range(100, 150))
        with _slices_of_one_batch():
            uid = self.trigger("live", days=90)["uid"]
            dispatch(self.dbname)
        self.assertEqual(self.status(uid)["outcomes"], {"done": 50})
        self.assertEqual(self._slices(uid), 1)

    def test_a_run_lets_others_have_their_turn(self):
        self.make_orders(range(100, 150))
        with self.root() as env:
            self.make_job(env, "other_orders", "clean_old_orders")
        with _slices_of_one_batch():
            first = self.trigger("live", days=90)["uid"]
            second = self.trigger("plan", code="other_orders", days=90)["uid"]
            dispatch(self.dbname)
        # One that waits for its turn gets it; then the first one is alone and keeps its own.
        self.assertEqual(self.status(second)["state"], "done")
        self.assertEqual(self.status(first)["outcomes"], {"done": 50})
        self.assertEqual(self._slices(first), 2)

    def test_the_server_s_limit_ends_a_turn_though_nobody_waits(self):
        with self.root() as env:
            over = TimeSlice(time.monotonic() - 1)
            self.assertFalse(over.prolong(env.cr, 0))

    def _slices(self, uid):
        ((count,),) = self.sql("SELECT slice_count FROM sentinel_run WHERE uid = %s", [uid])
        return count

    def test_two_live_runs_go_one_after_the_other(self):
        ids = self.make_orders([100, 100, 100])
        first = self.trigger("live", days=90)["uid"]
        second = self.trigger("live", days=90)["uid"]
        self.finish(second)
        self.assertEqual(self.status(first)["updated"], 3)
        self.assertEqual(self.status(second)["updated"], 0)
        self.assertEqual(set(self.states(ids)), {"cancel"})

    def test_every_change_has_its_line_when_the_end_fails(self):
        ids = self.make_orders([100] * 8)
        uid = self.trigger("live", days=90)["uid"]
        with patch(
            "odoo.addons.sentinel_ops_addon.engine.slices.finish_live",
            side_effect=[RuntimeError("disk full"), RuntimeError("still full")],
        ):
            with self.assertRaises(RuntimeError):
                dispatch(self.dbname)
        cancelled = {i for i, state in zip(ids, self.states(ids), strict=True) if state == "cancel"}
        done = {line["record"] for line in self.lines(uid) if line["outcome"] == "done"}
        self.assertEqual(cancelled, done)
        self.assertEqual(len(done), 8)
        # Nobody works on it any more, so the next call ends it.
        self.assertEqual(self.finish(uid)["status"], "interrupted")

    def test_the_condition_means_the_plan_s_now(self):
        (order,) = self.make_orders([90])
        plan = self.run_job("plan", days=90)
        self.assertEqual(plan["selected"], 1)
        run = self.run_job("live", plan=plan["uid"])
        self.assertEqual(self.outcomes(run["uid"]), {order: "done"})
        with self.root() as env:
            plan_record = env["sentinel.run"].search([("uid", "=", plan["uid"])])
            live_record = env["sentinel.run"].search([("uid", "=", run["uid"])])
            self.assertEqual(plan_record.as_of, live_record.as_of)
