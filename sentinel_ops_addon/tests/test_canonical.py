"""The quick ways of a plan give what the plain ones would."""

from odoo.exceptions import AccessError, MissingError
from odoo.tests.common import TransactionCase, new_test_user, tagged

from ..engine.canonical import (
    canonical_json,
    canonical_value,
    column,
    digest,
    record_values,
    utc_text,
)
from ..engine.fingerprint import fingerprints

AWKWARD = ["", " ", "a\tb", "a\nb", "a\\nb", "\\N", "\r", 'quo"te', "it's", "ü €  🚀", "\\.", "{}"]


@tagged("post_install", "-at_install")
class TestCanonical(TransactionCase):
    def setUp(self):
        super().setUp()
        self.partners = self.env["res.partner"].create(
            [
                {"name": f"P{number} {text}", "ref": text, "color": number, "comment": text}
                for number, text in enumerate(AWKWARD)
            ]
        )
        self.partners[0].write(
            {
                "partner_latitude": 1.5,
                "is_company": True,
                "parent_id": False,
                "company_id": self.env.company.id,
                "category_id": [(0, 0, {"name": "One"}), (0, 0, {"name": "Two"})],
                "child_ids": [(0, 0, {"name": "Child"}), (0, 0, {"name": "Gone", "active": False})],
            }
        )

    def slowly(self, records, names):
        """One value at a time, through the ORM's own door."""
        return {
            record.id: {name: canonical_value(record[name], record._fields[name]) for name in names}
            for record in records
        }

    def test_every_field_reads_the_same(self):
        for model in ("res.partner", "res.currency", "res.country", "ir.module.module"):
            records = self.partners if model == "res.partner" else self.env[model].search([])[:5]
            names = [
                name
                for name, field in records._fields.items()
                # Types of one way only, which is the plain one.
                if field.type not in ("binary", "image", "properties", "reference")
                and field.type != "properties_definition"
                and not field.company_dependent
            ]
            for name in names:
                with self.subTest(model=model, field=name):
                    self.env.invalidate_all()
                    quickly = record_values(records, [name])
                    self.env.invalidate_all()
                    self.assertEqual(quickly, self.slowly(records, [name]))

    def test_a_column_is_what_the_records_say(self):
        for name in ("name", "color", "parent_id", "create_date", "is_company", "display_name"):
            with self.subTest(name=name):
                self.env.invalidate_all()
                self.assertEqual(
                    column(self.partners, name), [record[name] for record in self.partners]
                )

    def test_what_is_still_to_be_computed_is_computed(self):
        self.partners.write({"name": "New name"})
        self.env.flush_all()
        self.partners.write({"name": "Newer name"})
        values = record_values(self.partners, ["complete_name"])
        self.assertEqual({row["complete_name"] for row in values.values()}, {"Newer name"})

    def test_secret_fields_and_hidden_records_stay_so(self):
        user = new_test_user(self.env, "looker", "base.group_user")
        cron_id = self.env.ref("sentinel_ops_addon.ir_cron_dispatcher").id
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            record_values(self.env["ir.cron"].with_user(user).browse(cron_id), ["priority"])
        field = self.env["sentinel.run"]._fields["owner_token"]
        self.assertEqual(field.groups, "base.group_system")
        with self.assertRaises(AccessError):
            column(self.env["sentinel.run"].with_user(user).browse(1), "owner_token")

    def test_a_record_that_is_gone_says_so(self):
        self.partners[3].unlink()
        with self.assertRaises(MissingError):
            record_values(self.partners, ["name"])

    def test_a_fingerprint_is_the_digest_of_what_it_is_about(self):
        names = ["name", "ref", "color", "category_id"]
        values = record_values(self.partners, names)
        expected = {
            record.id: digest(
                ["res.partner", record.id, record.write_date.isoformat(), dict(values[record.id])]
            )
            for record in self.partners
        }
        self.assertEqual(fingerprints(self.partners, values), expected)
        self.assertEqual(len(set(expected.values())), len(AWKWARD))

    def test_the_text_of_values_is_their_canonical_json(self):
        for row in record_values(self.partners, ["ref", "name", "color"]).values():
            self.assertEqual(canonical_json(row), canonical_json(dict(row)))
            self.assertEqual(list(row), ["ref", "name", "color"])

    def test_times(self):
        moment = self.partners[0].create_date
        self.assertEqual(utc_text(moment), moment.strftime("%Y-%m-%d %H:%M:%S"))
        self.assertEqual(utc_text(False), "")
