import importlib
import logging
import threading
from contextlib import suppress
from unittest.mock import patch

import psycopg2

from odoo.exceptions import UserError

from ..engine import process_guard, simulate
from ..engine.cursors import commit, environment, simulation_cursor
from ..engine.dispatcher import dispatch
from ..engine.errors import DryRunViolation, TransactionRefused
from ..engine.own_caches import own_caches
from ..engine.process_guard import watching
from .common import OrderCase

HOLIDAY = "The customer is on holiday."
_SIMULATE = "odoo.addons.sentinel_ops_addon.engine.simulate."


class SimulateCase(OrderCase):
    def patch_apply(self, function):
        """Put ``function(original, records)`` in place of the operation."""
        operation_class = self.registry["sentinel.operation.orders.cancel"]
        original = operation_class._apply
        self.patch(
            operation_class,
            "_apply",
            lambda operation, records, ctx: function(
                lambda some: original(operation, some, ctx), records
            ),
        )

    def everything(self):
        """The rows that cancelling orders would touch, to the last column."""
        return [
            self.sql("SELECT t::text FROM sale_order AS t ORDER BY id"),
            self.sql("SELECT t::text FROM sale_order_line AS t ORDER BY id"),
            self.sql("SELECT count(*) FROM mail_message"),
            self.sql("SELECT count(*) FROM mail_mail"),
            self.sql("SELECT count(*) FROM bus_bus"),
        ]


