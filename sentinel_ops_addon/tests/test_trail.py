import base64
import json
import threading
import zlib

from odoo.exceptions import AccessError, UserError

from ..engine import trail
from ..engine.dispatcher import dispatch
from ..engine.seal import seal
from .common import OrderCase

# What a client names as the last line of a run that it has as a whole.
WHOLE = 2**31 - 1


def unpack(page):
    text = zlib.decompress(base64.b64decode(page["data"])).decode()
    return [row.split("\t") for row in text.split("\n")] if text else []


def contents(page, kind="run"):
    """What was sealed in a page of places, as data."""
    return [json.loads(row[-1]) for row in unpack(page) if row[1] == kind]


class TestTrail(OrderCase):
    @classmethod
    def set_up_records(cls, env):
        cls.auditor_id = cls.new_user(env, "auditor", ["sentinel_ops_addon.group_auditor"]).id

    def export_runs(self, after, limit=1000):
        with self.as_user(self.auditor_id) as env:
            return env["sentinel.run"].export_runs(after, limit)

    def head(self):
        return self.sql("SELECT position FROM sentinel_chain")[0][0]

    def test_positions_are_gapless_and_in_order_of_ending(self):
        start = self.head()
        uids = [self.run_job("plan", days=90)["uid"] for _number in range(3)]
        positions = [int(self.status(uid)["position"]) for uid in uids]
        self.assertEqual(positions, [start + 1, start + 2, start + 3])

    def test_many_sealers_no_gap_no_double(self):
        uids = [self.trigger("plan", days=90)["uid"] for _number in range(8)]
        start = self.head()
        self.sql(
            "UPDATE sentinel_run SET state = 'sealing', final_status = 'dry_run' "
            "WHERE uid = ANY(%s)",
            [uids],
        )
        ids = [i for (i,) in self.sql("SELECT id FROM sentinel_run WHERE uid = ANY(%s)", [uids])]
        threads = [threading.Thread(target=seal, args=(self.dbname, i)) for i in ids]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        positions = sorted(int(self.status(uid)["position"]) for uid in uids)
        self.assertEqual(positions, list(range(start + 1, start + 9)))
        self.assertEqual(seal(self.dbname, ids[0]), 0)

    def test_export_gives_runs_and_lines_in_pages(self):
        self.make_orders([100, 101, 102])
        start = str(self.head())
        plan = self.run_job("plan", days=90)
        live = self.run_job("live", plan=plan["uid"])
        page = self.export_runs(start)
        runs = contents(page)
        self.assertEqual([run["uid"] for run in runs], [plan["uid"], live["uid"]])
        self.assertEqual([run["line_count"] for run in runs], [3, 3])
        self.assertEqual(page["next"], live["position"])
        self.assertEqual(page["head"], str(self.head()))
        with self.as_user(self.auditor_id) as env:
            collected, place, more = [], (start, 2**31 - 1), True
            while more:
                lines = env["sentinel.run"].export_lines(*place, page["next"], 2)
                collected += unpack(lines)
                place, more = (lines["next"], lines["next_line"]), lines["more"]
        self.assertEqual(
            [row[:2] for row in collected],
            [[run["position"], number] for run in (plan, live) for number in "123"],
        )
        last = json.loads(collected[-1][-1])
        self.assertEqual((last["run"], last["outcome"]), (live["uid"], "done"))

    def test_pages_are_bounded_by_bytes_too(self):
        self.make_orders([100, 101, 102])
        start = str(self.head())
        run = self.run_job("live", days=90)
        self.patch(trail, "PAGE_BYTES", 1)
        with self.as_user(self.auditor_id) as env:
            runs = env["sentinel.run"]
            page = runs.export_runs(start)
            self.assertEqual((page["count"], page["next"]), (1, str(int(start) + 1)))
            collected, place, more = [], (start, WHOLE), True
            while more:
                lines = runs.export_lines(*place, run["position"])
                self.assertEqual(lines["count"], 1)
                collected += unpack(lines)
                place, more = (lines["next"], lines["next_line"]), lines["more"]
        self.assertEqual([row[1] for row in collected], ["1", "2", "3"] * 2)

    def test_lines_of_many_runs_and_of_a_long_one(self):
        """However the lines are read, a few runs at a time or a run in parts."""
        self.make_orders([100, 101, 102])
        start = str(self.head())
        runs = [self.run_job("plan", days=90) for _number in range(4)]
        expected = [[run["position"], number] for run in runs for number in "123"]
        for size in (1, 2, 4, 7, 1000):
            self.patch(trail, "_LINES_AT_ONCE", size)
            with self.subTest(size=size), self.as_user(self.auditor_id) as env:
                whole = env["sentinel.run"].export_lines(start, WHOLE, runs[-1]["position"])
                self.assertEqual([row[:2] for row in unpack(whole)], expected)
                begun = env["sentinel.run"].export_lines(
                    runs[0]["position"], 2, runs[-1]["position"]
                )
                self.assertEqual([row[:2] for row in unpack(begun)], expected[2:])

    def test_a_page_of_a_long_run_reads_its_own_lines_only(self):
        """Otherwise the time would grow with the square of a run's length."""
        self.make_orders(range(100, 140))
        start = str(self.head())
        run = self.run_job("plan", days=90)
        with self.as_user(self.auditor_id) as env:
            # As with very many lines, where anything but the index takes longer.
            env.cr.execute("SET LOCAL enable_seqscan = off")
            env.cr.execute("SET LOCAL enable_bitmapscan = off")
            before = self.lines_read(env)
            page = env["sentinel.run"].export_lines(start, WHOLE, run["position"], 4)
            self.assertEqual((page["count"], page["more"]), (4, True))
            self.assertEqual(self.lines_read(env) - before, 5)

    @staticmethod
    def lines_read(env):
        env.cr.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables"
            " WHERE relname = 'sentinel_run_line'"
        )
        return env.cr.fetchone()[0]

    def test_what_is_not_done_is_not_exported(self):
        start = str(self.head())
        self.trigger("plan", days=90)
        page = self.export_runs(start)
        self.assertEqual((page["count"], page["next"], unpack(page)), (0, start, []))

    def test_only_auditors_and_managers(self):
        with self.root() as env:
            operator = self.new_user(env, "operator2", ["sentinel_ops_addon.group_operator"]).id
        for method, args in [("export_runs", ()), ("export_lines", ())]:
            with self.as_user(operator) as env, self.assertRaisesRegex(AccessError, "auditors"):
                getattr(env["sentinel.run"], method)(*args)

    def test_an_auditor_sees_the_companies_it_has(self):
        with self.root() as env:
            elsewhere = env["res.company"].create({"name": f"Elsewhere {self.mark}"})
            stranger = self.new_user(
                env, "stranger", ["sentinel_ops_addon.group_auditor"], elsewhere
            ).id
        dispatch(self.dbname)
        self.make_orders([100])
        start = str(self.head())
        uid = self.run_job("plan", days=90)["uid"]
        (own,) = unpack(self.export_runs(start))
        self.assertEqual((own[2], own[6]), (uid, ""))
        with self.as_user(stranger) as env:
            page = env["sentinel.run"].export_runs(start)
            lines = env["sentinel.run"].export_lines(start, 0, page["next"])
        (stub,) = unpack(page)
        self.assertEqual(stub, [*own[:6], "company", "", ""])
        self.assertEqual((lines["count"], lines["more"]), (0, False))

    def test_a_finished_run_cannot_be_changed_or_deleted(self):
        uid = self.run_job("plan", days=90)["uid"]
        with self.root() as env:
            run = env["sentinel.run"].search([("uid", "=", uid)])
            with self.assertRaises(UserError):
                run.reason = "better"
            with self.assertRaises(UserError):
                run.unlink()

    def test_lines_cannot_be_changed(self):
        self.make_orders([100])
        uid = self.run_job("plan", days=90)["uid"]
        with self.root() as env:
            line = env["sentinel.run"].search([("uid", "=", uid)]).line_ids
            with self.assertRaises(UserError):
                line.outcome = "done"
            with self.assertRaises(UserError):
                line.unlink()

    def test_deleting_user_and_job_leaves_the_trail_as_it_was(self):
        with self.root() as env:
            user = self.new_user(env, "leaver", ["sentinel_ops_addon.group_operator"])
            code = f"doomed_{self.mark}"
            job = self.make_job(env, code, "clean_old_orders")
            user_id, job_id = user.id, job.id
        uid = self.trigger("plan", code=code, user_id=user_id)["uid"]
        before = self.finish(uid)
        with self.root() as env:
            env["sentinel.job"].browse(job_id).unlink()
            env["res.users"].browse(user_id).unlink()
        self.assertEqual(self.status(uid), before)

    def test_bad_bounds_are_refused(self):
        with self.as_user(self.auditor_id) as env:
            for args in [("-1",), ("x",), ("0", 0), ("0", 10_000)]:
                with self.subTest(args=args), self.assertRaises(UserError):
                    env["sentinel.run"].export_runs(*args)
