import psycopg2
import psycopg2.errorcodes

from odoo import SUPERUSER_ID
from odoo.exceptions import UserError

from ..engine.chain import erase, keeper
from ..engine.dispatcher import dispatch
from .common import OrderCase


class TestKeeper(OrderCase):
    """What is sealed stays, whoever asks and in whatever language."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_orders([100, 101])

    def setUp(self):
        super().setUp()
        self.run_uid = self.run_job("plan", days=90)["uid"]
        ((self.run_id,),) = self.sql("SELECT id FROM sentinel_run WHERE uid = %s", [self.run_uid])

    def tearDown(self):
        # The quotations are for all tests of the class: nothing here changes them.
        super(OrderCase, self).tearDown()

    def assert_refused(self, query, params=None):
        with self.assertRaises(psycopg2.Error) as caught:
            self.sql(query, params)
        self.assertEqual(caught.exception.pgcode, keeper.REFUSED, caught.exception)
        self.assertIn("is sealed", caught.exception.diag.message_primary)
        self.assertIn("Erase data of a record", caught.exception.diag.message_hint)

    def test_sql_cannot_change_or_remove_what_is_sealed(self):
        rows = {
            "sentinel_run": ("id = %s", "reason = 'better'"),
            "sentinel_run_line": ("run_id = %s", "outcome = 'done'"),
            "sentinel_chain_entry": ("kind = 'run' AND ref = %s", "digest = ''"),
            "sentinel_event": ("position > 0 AND %s > 0", "login = 'nobody'"),
        }
        for table, (condition, change) in rows.items():
            with self.subTest(table=table):
                found = self.sql(f"SELECT id FROM {table} WHERE {condition}", [self.run_id])
                self.assertTrue(found)
                self.assert_refused(f"UPDATE {table} SET {change} WHERE {condition}", [self.run_id])
                self.assert_refused(f"DELETE FROM {table} WHERE {condition}", [self.run_id])

    def test_sql_cannot_empty_the_tables(self):
        for table in keeper.TABLES:
            with self.subTest(table=table):
                self.assert_refused(f"TRUNCATE {table} CASCADE")

    def test_a_session_cannot_switch_it_off(self):
        with self.assertRaises(psycopg2.Error) as caught, self.registry.cursor() as cr:
            cr.execute("SET session_replication_role = replica")
            cr.execute("DELETE FROM sentinel_run_line WHERE run_id = %s", [self.run_id])
        # Only a superuser of PostgreSQL gets as far as the trigger.
        self.assertIn(
            caught.exception.pgcode, (keeper.REFUSED, psycopg2.errorcodes.INSUFFICIENT_PRIVILEGE)
        )

    def test_lines_are_not_added_to_a_sealed_run(self):
        self.assert_refused(
            "INSERT INTO sentinel_run_line (run_id, position, model, record_ref, outcome) "
            "VALUES (%s, 99, 'res.partner', 1, 'done')",
            [self.run_id],
        )

    def test_an_event_cannot_be_hidden_from_the_sealer(self):
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).name = "Another name"
        self.assert_refused("UPDATE sentinel_event SET position = 1 WHERE position IS NULL")
        self.assert_refused("UPDATE sentinel_event SET login = 'x' WHERE position IS NULL")
        self.assert_refused("DELETE FROM sentinel_event WHERE position IS NULL")

    def test_an_event_of_another_transaction_opens_nothing(self):
        """Also not one that a copy of the database brought along, with the same number."""
        ((record,),) = self.sql(
            "SELECT record_ref FROM sentinel_run_line WHERE run_id = %s AND position = 1",
            [self.run_id],
        )
        with self.root() as env:
            env["sentinel.event"]._note(
                kind="erased", model="sale.order", record_ref=record, company_ref=0
            )
        self.assert_refused(erase._ERASE, ["sale.order", record])
        dispatch(self.dbname)
        with self.assertRaises(psycopg2.Error) as caught, self.registry.cursor() as cr:
            keeper.drop(cr)
            cr.execute(
                "UPDATE sentinel_event SET transaction = pg_current_xact_id()::text "
                "WHERE kind = 'erased' AND record_ref = %s",
                [record],
            )
            keeper.create(cr)
            cr.execute(erase._ERASE, ["sale.order", record])
        self.assertEqual(caught.exception.pgcode, keeper.REFUSED)

    def test_an_event_lets_go_what_it_names_and_no_more(self):
        """Erasing takes the payload and leaves the right digest; nothing else passes."""
        ((record,), (other,)) = self.sql(
            "SELECT record_ref FROM sentinel_run_line WHERE run_id = %s ORDER BY position",
            [self.run_id],
        )
        for number, change in ((other, "record_name = NULL"), (record, "outcome = 'done'")):
            with self.assertRaises(psycopg2.Error) as caught, self.root() as env:
                env["sentinel.event"]._note(
                    kind="erased", model="sale.order", record_ref=record, company_ref=0
                )
                env.cr.execute(
                    f"UPDATE sentinel_run_line SET {change} WHERE run_id = %s AND record_ref = %s",
                    [self.run_id, number],
                )
            self.assertEqual(caught.exception.pgcode, keeper.REFUSED)

    def test_the_orm_refuses_everybody(self):
        with self.as_user(SUPERUSER_ID) as env:
            run = env["sentinel.run"].browse(self.run_id)
            entry = env["sentinel.chain.entry"].search([("uid", "=", self.run_uid)])
            event = env["sentinel.event"].search([("position", ">", 0)], limit=1)
            for record, values in (
                (run, {"reason": "better"}),
                (run.line_ids, {"outcome": "done"}),
                (entry, {"digest": "x"}),
                (event, {"login": "x"}),
            ):
                with self.subTest(model=record._name):
                    self.assertTrue(record)
                    with self.refused(env, UserError):
                        record.write(values)
                        env.flush_all()
                    with self.refused(env, UserError):
                        record.unlink()
