import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import zlib
from pathlib import Path
from unittest import SkipTest

from ..engine.chain import content
from ..engine.dispatcher import dispatch
from ..engine.seal import seal
from .common import OrderCase

_PROJECT = Path(__file__).parents[2]
_DOCUMENT = _PROJECT / "docs" / "chain.md"
VECTORS = _PROJECT / "tests" / "support" / "chain_vectors.json"
# What tends to get lost or escaped differently on some way.
_NASTY = 'é 漢 🙂 "quoted" \\ back/slash \u2028 tab\t line\nreturn\r \x01 \x7f </tag> %s'


def verifier():
    """The program of docs/chain.md, which knows nothing of this project's code."""
    if not _DOCUMENT.exists():
        raise SkipTest("docs/chain.md is not here: this is the addon without its project.")
    (text,) = re.findall(r"```python\n(.*?)```", _DOCUMENT.read_text(), re.DOTALL)
    return text


def verify(chain, places, lines, *start):
    """Have the documented program verify rows.

    :return: its last word, and whether it was content
    """
    program = verifier()
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, rows in (("places", places), ("lines", lines)):
            paths.append(os.path.join(folder, name))
            Path(paths[-1]).write_bytes("".join(f"{row}\n" for row in rows).encode())
        done = subprocess.run(  # pylint: disable=no-raise-unlink
            [sys.executable, "-c", program, chain, *paths, *start],
            capture_output=True,
            text=True,
            check=False,
        )
    return (done.stdout + done.stderr).strip(), done.returncode == 0


def rows_of(page):
    text = zlib.decompress(base64.b64decode(page["data"])).decode()
    return text.split("\n") if text else []


class ChainCase(OrderCase):
    def setUp(self):
        super().setUp()
        # What other tests forged in their chain stays in theirs.
        self.forge(
            """
            UPDATE sentinel_chain SET uid = gen_random_uuid(), position = 0, seal = repeat('0', 64),
                   start_position = 0, start_seal = repeat('0', 64), lines_position = 0
            """
        )

    def exported(self):
        """The chain of this database, its places and its lines, by the doors."""
        with self.root() as env:
            runs = env["sentinel.run"]
            page = runs.export_runs("0", 1000)
            places = rows_of(page)
            while page["count"]:
                page = runs.export_runs(page["next"], 1000)
                places += rows_of(page)
            lines, place, more = [], ("0", 0), True
            while more:
                part = runs.export_lines(*place, page["head"], 7)
                lines += rows_of(part)
                place, more = (part["next"], part["next_line"]), part["more"]
            return page["chain"], places, lines

    def verified(self):
        return verify(*self.exported())

    def assert_sound(self):
        word, good = self.verified()
        self.assertTrue(good, word)
        return word

    def run_id(self, uid):
        ((run_id,),) = self.sql("SELECT id FROM sentinel_run WHERE uid = %s", [uid])
        return run_id