class TestSimulate(SimulateCase):
    def test_shows_real_values_and_leaves_no_trace(self):
        _young, old, older = self.make_orders([10, 100, 120])
        before = self.everything()
        run = self.run_job("simulate", days=90)
        self.assertEqual((run["mode"], run["status"], run["error"]), ("simulate", "dry_run", ""))
        self.assertEqual((run["outcomes"], run["updated"]), ({"simulated": 2}, 0))
        lines = self.lines(run["uid"])
        self.assertEqual([line["record"] for line in lines], [older, old])
        for line in lines:
            self.assertEqual((line["before"]["state"], line["after"]["state"]), ("draft", "cancel"))
        self.assertEqual(self.everything(), before)
        self.assertEqual(self.status(run["plan"])["outcomes"], {"planned": 2})

    def test_what_was_simulated_can_be_done(self):
        ids = self.make_orders([100, 110])
        plan = self.run_job("plan", days=90)
        rehearsal = self.run_job("simulate", plan=plan["uid"])
        self.assertEqual((rehearsal["plan"], rehearsal["selected"]), (plan["uid"], 2))
        run = self.run_job("live", plan=plan["uid"])
        self.assertEqual(self.outcomes(run["uid"]), dict.fromkeys(ids, "done"))
        shown = {line["record"]: line["after"] for line in self.lines(rehearsal["uid"])}
        done = {line["record"]: line["after"] for line in self.lines(run["uid"])}
        self.assertEqual(shown, done)

    def test_says_what_the_business_refuses_and_what_is_not_as_planned(self):
        good, refused, broken, still, edited, locked = self.make_orders(
            [100, 101, 102, 103, 104, 105]
        )
        plan = self.run_job("plan", days=90)
        with self.root() as env:
            env["sale.order"].browse(edited).client_order_ref = "please wait"

        def act(original, records):
            if refused in records.ids:
                raise UserError(HOLIDAY)
            if broken in records.ids:
                raise KeyError("rate")
            original(records.filtered(lambda order: order.id != still))

        self.patch_apply(act)
        with self.registry.cursor() as other:
            other.execute("SELECT FROM sale_order WHERE id = %s FOR UPDATE", [locked])
            run = self.run_job("simulate", plan=plan["uid"])
        self.assertEqual(run["status"], "dry_run")
        self.assertEqual(
            self.outcomes(run["uid"]),
            {
                good: "simulated",
                refused: "refused",
                broken: "failed",
                still: "ineffective",
                edited: "skipped_changed",
                locked: "skipped_locked",
            },
        )
        messages = {line["record"]: line["message"] for line in self.lines(run["uid"])}
        self.assertEqual(messages[refused], "The customer is on holiday.")
        self.assertEqual(messages[broken], "KeyError: 'rate'")

    def test_names_the_other_records_and_counts_the_rows(self):
        (order,) = self.make_orders([100])
        with self.root() as env:
            lost, kept = env["res.partner"].create(
                [{"name": f"Lost {self.mark}"}, {"name": f"Kept {self.mark}"}]
            )
        kept_id, lost_id = kept.id, lost.id

        def act(original, records):
            original(records)
            partners = records.env["res.partner"].sudo()
            partners.browse(kept_id).name = f"Renamed {self.mark}"
            with records.env.cr.savepoint():
                partners.create({"name": f"New {self.mark}"})
            partners.browse(lost_id).unlink()

        self.patch_apply(act)
        run = self.run_job("simulate", days=90)
        self.assertEqual((run["error"], run["outcomes"]), ("", {"simulated": 1}))
        others = {entry["model"]: entry for entry in run["side_effects"]}
        partners = others["res.partner"]
        self.assertEqual(
            (partners["created"], partners["changed"], partners["deleted"], partners["complete"]),
            (1, 1, 1, True),
        )
        examples = {example["what"]: example for example in partners["examples"]}
        self.assertEqual(examples["created"]["name"], f"New {self.mark}")
        self.assertEqual(examples["changed"]["name"], f"Renamed {self.mark}")
        self.assertEqual(
            (examples["deleted"]["id"], examples["deleted"]["name"]), (lost_id, f"Lost {self.mark}")
        )
        self.assertEqual(others["sale.order.line"]["changed"], 1)
        self.assertGreater(others["mail.message"]["created"], 1)
        # The planned record has its line.
        self.assertNotIn("sale.order", others)
        rows = {entry["table"]: entry for entry in run["footprint"]}
        self.assertEqual(
            [rows["res_partner"][key] for key in ("model", "inserted", "deleted")],
            ["res.partner", 1, 1],
        )
        self.assertEqual(rows["sale_order"]["updated"], 1)
        self.assertNotIn("sentinel_tripwire", rows)
        with self.root() as env:
            record = env["sentinel.run"].search([("uid", "=", run["uid"])])
            self.assertIn(f"Renamed {self.mark}", record.side_effects_html)
            self.assertIn("sale_order", record.footprint_html)

    def test_what_a_savepoint_took_back_is_an_attempt_and_no_change(self):
        self.make_orders([100])
        partner_id = self.partner_id

        def act(original, records):
            partner = records.env["res.partner"].sudo().browse(partner_id)
            try:
                with records.env.cr.savepoint():
                    partner.comment = "tried"
                    records.env.flush_all()
                    raise UserError(HOLIDAY)
            except UserError:
                original(records)

        self.patch_apply(act)
        run = self.run_job("simulate", days=90)
        rows = {entry["table"]: entry for entry in run["footprint"]}
        self.assertEqual(rows["res_partner"]["updated"], 1)
        self.assertNotIn("res.partner", [entry["model"] for entry in run["side_effects"]])

    def test_what_others_do_meanwhile_is_not_blamed_on_the_simulation(self):
        self.make_orders([100])
        partner_id, mark = self.partner_id, self.mark

        def somebody():
            self.sql("UPDATE res_partner SET comment = 'x' WHERE id = %s", [partner_id])
            self.sql("INSERT INTO res_partner (name, autopost_bills) VALUES (%s, 'ask')", [mark])
            self.sql("SELECT FROM res_partner WHERE name = %s FOR UPDATE", [mark])

        def act(original, records):
            original(records)
            mine, gone = records.env["res.partner"].sudo().create([{"name": "mine"}] * 2)
            gone.unlink()
            records.env.flush_all()
            other.start()
            other.join()

        other = threading.Thread(target=somebody)
        self.patch_apply(act)
        # Only this test's own helper: the guard would refuse the thread.
        with patch.object(process_guard, "_REFUSED", {}):
            run = self.run_job("simulate", days=90)
        others = {entry["model"]: entry for entry in run["side_effects"]}["res.partner"]
        self.assertEqual((others["created"], others["changed"], others["deleted"]), (1, 0, 0))

    def test_who_may_not_read_a_record_gets_its_number_only(self):
        self.make_orders([100])

        def act(original, records):
            original(records)
            records.env["ir.config_parameter"].sudo().set_param("a.secret", "x")

        self.patch_apply(act)
        run = self.run_job("simulate", days=90)
        entry = next(e for e in run["side_effects"] if e["model"] == "ir.config_parameter")
        self.assertEqual((entry["created"], entry["examples"][0]["name"]), (1, ""))

    def test_later_records_see_what_was_done_to_earlier_ones(self):
        ids = self.make_orders([100 + age for age in range(10)])
        seen = []

        def act(original, records):
            cancelled = records.search_count([("id", "in", ids), ("state", "=", "cancel")])
            seen.append((cancelled, len(records)))
            original(records)

        self.patch_apply(act)
        run = self.run_job("simulate", days=90)
        self.assertEqual(run["outcomes"], {"simulated": 10})
        self.assertEqual([done for done, _size in seen], [0, 1, 6])
        self.assertEqual(set(self.states(ids)), {"draft"})

    def test_a_conflict_leaves_out_the_record_that_others_change(self):
        ids = self.make_orders([100 + age for age in range(8)])
        cursed = ids[2]

        def act(original, records):
            if cursed in records.ids:
                raise psycopg2.errors.SerializationFailure("could not serialize access")
            original(records)

        self.patch_apply(act)
        run = self.run_job("simulate", days=90)
        outcomes = self.outcomes(run["uid"])
        self.assertEqual(outcomes.pop(cursed), "skipped_locked")
        self.assertEqual(set(outcomes.values()), {"simulated"})

    def test_nothing_to_do(self):
        run = self.run_job("simulate", days=90)
        self.assertEqual((run["status"], run["outcomes"], run["side_effects"]), ("dry_run", {}, []))

    def test_guards_warn_and_do_not_stop(self):
        self.make_orders([100, 101])
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).max_records = 1
        self.addCleanup(
            self.sql, "UPDATE sentinel_job SET max_records = 1000 WHERE id = %s", [self.job_id]
        )
        run = self.run_job("simulate", days=90)
        self.assertEqual((run["status"], run["outcomes"]), ("dry_run", {"simulated": 2}))
        self.assertIn("warn", [guard["verdict"] for guard in run["guards"]])

    def test_is_offered_for_remedies_only(self):
        with self.root() as env:
            check = self.make_job(env, f"check_{self.mark}", "check_records").code
        with self.as_user() as env:
            jobs = {job["code"]: job for job in env["sentinel.job"].catalog()["jobs"]}
        self.assertEqual(jobs[self.code]["modes"], ["plan", "simulate", "live"])
        self.assertEqual(jobs[check]["modes"], ["plan"])
        with self.assertRaisesRegex(UserError, "modes"):
            self.trigger("simulate", code=check)

    def test_from_the_menus(self):
        (order,) = self.make_orders([100])
        with self.as_user() as env:
            action = env["sentinel.job"].browse(self.job_id).action_simulate()
        self.drain()
        with self.as_user() as env:
            run = env["sentinel.run"].browse(action["res_id"])
            self.assertEqual((run.mode, run.final_status), ("simulate", "dry_run"))
            self.assertIn("1 would be changed", run.summary)
            plan_id = run.plan_ref
            action = run.browse(plan_id).action_simulate()
        self.drain()
        with self.as_user() as env:
            again = env["sentinel.run"].browse(action["res_id"])
            self.assertEqual((again.plan_ref, again.outcomes), (plan_id, {"simulated": 1}))
        self.assertEqual(self.states([order]), ["draft"])

    def test_a_failed_plan_is_a_failed_simulation(self):
        def broken(task, ctx):
            raise ZeroDivisionError("division by zero")

        self.patch(self.registry["sentinel.task.clean_old_orders"], "_condition", broken)
        run = self.run_job("simulate", days=90)
        self.assertEqual(run["status"], "failure")
        self.assertIn("its plan failed", run["error"])


