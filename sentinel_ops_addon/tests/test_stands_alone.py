from odoo.tools import SQL

from ..engine.chain import keeper
from .test_chain import ChainCase

_MODULE = "sentinel_ops_addon"


class TestStandsAlone(ChainCase):
    """Whatever else happens in Odoo never has to touch what is sealed."""

    @classmethod
    def set_up_records(cls, env):
        cls.partner_count = 0

    def setUp(self):
        super().setUp()
        self.make_orders([100])
        self.run_job("live", days=90)
        self.before = self.exported()

    def assert_untouched(self):
        chain, places, lines = self.exported()
        self.assertEqual(chain, self.before[0])
        self.assertEqual(places[: len(self.before[1])], self.before[1])
        self.assertEqual(lines[: len(self.before[2])], self.before[2])
        self.assert_sound()

    def test_user_job_company_and_partner_are_deleted(self):
        with self.root() as env:
            partner = env["res.partner"].create({"name": "Short-lived", "ref": self.mark})
            company = env["res.company"].create({"name": f"Short-lived {self.mark}"})
            user = self.new_user(env, "short", ["sentinel_ops_addon.group_manager"], company)
            job = self.make_job(
                env,
                f"short_{self.mark}",
                "check_records",
                company_id=company.id,
                run_as_id=user.id,
                parameters={
                    "model": "res.partner",
                    "population": f"[('ref', '=', '{self.mark}')]",
                    "condition": "[('phone', '=', False)]",
                },
            )
            records = [job, user, partner, company]
            code, user_id = job.code, user.id
            doomed = [(record._name, record.id) for record in records]
        run = self.run_job("plan", code=code, user_id=user_id)
        self.assertEqual([line["name"] for line in self.lines(run["uid"])], ["Short-lived"])
        self.before = self.exported()
        with self.root() as env:
            for model, record_id in doomed[:3]:
                env[model].browse(record_id).unlink()
        self.assert_untouched()
        with self.registry.cursor() as cr:
            before = self.rows(cr)
            # What Odoo's own apps made for the company keeps it from going otherwise.
            for table, name in self.other_references(cr, "res_company"):
                cr.execute(SQL("ALTER TABLE %s DROP CONSTRAINT %s", table, name))
            cr.execute("DELETE FROM res_company WHERE id = %s", [doomed[3][1]])
            self.assertEqual(cr.rowcount, 1)
            self.assertEqual(self.rows(cr), before)
            cr.rollback()

    @staticmethod
    def other_references(cr, table):
        """The references to a table that are not ours and keep its rows from being deleted."""
        cr.execute(
            """
            SELECT conrelid::regclass::text, conname
              FROM pg_constraint
             WHERE contype = 'f' AND confrelid = %s::regclass AND confdeltype IN ('a', 'r')
               AND conrelid <> ALL(%s::regclass[])
            """,
            [table, list(keeper.TABLES)],
        )
        return [tuple(map(SQL.identifier, row)) for row in cr.fetchall()]

    @staticmethod
    def rows(cr):
        """What is sealed, table by table, as one number each."""
        sums = {}
        for table in keeper.TABLES:
            cr.execute(
                SQL(
                    "SELECT count(*), sum(hashtextextended(row::text, 0)) FROM %s AS row",
                    SQL.identifier(table),
                )
            )
            sums[table] = cr.fetchone()
        return sums

    def test_the_tables_are_brought_up_to_date(self):
        """What an upgrade of the module does to them."""
        with self.root() as env:
            names = [name for name, model in env.registry.items() if model._module == _MODULE]
            self.assertIn("sentinel.run.line", names)
            env.registry.init_models(env.cr, names, {"module": _MODULE, "update": True})
        self.assert_untouched()
        with self.assertRaisesRegex(Exception, "is sealed"):
            self.sql("DELETE FROM sentinel_chain_entry")

    def test_another_language_is_loaded(self):
        with self.root() as env:
            env["res.lang"]._activate_lang("fr_FR")
            env["ir.module.module"].search([("name", "=", _MODULE)])._update_translations(["fr_FR"])
        self.assert_untouched()
        with self.root() as env:
            env["res.lang"].search([("code", "=", "fr_FR")]).active = False