class TestChain(ChainCase):
    def test_runs_and_events_are_in_one_chain_that_anybody_can_verify(self):
        self.make_orders([100, 101, 102])
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).name = _NASTY
        run = self.run_job("live", days=90, reason=_NASTY)
        chain, places, lines = self.exported()
        *_others, event, plan, live = [row.split("\t") for row in places]
        self.assertEqual((event[1], plan[1], live[1]), ("event", "run", "run"))
        self.assertEqual(json.loads(event[-1])["after"], {"name": _NASTY})
        sealed = json.loads(live[-1])
        self.assertEqual((sealed["uid"], sealed["reason"]), (run["uid"], _NASTY))
        self.assertEqual((sealed["plan"], sealed["line_count"]), (plan[2], 3))
        self.assertEqual(sealed["amount"], "30.00")
        self.assertEqual(len([row for row in lines if row.split("\t")[0] == live[0]]), 3)
        word, good = verify(chain, places, lines)
        self.assertTrue(good, word)
        with self.root() as env:
            health = env["sentinel.job"].health()
        self.assertEqual((health["chain"], health["head"]), (chain, live[0]))
        self.assertEqual(health["head_seal"], live[5])
        self.assertIn(health["head_seal"], word)

    def test_content_has_its_keys_in_order_and_no_null(self):
        self.make_orders([100])
        self.run_job("live", days=90)
        _chain, places, lines = self.exported()
        for row in places + lines:
            text = row.split("\t")[-1]
            values = json.loads(text)
            self.assertEqual(list(values), sorted(values))
            self.assertNotIn(None, values.values())

    def test_many_sealers_with_events_no_gap_no_double(self):
        uids = [self.trigger("plan", days=90)["uid"] for _number in range(6)]
        self.sql(
            "UPDATE sentinel_run SET state = 'sealing', final_status = 'dry_run' "
            "WHERE uid = ANY(%s)",
            [uids],
        )
        threads = []
        for number, uid in enumerate(uids):
            with self.root() as env:
                env["sentinel.job"].browse(self.job_id).name = f"Name {number}"
            threads.append(
                threading.Thread(target=seal, args=(self.dbname, self.run_id(uid)), daemon=True)
            )
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assert_sound()
        self.assertEqual(self.sql("SELECT id FROM sentinel_event WHERE position IS NULL"), [])
        positions = self.sql(
            "SELECT count(DISTINCT position), max(position) FROM sentinel_chain_entry"
        )
        self.assertEqual(*positions[0])

    def test_events_without_a_run_are_sealed_by_the_next_call(self):
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).name = "Renamed in peace"
        before = self.exported()[1]
        dispatch(self.dbname)
        (row,) = self.exported()[1][len(before) :]
        self.assertIn("Renamed in peace", row)
        self.assert_sound()

    def test_more_events_than_one_transaction_seals(self):
        with self.root() as env:
            for number in range(1203):
                env["sentinel.event"]._note(
                    kind="changed",
                    model="sentinel.job",
                    record_ref=self.job_id,
                    company_ref=0,
                    after={"number": number},
                )
        uid = self.run_job("plan", days=90)["uid"]
        places = [row.split("\t") for row in self.exported()[1]]
        self.assertEqual(places[-1][2], uid)
        numbers = [json.loads(row[-1])["after"].get("number") for row in places[-1204:-1]]
        self.assertEqual(numbers, list(range(1203)))
        self.assert_sound()

    def test_what_a_transaction_took_back_is_in_no_chain(self):
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).name = "Never was"
            env.flush_all()
            env.cr.rollback()
        self.run_job("plan", days=90)
        self.assertNotIn("Never was", "".join(self.exported()[1]))

    def test_sealing_takes_up_where_a_process_died(self):
        """Between the end of a run and its place: recovery seals it, with the same digest."""
        self.make_orders([100])
        uid = self.trigger("plan", days=90)["uid"]

        def die(*_args):
            raise Death()

        with self.assertRaises(Death):
            self.patch(sys.modules["odoo.addons.sentinel_ops_addon.engine.finish"], "seal", die)
            dispatch(self.dbname)
        self.assertEqual(self.status(uid)["state"], "sealing")
        dispatch(self.dbname)
        self.assertEqual(self.status(uid)["state"], "done")
        self.assert_sound()

    def test_erasing_leaves_a_chain_that_verifies(self):
        first, _second = self.make_orders([100, 101])
        self.run_job("live", days=90)
        heads = [row.split("\t")[5] for row in self.exported()[1]]
        with self.as_user() as env:
            env["sentinel.run"].erase("sale.order", first, "Asked")
        dispatch(self.dbname)
        _chain, places, lines = self.exported()
        self.assertEqual([row.split("\t")[5] for row in places][:-1], heads)
        self.assertIn('"kind":"erased"', places[-1])
        erased = [row.split("\t") for row in lines if row.endswith("\t\t")]
        self.assertEqual(len(erased), 2)
        self.assertTrue(all(len(row[2]) == 64 for row in erased))
        self.assert_sound()


class Death(BaseException):
    """Stands for a process that is gone."""