class TestSimulateBounds(SimulateCase):
    def test_stops_at_its_maximum_and_says_so(self):
        self.make_orders([100 + age for age in range(9)])
        self.patch(simulate, "MAX_RECORDS", 7)
        run = self.run_job("simulate", days=90)
        self.assertEqual(run["outcomes"], {"simulated": 6, "not_attempted": 3})
        self.assertEqual(run["status"], "dry_run")
        self.assertIn("at most 7 records", self.lines(run["uid"])[-1]["reason"])

    def test_stops_when_the_time_is_over_and_says_so(self):
        ids = self.make_orders([100 + age for age in range(9)])

        def act(original, records):
            original(records)
            if len(records) > 1:
                records.env.cr.execute("SELECT pg_sleep(60)")

        self.patch_apply(act)
        with patch(_SIMULATE + "plan_limit", lambda: 4.0):
            run = self.run_job("simulate", days=90)
        self.assertEqual((run["status"], run["error"]), ("dry_run", ""))
        self.assertEqual(run["outcomes"], {"simulated": 1, "not_attempted": 8})
        self.assertIn("time", self.lines(run["uid"])[-1]["reason"])
        self.assertEqual(set(self.states(ids)), {"draft"})

    def test_no_time_for_the_first_record_is_a_failure(self):
        self.make_orders([100])
        self.patch_apply(lambda original, records: records.env.cr.execute("SELECT pg_sleep(60)"))
        with patch(_SIMULATE + "plan_limit", lambda: 1.0):
            run = self.run_job("simulate", days=90)
        self.assertEqual((run["status"], run["outcomes"]), ("failure", {}))
        self.assertIn("took more than", run["error"])

    def test_does_not_begin_at_the_end_of_a_slice(self):
        """Plan and simulation together would take longer than the server allows."""
        self.make_orders([100])
        uid = self.trigger("simulate", days=90)["uid"]
        with patch("odoo.addons.sentinel_ops_addon.engine.time_slice.SLICE", -1):
            with patch("odoo.addons.sentinel_ops_addon.engine.dispatcher.budget", lambda: 0.001):
                dispatch(self.dbname)
        self.assertEqual(self.status(uid)["state"], "waiting")
        self.assertEqual(self.finish(uid)["outcomes"], {"simulated": 1})

    def test_inline_effects_stop_it_at_the_selection(self):
        ids = self.make_orders([100, 101])
        operation = self.registry["sentinel.operation.orders.cancel"]
        self.patch(operation, "_operation_effects", "inline")
        self.patch_apply(lambda original, records: self.fail("it was called"))
        run = self.run_job("simulate", days=90)
        self.assertEqual((run["status"], run["outcomes"]), ("dry_run", {"not_attempted": 2}))
        self.assertIn("reaches other systems", self.lines(run["uid"])[0]["reason"])
        self.assertEqual(set(self.states(ids)), {"draft"})

    def test_unknown_effects_are_an_error(self):
        self.make_orders([100])
        operation = self.registry["sentinel.operation.orders.cancel"]
        self.patch(operation, "_operation_effects", "harmless")
        for mode in ("plan", "simulate"):
            run = self.run_job(mode, days=90)
            self.assertEqual(run["status"], "failure")
            self.assertIn("'harmless'", run["error"])

    def test_without_its_tripwire_it_does_not_begin(self):
        self.make_orders([100])
        self.sql("ALTER TABLE sentinel_tripwire DISABLE TRIGGER sentinel_tripwire")
        self.addCleanup(
            self.sql, "ALTER TABLE sentinel_tripwire ENABLE ALWAYS TRIGGER sentinel_tripwire"
        )
        run = self.run_job("simulate", days=90)
        self.assertEqual((run["status"], run["outcomes"]), ("failure", {}))
        self.assertIn("upgrade the module", run["error"])


