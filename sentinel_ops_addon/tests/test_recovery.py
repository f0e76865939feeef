from unittest.mock import patch

from ..engine import cursors, recovery, slices
from ..engine.cursors import writing_cursor
from ..engine.dispatcher import dispatch
from ..engine.errors import OwnershipLost
from ..engine.liveness import fence, holding, take_ownership
from .common import Died, OrderCase


class TestRecovery(OrderCase):
    """Processes that die, and processes that wake up again."""

    def die_in_batch(self, number):
        """Let the process die in the ``number``-th batch, after its changes."""
        operation_class = self.registry["sentinel.operation.orders.cancel"]
        original = operation_class._apply
        calls = []

        def apply(operation, records, ctx):
            original(operation, records, ctx)
            calls.append(records.ids)
            if len(calls) == number:
                raise Died

        return patch.object(operation_class, "_apply", apply)

    def test_interrupted_and_finished_by_the_next(self):
        ids = self.make_orders([100 + i for i in range(20)])
        uid = self.trigger("live", days=90)["uid"]
        with self.die_in_batch(3), self.assertRaises(Died):
            dispatch(self.dbname)
        self.assertEqual(self.status(uid)["state"], "running")
        run = self.finish(uid)
        self.assertEqual(run["status"], "interrupted")
        # Batches of 1 and 5 were committed, the third was lost whole.
        self.assertEqual(run["outcomes"], {"done": 6, "not_attempted": 14})
        self.assertEqual(run["progress"], {"done": 6, "total": 20})
        states = self.states(ids)
        self.assertEqual(states.count("cancel"), 6)
        done = {record for record, outcome in self.outcomes(uid).items() if outcome == "done"}
        self.assertEqual(
            done, {i for i, state in zip(ids, states, strict=True) if state == "cancel"}
        )
        rest = self.run_job("live", days=90)
        self.assertEqual((rest["status"], rest["updated"]), ("success", 14))

    def test_a_plan_that_dies_leaves_no_lines(self):
        self.make_orders([100])
        uid = self.trigger("plan", days=90)["uid"]
        task_class = self.registry["sentinel.task.clean_old_orders"]

        def die(task, ctx, selection):
            raise Died

        with patch.object(task_class, "_measures", die), self.assertRaises(Died):
            dispatch(self.dbname)
        run = self.finish(uid)
        self.assertEqual((run["status"], run["outcomes"]), ("interrupted", {}))

    def test_a_simulation_that_dies_leaves_nothing(self):
        ids = self.make_orders([100 + i for i in range(20)])
        uid = self.trigger("simulate", days=90)["uid"]
        with self.die_in_batch(3), self.assertRaises(Died):
            dispatch(self.dbname)
        run = self.finish(uid)
        self.assertEqual((run["status"], run["outcomes"]), ("interrupted", {}))
        self.assertIn("nothing was changed", run["error"])
        self.assertEqual(set(self.states(ids)), {"draft"})
        self.assertEqual(self.run_job("simulate", days=90)["outcomes"], {"simulated": 20})

    def test_a_run_that_is_worked_on_is_not_interrupted(self):
        uid = self.trigger("plan", days=90)["uid"]
        with self.root() as env:
            run_id = env["sentinel.run"].search([("uid", "=", uid)]).id
        with holding(self.dbname, run_id) as held, writing_cursor(self.dbname) as cr:
            self.assertTrue(held)
            self.assertTrue(take_ownership(cr, run_id))
            dispatch(self.dbname)
            self.assertEqual(self.status(uid)["state"], "running")
        self.assertEqual(self.finish(uid)["status"], "interrupted")

    def test_one_holder_at_a_time(self):
        with holding(self.dbname, 1) as first:
            with holding(self.dbname, 1) as second:
                self.assertEqual((first, second), (True, False))
            with holding(self.dbname, 2) as another:
                self.assertTrue(another)
        with holding(self.dbname, 1) as later:
            self.assertTrue(later)

    def test_a_process_that_wakes_up_cannot_go_on(self):
        ids = self.make_orders([100, 101, 102])
        uid = self.trigger("live", days=90)["uid"]
        operation_class = self.registry["sentinel.operation.orders.cancel"]
        original = operation_class._apply

        def be_replaced(operation, records, ctx):
            original(operation, records, ctx)
            # Meanwhile the run was taken over: its token is another one now.
            self.sql("UPDATE sentinel_run SET owner_token = 'new owner' WHERE uid = %s", [uid])

        with patch.object(operation_class, "_apply", be_replaced):
            dispatch(self.dbname)
        self.assertEqual(set(self.states(ids)), {"draft"})
        self.assertEqual(self.finish(uid)["outcomes"], {"not_attempted": 3})

    def test_it_leaves_other_runs_their_turn(self):
        self.make_orders([100, 101, 102])
        uid = self.trigger("live", days=90)["uid"]
        other = self.trigger("plan", days=90)["uid"]
        operation_class = self.registry["sentinel.operation.orders.cancel"]
        original = operation_class._apply

        def be_replaced(operation, records, ctx):
            original(operation, records, ctx)
            # Taken over and ended: the lines that this process is about to write are there.
            (run_id,) = self.sql("SELECT id FROM sentinel_run WHERE uid = %s", [uid])[0]
            recovery.end_interrupted(self.dbname, run_id)

        with patch.object(operation_class, "_apply", be_replaced):
            dispatch(self.dbname)
        self.assertEqual(self.status(uid)["outcomes"], {"not_attempted": 3})
        self.assertEqual(self.status(other)["state"], "done")

    def test_a_plan_that_was_not_begun_ends_with_the_run_it_was_for(self):
        self.make_orders([100])
        uid = self.trigger("live", days=90)["uid"]
        with patch.object(slices, "work", side_effect=Died), self.assertRaises(Died):
            dispatch(self.dbname)
        plan = self.status(self.status(uid)["plan"])
        self.assertEqual(plan["state"], "queued")
        self.assertEqual(self.finish(uid)["status"], "interrupted")
        plan = self.finish(plan["uid"])
        self.assertEqual((plan["status"], plan["outcomes"]), ("interrupted", {}))
        self.assertTrue(plan["position"])

    def test_one_whose_rows_are_held_still_is_left_to_the_next_call(self):
        (order,) = self.make_orders([100])
        uid = self.trigger("plan", days=90)["uid"]
        other = self.trigger("live", days=90)["uid"]
        self.sql("UPDATE sentinel_run SET state = 'running' WHERE uid = %s", [uid])
        with self.registry.cursor() as dying, patch.object(cursors, "LOCK_TIMEOUT", "100ms"):
            dying.execute("SELECT FROM sentinel_run WHERE uid = %s FOR UPDATE", [uid])
            dispatch(self.dbname)
        self.assertEqual(self.status(uid)["state"], "running")
        self.assertEqual(self.status(other)["status"], "success")
        self.assertEqual(self.states([order]), ["cancel"])
        self.assertEqual(self.finish(uid)["status"], "interrupted")

    def test_the_fence(self):
        uid = self.trigger("plan", days=90)["uid"]
        with self.root() as env:
            run_id = env["sentinel.run"].search([("uid", "=", uid)]).id
        with writing_cursor(self.dbname) as cr:
            token = take_ownership(cr, run_id)
            self.assertFalse(take_ownership(cr, run_id))
            fence(cr, run_id, token, 0)
            with self.assertRaises(OwnershipLost):
                fence(cr, run_id, "somebody else", 0)
        self.finish(uid)

    def test_a_run_that_died_before_its_place_gets_it(self):
        self.make_orders([100])
        uid = self.trigger("plan", days=90)["uid"]
        with (
            patch("odoo.addons.sentinel_ops_addon.engine.finish.seal", side_effect=Died),
            self.assertRaises(Died),
        ):
            dispatch(self.dbname)
        self.assertEqual(self.status(uid)["state"], "sealing")
        run = self.finish(uid)
        self.assertEqual(run["status"], "dry_run")
        self.assertTrue(run["position"])

    def test_a_second_dispatcher_leaves_the_plan_of_a_live_run_alone(self):
        ids = self.make_orders([100, 101])
        uid = self.trigger("live", days=90)["uid"]
        from ..engine import slices

        original, calls = slices.holding, []

        def meet_a_second_one(dbname, run_id):
            if not calls:
                calls.append(run_id)
                dispatch(dbname)
                self.assertEqual(
                    self.sql("SELECT state FROM sentinel_run WHERE id = %s", [run_id]),
                    [("queued",)],
                )
            return original(dbname, run_id)

        with patch.object(slices, "holding", meet_a_second_one):
            run = self.finish(uid)
        self.assertEqual((run["status"], run["updated"]), ("success", 2))
        self.assertEqual(set(self.states(ids)), {"cancel"})

    def test_a_scheduled_moment_is_resumed(self):
        self.make_orders([100 + i for i in range(10)])
        with self.root() as env:
            job = env["sentinel.job"].browse(self.job_id)
            job.schedule_mode = "live"
            job.write({"schedule_active": True, "schedule_next": "2026-01-01 00:00:00"})
            uid = env["sentinel.job"]._run_schedule(job.id)
        with self.die_in_batch(2), self.assertRaises(Died):
            dispatch(self.dbname)
        run = self.finish(uid)
        self.assertEqual(run["status"], "interrupted")
        with self.root() as env:
            again = env["sentinel.run"].search([("resumes_uid", "=", uid)])
            self.assertEqual(len(again), 1)
            again_uid = again.uid
        resumed = self.finish(again_uid)
        self.assertEqual((resumed["status"], resumed["updated"]), ("success", 9))
        self.assertEqual(resumed["scheduled_for"], run["scheduled_for"])
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).schedule_active = False
