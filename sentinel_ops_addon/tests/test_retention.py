from unittest.mock import patch

import psycopg2

from odoo.exceptions import AccessError, UserError, ValidationError

from ..engine.chain import keeper, retention
from ..engine.chain.content import NO_SEAL
from ..engine.dispatcher import dispatch
from .test_chain import ChainCase, verify


class TestRetention(ChainCase):
    """What may go, what must stay, and that the rest verifies."""

    def setUp(self):
        super().setUp()
        self.new_chain()
        with self.root() as env:
            self.consumer_id = env["sentinel.consumer"].create({"name": f"store {self.mark}"}).id
        self.make_orders([100, 101, 102])
        self.old = self.run_job("plan", days=90, limit=2)
        self.older_than(30)
        self.young = self.run_job("plan", days=90)
        self.set_days()
        self.addCleanup(self.clean_up)

    def new_chain(self):
        """A short one, and none that begins in the middle for the tests that follow."""
        self.forge(
            "UPDATE sentinel_chain SET uid = gen_random_uuid()::text, position = 0, seal = %s, "
            "start_position = 0, start_seal = %s, lines_position = 0",
            [NO_SEAL, NO_SEAL],
        )

    def clean_up(self):
        self.set_days()
        self.new_chain()
        with self.root() as env:
            env["sentinel.consumer"].with_context(active_test=False).search([]).unlink()

    def older_than(self, days):
        """Make all that is sealed so old; its seals are new, as if it had been sealed then."""
        self.forge("UPDATE sentinel_run SET expires_at = '2020-01-01' WHERE expires_at IS NOT NULL")
        self.reseal(days)

    def reseal(self, days=0):
        with self.registry.cursor() as cr:
            keeper.drop(cr)
            cr.execute("SELECT uid, start_position, start_seal FROM sentinel_chain")
            chain, _start, previous = cr.fetchone()
            cr.execute(
                "UPDATE sentinel_chain_entry SET sealed_at = "
                "least(sealed_at, timezone('UTC', now()) - make_interval(days => %s)) "
                "WHERE chain = %s",
                [days, chain],
            )
            expression = retention_seal()
            digest = {"run": ("sentinel_run", keeper.content.RUN_DIGEST)}
            digest["event"] = ("sentinel_event", keeper.content.EVENT_DIGEST)
            for kind, (table, made) in digest.items():
                cr.execute(
                    f"UPDATE sentinel_chain_entry SET digest = {made} FROM {table} AS {kind} "
                    f"WHERE {kind}.id = ref AND sentinel_chain_entry.kind = %s AND chain = %s",
                    [kind, chain],
                )
            cr.execute(
                "SELECT id FROM sentinel_chain_entry WHERE chain = %s ORDER BY position", [chain]
            )
            for (entry_id,) in cr.fetchall():
                cr.execute(
                    f"UPDATE sentinel_chain_entry AS entry SET seal = {expression} "
                    "WHERE id = %s RETURNING seal",
                    [previous, entry_id],
                )
                (previous,) = cr.fetchone()
            cr.execute("UPDATE sentinel_chain SET seal = %s", [previous])
            keeper.create(cr)

    def set_days(self, lines="", runs=""):
        with self.root() as env:
            env["ir.config_parameter"].set_param(retention.LINES_DAYS, lines)
            env["ir.config_parameter"].set_param(retention.RUNS_DAYS, runs)

    def acknowledge(self, consumer=None):
        with self.root() as env:
            chain = env["sentinel.chain"]._identity()
            name = env["sentinel.consumer"].browse(consumer or self.consumer_id).name
            env["sentinel.run"].acknowledge(name, str(chain.position), chain.seal)

    def vacuum(self):
        """As the scheduled action does: again as long as there is more; rows that went."""
        steps = []
        more = True
        while more:
            with self.root() as env:
                count, more = env["sentinel.chain"]._gc_trail()
            steps.append(count)
        return steps

    def chain(self):
        with self.root() as env:
            return env["sentinel.chain"]._identity().read()[0]

    def line_count(self, run):
        ((count,),) = self.sql(
            "SELECT count(*) FROM sentinel_run_line WHERE run_id = %s", [self.run_id(run["uid"])]
        )
        return count

    def assert_rest_verifies(self):
        dispatch(self.dbname)
        chain, places, lines = self.exported()
        found = self.chain()
        self.assertEqual(int(places[0].split("\t")[0]), found["start_position"] + 1)
        start = (str(found["start_position"]), found["start_seal"])
        word, good = verify(chain, places, lines, *start)
        self.assertTrue(good, word)
        return places

    def notices(self):
        with self.root() as env:
            return [notice["code"] for notice in env["sentinel.job"].health()["notices"]]

    # --- nothing goes --------------------------------------------------------------------------

    def test_nothing_goes_unless_it_is_set(self):
        self.acknowledge()
        self.assertEqual(self.vacuum(), [0])
        self.assertNotIn("retention_no_consumer", self.notices())

    def test_nothing_goes_without_a_consumer(self):
        self.set_days("10", "10")
        with self.root() as env:
            env["sentinel.consumer"].browse(self.consumer_id).active = False
        self.assertEqual(self.vacuum(), [0])
        self.assertIn("retention_no_consumer", self.notices())

    def test_nothing_goes_that_one_of_them_does_not_hold(self):
        self.set_days("10", "10")
        self.acknowledge()
        with self.root() as env:
            other = env["sentinel.consumer"].create({"name": f"second {self.mark}"}).id
        self.assertEqual(self.vacuum(), [0])
        self.assertIn("retention_waits", self.notices())
        self.acknowledge(other)
        self.assertNotIn("retention_waits", self.notices())
        self.assertGreater(sum(self.vacuum()), 0)

    def test_a_period_of_zero_or_nonsense_removes_nothing(self):
        self.acknowledge()
        for value in ("0", "-1", "soon", "1.5", "999999"):
            self.set_days(value, "")
            self.assertEqual(self.vacuum(), [0], value)
            self.assertIn("retention_setting", self.notices(), value)

    def test_nothing_goes_that_is_younger(self):
        self.set_days("31", "31")
        self.acknowledge()
        self.assertEqual(self.vacuum(), [0])

    def test_nothing_goes_that_somebody_needs(self):
        self.set_days("10", "10")
        self.acknowledge()
        run_id = self.run_id(self.old["uid"])
        self.forge(
            "UPDATE sentinel_run SET expires_at = now() + interval '1 hour' WHERE id = %s",
            [run_id],
        )
        self.vacuum()
        self.assertEqual(self.line_count(self.old), 2)
        self.assertEqual(self.chain()["start_position"], int(self.old["position"]) - 1)
        self.forge("UPDATE sentinel_run SET expires_at = NULL WHERE id = %s", [run_id])
        waiting = self.trigger("plan", days=90)["uid"]
        self.sql("UPDATE sentinel_run SET plan_ref = %s WHERE uid = %s", [run_id, waiting])
        self.assertEqual(self.vacuum(), [0])
        self.sql("UPDATE sentinel_run SET plan_ref = NULL WHERE uid = %s", [waiting])
        self.vacuum()
        self.assertFalse(self.sql("SELECT FROM sentinel_run WHERE id = %s", [run_id]))

    # --- what goes -----------------------------------------------------------------------------

    def test_lines_go_and_the_runs_stay(self):
        self.set_days("10", "")
        self.acknowledge()
        head = self.chain()["position"]
        with patch.object(retention, "LINES_AT_ONCE", 2):
            steps = self.vacuum()
        self.assertLessEqual(max(steps), 2)
        self.assertEqual((self.line_count(self.old), self.line_count(self.young)), (0, 3))
        chain = self.chain()
        self.assertEqual((chain["start_position"], chain["start_seal"]), (0, NO_SEAL))
        self.assertEqual(chain["lines_position"], int(self.old["position"]))
        places = self.assert_rest_verifies()
        row = places[int(self.old["position"]) - 1].split("\t")
        self.assertEqual((row[2], row[6]), (self.old["uid"], "lines"))
        self.assertIn(f'"uid":"{self.old["uid"]}"', row[8])
        said = [row for row in places[head:] if '"kind":"retention"' in row]
        self.assertEqual(len(said), sum(1 for count in steps if count))
        # Nobody looks at them again.
        self.assertEqual(self.vacuum(), [0])

    def test_a_run_whose_lines_are_half_gone_gives_none(self):
        """A step may end amid a run: what is left of it is not exported as if it were all."""
        self.set_days("10", "")
        self.acknowledge()
        with patch.object(retention, "LINES_AT_ONCE", 1):
            while self.line_count(self.old) > 1:
                retention.step(self.dbname)
        self.assertEqual(self.line_count(self.old), 1)
        self.assert_rest_verifies()

    def test_runs_go_with_their_places_up_to_a_checkpoint(self):
        self.set_days("", "10")
        self.acknowledge()
        places = [row.split("\t") for row in self.exported()[1]][: int(self.old["position"])]
        gone, seal = [place[2] for place in places], places[-1][5]
        self.assertIn(self.old["uid"], gone)
        with patch.object(retention, "PLACES_AT_ONCE", 3):
            self.vacuum()
        chain = self.chain()
        self.assertEqual(
            (chain["start_position"], chain["start_seal"]), (int(self.old["position"]), seal)
        )
        for table in ("sentinel_run", "sentinel_event", "sentinel_chain_entry"):
            self.assertFalse(self.sql(f"SELECT FROM {table} WHERE uid = ANY(%s)", [gone]), table)
        self.assertTrue(self.status(self.young["uid"]))
        self.assert_rest_verifies()
        with self.root() as env:
            page = env["sentinel.run"].export_runs("0", 1)
            self.assertEqual(page["start"], str(chain["start_position"]))
            self.assertEqual(page["start_seal"], seal)
            # A consumer that holds what is gone here is told that nobody can compare it.
            env["sentinel.consumer"].create({"name": f"late {self.mark}"})
            with self.assertRaisesRegex(UserError, "cannot be compared"):
                env["sentinel.run"].acknowledge(f"late {self.mark}", "1", "0" * 64)
            env["sentinel.run"].acknowledge(f"late {self.mark}", str(chain["start_position"]), seal)

    def test_a_step_that_dies_leaves_all_as_it_was(self):
        self.set_days("10", "10")
        self.acknowledge()
        before = self.exported()
        with (
            patch.object(retention, "commit", side_effect=[None, KeyboardInterrupt]),
            self.assertRaises(KeyboardInterrupt),
        ):
            retention.step(self.dbname)
        self.assertEqual(self.exported(), before)

    def test_without_its_event_nothing_goes(self):
        self.set_days("10", "10")
        self.acknowledge()
        with (
            patch.object(retention, "_say"),
            self.assertRaises(psycopg2.Error) as caught,
        ):
            retention.step(self.dbname)
        self.assertEqual(caught.exception.pgcode, keeper.REFUSED)
        self.assertEqual(self.line_count(self.old), 2)

    def test_what_lost_its_lines_is_neither_undone_nor_retried(self):
        live = self.run_job("live", days=90)
        self.older_than(30)
        self.set_days("10", "")
        self.acknowledge()
        self.vacuum()
        with self.root() as env:
            run = env["sentinel.run"]._by_uid(live["uid"])
            self.assertTrue(run.lines_removed)
            self.assertIn("removed after the retention period", run._why_not_undo())
            self.assertIn("removed after the retention period", run._why_not_retry())

    # --- the settings --------------------------------------------------------------------------

    def test_a_manager_sets_the_periods_and_the_history_says_so(self):
        with self.as_user() as env:
            form = env["sentinel.retention"].create({"has_lines_days": True, "lines_days": 90})
            form.action_save()
            event = env["sentinel.event"].search([], limit=1)
            self.assertEqual(event.before, {"lines_days": "", "runs_days": ""})
            self.assertEqual(event.after, {"lines_days": "90", "runs_days": ""})
            self.assertEqual(event.user_ref, self.user_id)
            self.assertEqual(retention.periods(env), retention.Periods(90, None))
            again = env["sentinel.retention"].create({})
            self.assertTrue(again.has_lines_days)
            self.assertEqual(again.lines_days, 90)
            for values in (
                {"lines_days": 0},
                {"has_runs_days": True, "runs_days": 0},
                {"has_runs_days": True, "runs_days": 89},
                {"lines_days": 36_501},
            ):
                with self.refused(env, ValidationError):
                    again.write(values)

    def test_nobody_else_sets_them(self):
        with self.root() as env:
            others = [
                self.new_user(env, name, [f"sentinel_ops_addon.group_{name}"]).id
                for name in ("operator", "auditor")
            ]
        for user_id in others:
            with self.as_user(user_id) as env, self.assertRaises(AccessError):
                env["sentinel.retention"].create({"has_lines_days": True})


def retention_seal():
    """The seal of an entry after a given previous one, as SQL."""
    names = ("chain", "position", "kind", "uid", "sealed_at", "digest")
    return keeper.content.seal(**{name: f"entry.{name}" for name in names}, previous="%s")