class TestSimulationCursor(SimulateCase):
    def test_no_commit_gets_through(self):
        """By the engine's own function, by Python, by SQL, and past all fences."""
        with simulation_cursor(self.dbname) as cr, self.assertRaises(TypeError):
            commit(cr)
        for attempt in (
            lambda cr: cr.commit(),  # pylint: disable=invalid-commit
            lambda cr: cr.execute("COMMIT"),
            lambda cr: cr.execute("PREPARE TRANSACTION 'x'"),
            lambda cr: cr._cnx.commit(),
            lambda cr: cr._obj.execute("COMMIT"),
            lambda cr: cr._obj.execute("SET CONSTRAINTS ALL IMMEDIATE; COMMIT"),
            lambda cr: cr._obj.execute("DELETE FROM sentinel_tripwire; COMMIT"),
        ):
            with self.assertRaises((DryRunViolation, psycopg2.Error, TransactionRefused)):
                with simulation_cursor(self.dbname) as cr:
                    cr.execute(
                        "UPDATE res_partner SET comment = 'x' WHERE id = %s", [self.partner_id]
                    )
                    attempt(cr)
            rows = self.sql("SELECT comment FROM res_partner WHERE id = %s", [self.partner_id])
            self.assertEqual(rows, [(None,)])

    def test_another_transaction_of_the_session_cannot_write(self):
        with self.assertRaises(DryRunViolation):
            with simulation_cursor(self.dbname) as cr:
                cr._obj.execute("ROLLBACK")
                with self.assertRaises(psycopg2.errors.ReadOnlySqlTransaction):
                    cr._obj.execute("UPDATE res_partner SET comment = 'x'")

    def test_a_swallowed_refusal_is_remembered(self):
        with self.assertRaisesRegex(DryRunViolation, "commit"):
            with simulation_cursor(self.dbname) as cr:
                with suppress(TransactionRefused):
                    cr.commit()  # pylint: disable=invalid-commit

    def test_what_a_simulation_learns_stays_with_it(self):
        """In its thread's caches only, and nothing is signalled to other processes."""
        parameters = "ir.config_parameter"

        def ask(found):
            with self.root() as env:
                found.append(env[parameters].get_param("sentinel.test"))

        signalled = self.sql("SELECT max(id) FROM orm_signaling_stable")
        before = self.registry._Registry__caches
        self.registry.clear_all_caches()
        self.registry.cache_invalidated.clear()
        found = []
        with own_caches(self.registry), simulation_cursor(self.dbname) as cr:
            env = environment(cr, self.user_id)
            env[parameters].sudo().set_param("sentinel.test", "simulated")
            ask_inside = env[parameters].sudo().get_param("sentinel.test")
            other = threading.Thread(target=ask, args=[found])
            other.start()
            other.join()
            self.assertTrue(self.registry.cache_invalidated)
        ask(found)
        self.assertEqual((ask_inside, found), ("simulated", [False, False]))
        self.assertEqual(self.registry.cache_invalidated, set())
        self.registry.signal_changes()
        self.assertEqual(self.sql("SELECT max(id) FROM orm_signaling_stable"), signalled)
        self.assertIs(type(self.registry._Registry__caches), type(before))


