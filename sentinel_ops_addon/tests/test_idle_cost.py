"""What a run with nothing to do costs.

Counted is what one call of the dispatcher hands to cursors on the connections that it opens, from
the look for a run to its place in the chain: connections set up, locks, looking, the run's own row,
the task's figures. BEGIN and COMMIT, which the driver sends by itself, are not. Odoo's registry and
its caches of access rights are warm, as on any server that has been up for a minute.
"""

from contextlib import contextmanager
from unittest.mock import patch

import psycopg2
import psycopg2.extensions

from ..engine.dispatcher import dispatch
from .common import OrderCase


@contextmanager
def counted():
    """Collect the statements that are sent on connections opened meanwhile."""
    sent = []
    connect = psycopg2.connect

    class Counting(psycopg2.extensions.cursor):
        def execute(self, query, *args):
            sent.append(query if isinstance(query, str) else str(query))
            return super().execute(query, *args)

        def executemany(self, query, *args):
            raise AssertionError("count the statements of executemany, too")

        def copy_expert(self, sql, *args):
            sent.append(sql)
            return super().copy_expert(sql, *args)

    def counting(*args, **kwargs):
        return connect(*args, cursor_factory=Counting, **kwargs)

    with patch("psycopg2.connect", counting):
        yield sent


class TestIdleCost(OrderCase):
    """A day has 1,440 minutes, and most of them find nothing."""

    def setUp(self):
        super().setUp()
        # Quotations, so that there is something to look through, but none that is old.
        self.make_orders([1, 2, 3])
        self.run_job("live")

    def statements(self):
        """What the next call of the dispatcher sends, up to the last run that it seals."""
        with counted() as sent:
            dispatch(self.dbname)
        self.assertIn("pg_try_advisory_lock", sent[0])
        return sent[: 1 + max(number for number, text in enumerate(sent) if "_chain" in text)]

    def test_a_plan_that_finds_nothing(self):
        uid = self.trigger("plan")["uid"]
        self.assertLessEqual(len(self.statements()), 15)
        run = self.status(uid)
        self.assertEqual((run["status"], run["population"], run["matched"]), ("dry_run", 3, 0))
        self.assertEqual(run["kpis"][0]["value"], "0")
        self.assertTrue(run["position"])

    def test_a_scheduled_plan_that_finds_nothing(self):
        with self.root() as env:
            job = env["sentinel.job"].browse(self.job_id)
            job.write({"schedule_active": True, "schedule_next": "2026-01-01 00:00:00"})
        # A new schedule empties Odoo's caches.
        self.run_job("plan")
        with self.root() as env:
            uid = env["sentinel.job"]._run_schedule(self.job_id)
        self.assertLessEqual(len(self.statements()), 15)
        run = self.status(uid)
        self.assertEqual((run["status"], run["source"]), ("dry_run", "schedule"))
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).schedule_active = False

    def test_a_live_run_that_finds_nothing_is_two_runs(self):
        """Its plan is a run of its own, sealed in a place of its own."""
        uid = self.trigger("live")["uid"]
        self.assertLessEqual(len(self.statements()), 2 * 15)
        run = self.status(uid)
        self.assertEqual((run["status"], run["outcomes"]), ("success", {}))
        self.assertEqual(int(run["position"]), int(self.status(run["plan"])["position"]) + 1)

    def test_no_run_at_all(self):
        with counted() as sent:
            dispatch(self.dbname)
        self.assertEqual(len(sent), 1)