class TestTampering(ChainCase):
    """Each change is made by somebody who owns the tables and took the fences down."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_orders([100, 101, 102])

    def setUp(self):
        super().setUp()
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).name = "The name before"
            env.flush_all()
            env["sentinel.job"].browse(self.job_id).name = "The name"
        runs = [self.run_job("plan", days=90) for _number in range(3)]
        self.position = int(runs[1]["position"])
        self.id = self.run_id(runs[1]["uid"])
        self.assert_sound()

    def tearDown(self):
        # The quotations are for all tests of the class: nothing here changes them.
        super(OrderCase, self).tearDown()

    def assert_found(self, query, params, words, put_back, back_params=None):
        """What was forged is found and named; ``put_back`` ends it for the tests that follow."""
        self.forge(query, params)
        try:
            word, good = self.verified()
        finally:
            self.forge(put_back, back_params if back_params is not None else params)
        self.assertFalse(good, query)
        self.assertIn(words, word, query)
        self.assert_sound()

    def test_a_changed_run(self):
        for column, forged in (
            ("amount", "amount + 0.01"),
            ("ended_at", "ended_at + interval '1 microsecond'"),
            ("requested_by_login", "'somebody else'"),
            ("kpis", "'[]'"),
            ("lines_digest", "repeat('0', 64)"),
            ("line_count", "2"),
        ):
            with self.subTest(column=column):
                ((old,),) = self.sql(
                    f"SELECT {column}::text FROM sentinel_run WHERE id = %s", [self.id]
                )
                ((kind,),) = self.sql(
                    "SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
                    "WHERE attrelid = 'sentinel_run'::regclass AND attname = %s",
                    [column],
                )
                self.assert_found(
                    f"UPDATE sentinel_run SET {column} = {forged} WHERE id = %s",
                    [self.id],
                    f"Position {self.position}: the content",
                    f"UPDATE sentinel_run SET {column} = %s::{kind} WHERE id = %s",
                    [old, self.id],
                )

    def test_lines_changed_removed_and_added(self):
        words = f"Position {self.position}: the lines"
        line = f"run_id = {self.id} AND position = 2"
        self.assert_found(
            f"UPDATE sentinel_run_line SET amount = amount + 1 WHERE {line}",
            None,
            words,
            f"UPDATE sentinel_run_line SET amount = amount - 1 WHERE {line}",
        )
        self.assert_found(
            f"CREATE TABLE kept AS SELECT * FROM sentinel_run_line WHERE {line}; "
            f"DELETE FROM sentinel_run_line WHERE {line}",
            None,
            words,
            "INSERT INTO sentinel_run_line SELECT * FROM kept; DROP TABLE kept",
        )
        self.assert_found(
            "INSERT INTO sentinel_run_line (run_id, position, model, record_ref, outcome) "
            "VALUES (%s, 4, 'sale.order', 1, 'planned')",
            [self.id],
            words,
            "DELETE FROM sentinel_run_line WHERE run_id = %s AND position = 4",
        )

    def test_lines_that_were_erased_without_a_word(self):
        line = f"run_id = {self.id} AND position = 2"
        self.assert_found(
            f"CREATE TABLE kept AS SELECT * FROM sentinel_run_line WHERE {line}; "
            f"UPDATE sentinel_run_line AS line SET digest = {content.LINE_DIGEST}, salt = NULL, "
            f"before = NULL FROM sentinel_run AS run WHERE run.id = line.run_id "
            f"AND line.run_id = {self.id} AND line.position = 2",
            None,
            "More is gone (erased)",
            f"DELETE FROM sentinel_run_line WHERE {line}; "
            "INSERT INTO sentinel_run_line SELECT * FROM kept; DROP TABLE kept",
        )

    def test_a_changed_event(self):
        ((event, position),) = self.sql(
            "SELECT id, position FROM sentinel_event ORDER BY id DESC LIMIT 1"
        )
        self.assert_found(
            "UPDATE sentinel_event SET login = login || 'x' WHERE id = %s",
            [event],
            f"Position {position}: the content",
            "UPDATE sentinel_event SET login = rtrim(login, 'x') WHERE id = %s",
        )

    def test_a_run_without_its_row(self):
        self.assert_found(
            "UPDATE sentinel_chain_entry SET ref = -ref WHERE position = %s",
            [self.position],
            f"Position {self.position}: the content",
            "UPDATE sentinel_chain_entry SET ref = -ref WHERE position = %s",
        )

    def test_said_to_be_gone_by_retention_though_nothing_says_so(self):
        self.assert_found(
            "UPDATE sentinel_chain_entry SET withheld = 'retention' WHERE position = %s",
            [self.position],
            "More is gone (retention)",
            "UPDATE sentinel_chain_entry SET withheld = NULL WHERE position = %s",
        )

    def test_a_place_removed_and_the_rest_moved_up(self):
        self.assert_found(
            f"CREATE TABLE kept AS SELECT * FROM sentinel_chain_entry; "
            f"DELETE FROM sentinel_chain_entry WHERE position = {self.position}",
            None,
            f"Position {self.position} is missing",
            "DELETE FROM sentinel_chain_entry; "
            "INSERT INTO sentinel_chain_entry SELECT * FROM kept; DROP TABLE kept",
        )
        self.assert_found(
            f"CREATE TABLE kept AS SELECT * FROM sentinel_chain_entry; "
            f"DELETE FROM sentinel_chain_entry WHERE position = {self.position}; "
            f"UPDATE sentinel_chain_entry SET position = -position "
            f"WHERE position > {self.position}; "
            f"UPDATE sentinel_chain_entry SET position = -position - 1 WHERE position < 0",
            None,
            f"Position {self.position}: the seal",
            "DELETE FROM sentinel_chain_entry; "
            "INSERT INTO sentinel_chain_entry SELECT * FROM kept; DROP TABLE kept",
        )

    def test_two_places_swapped(self):
        swap = f"""
            UPDATE sentinel_chain_entry SET position = -position
             WHERE position IN ({self.position}, {self.position} - 1);
            UPDATE sentinel_chain_entry SET position = 2 * {self.position} - 1 + position
             WHERE position < 0
        """
        self.assert_found(swap, None, f"Position {self.position - 1}: the seal", swap)

    def test_a_rehashed_run_breaks_its_seal(self):
        """Who makes the digest fit again has to make the seal fit, and that of all that follow."""
        self.assert_found(
            "CREATE TABLE kept AS SELECT ref, digest FROM sentinel_chain_entry WHERE ref = %(run)s "
            "AND kind = 'run'; UPDATE sentinel_run SET reason = 'forged' WHERE id = %(run)s; "
            f"UPDATE sentinel_chain_entry SET digest = {content.RUN_DIGEST} FROM sentinel_run AS "
            "run WHERE run.id = ref AND kind = 'run' AND ref = %(run)s",
            {"run": self.id},
            f"Position {self.position}: the seal",
            "UPDATE sentinel_run SET reason = NULL WHERE id = %(run)s; "
            "UPDATE sentinel_chain_entry SET digest = kept.digest FROM kept "
            "WHERE kept.ref = sentinel_chain_entry.ref AND kind = 'run'; DROP TABLE kept",
        )


class TestVectors(ChainCase):
    """The vectors that other programs are tested with are what Odoo makes.

    With SENTINEL_WRITE_VECTORS set they are made anew, from a chain of their own.
    """

    def make_vectors(self):
        with self.root() as env:
            dispatch(self.dbname)
            env["sentinel.chain"]._identity().write(
                {"uid": env["sentinel.chain"]._new_uid(), "position": 0, "seal": content.NO_SEAL}
            )
        first, second, third = self.make_orders([100, 101, 102])
        with self.root() as env:
            env["sale.order"].browse(second).name = _NASTY
            env["sentinel.job"].browse(self.job_id).name = _NASTY
        self.refuse({third}, _NASTY)
        self.run_job("live", days=90, reason=_NASTY)
        self.run_job("plan", days=9000)
        columns = {
            "runs": self.sql("SELECT row_to_json(r)::text FROM sentinel_run r ORDER BY id")[-3:],
            "events": self.sql("SELECT row_to_json(r)::text FROM sentinel_event r ORDER BY id")[
                -1:
            ],
            "lines": self.sql(
                "SELECT row_to_json(r)::text FROM sentinel_run_line r WHERE run_id IN "
                "(SELECT id FROM sentinel_run ORDER BY id DESC LIMIT 3) ORDER BY id"
            ),
        }
        with self.as_user() as env:
            env["sentinel.run"].erase("sale.order", first, "Asked by the customer")
        dispatch(self.dbname)
        chain, places, lines = self.exported()
        kept = {name: [row for (row,) in rows] for name, rows in columns.items()}
        vectors = {
            "chain": chain,
            "head_seal": places[-1].split("\t")[5],
            "places": places,
            "lines": lines,
            "columns": kept,
        }
        VECTORS.write_text(json.dumps(vectors, ensure_ascii=True, indent=1) + "\n")

    def test_the_vectors_are_what_odoo_makes(self):
        if os.environ.get("SENTINEL_WRITE_VECTORS"):
            self.make_vectors()
        if not VECTORS.exists():
            raise SkipTest(f"{VECTORS.name} is not here: this is the addon without its project.")
        vectors = json.loads(VECTORS.read_text())
        word, good = verify(vectors["chain"], vectors["places"], vectors["lines"])
        self.assertTrue(good, word)
        self.assertIn(vectors["head_seal"], word)
        known = {row.split("\t")[-1] for row in vectors["places"] + vectors["lines"]}
        digests = {row.split("\t")[4] for row in vectors["places"]}
        digests |= {row.split("\t")[2] for row in vectors["lines"]}
        for row in vectors["columns"]["runs"]:
            text, digest = self.made(content.RUN, content.RUN_DIGEST, run=row)
            self.assertIn(text, known)
            self.assertIn(digest, digests)
        for row in vectors["columns"]["events"]:
            text, digest = self.made(content.EVENT, content.EVENT_DIGEST, event=row)
            self.assertIn(text, known)
            self.assertIn(digest, digests)
        runs = {json.loads(row)["id"]: row for row in vectors["columns"]["runs"]}
        erased = 0
        for row in vectors["columns"]["lines"]:
            run = runs[json.loads(row)["run_id"]]
            text, digest = self.made(content.LINE, content.LINE_DIGEST, line=row, run=run)
            # The digest of an erased line is exported, its content is not.
            erased += digest in digests
            self.assertNotEqual(text in known, digest in digests)
        self.assertEqual(erased, 2)

    def made(self, text, digest, **rows):
        """Content and digest of rows given as JSON, by the expressions that seal them."""
        tables = {"run": "sentinel_run", "line": "sentinel_run_line", "event": "sentinel_event"}
        sources = ", ".join(
            f"jsonb_populate_record(NULL::{tables[name]}, %({name})s) AS {name}" for name in rows
        )
        ((made_text, made_digest),) = self.sql(f"SELECT {text}, {digest} FROM {sources}", rows)
        return made_text, made_digest