class TestProcessGuard(SimulateCase):
    def test_watches_its_own_thread_only(self):
        found = []

        def elsewhere():
            found.append(self.sql("SELECT 1"))

        other = threading.Thread(target=elsewhere)
        begin = threading.Event()
        waiting = threading.Thread(target=lambda: begin.wait() and elsewhere())
        waiting.start()
        with self.assertRaisesRegex(DryRunViolation, "thread"), watching():
            begin.set()
            waiting.join()
            other.start()
        self.assertEqual(found, [[(1,)]])

    def test_a_swallowed_refusal_is_remembered(self):
        with self.assertRaisesRegex(DryRunViolation, "database connection"):
            with watching():
                with suppress(DryRunViolation):
                    self.sql("SELECT 1")

    def test_is_over_when_it_is_over(self):
        with watching():
            pass
        self.assertEqual(self.sql("SELECT 1"), [(1,)])

    def test_log_handlers_are_left_alone(self):
        calls = []

        class Database(logging.Handler):
            def emit(handler, record):
                calls.append(self.sql("SELECT 1"))

        logger = logging.Logger("sentinel.test")
        logger.addHandler(Database())
        with watching():
            logger.warning("something")
        self.assertEqual(calls, [[(1,)]])

    def test_loading_it_again_installs_no_second_hook(self):
        process_guard.install()
        refused = []
        with patch("sys.addaudithook") as add:
            again = importlib.reload(process_guard)
            again.install()
            again.install()
            add.assert_not_called()
        try:
            with again.watching() as watch:
                self.sql("SELECT 1")
        except Exception as error:  # noqa: BLE001 - the class was not loaded again
            refused.append((type(error), watch.violation))
        self.assertEqual(len(refused), 1)
        self.assertIs(refused[0][0], DryRunViolation)
