"""Tracking in bulk writes what Odoo would write, and only where it may.

Two sets of equal records go through the same change on one cursor, one set as Odoo does it, one
in bulk; then every column of every row that came of it is compared.
"""

import re
from contextlib import contextmanager, nullcontext
from datetime import date, datetime
from unittest.mock import patch

from markupsafe import Markup

from odoo import SUPERUSER_ID, Command, api
from odoo.exceptions import UserError

from ..engine import bulk_tracking
from ..engine.cursors import environment, writing_cursor
from .common import EngineCase, OrderCase

# Differ between any two rows.
_OF_THE_ROW = {"id", "create_date", "write_date", "date", "read_date"}
# Texts with ids, times and tokens in them.
_TEXTS = {"message_id", "references", "headers", "body", "body_html"}
_SETS = 3
NOT_THESE = "Not these."


class BulkCase(EngineCase):
    apps = ("sale", "stock")

    @classmethod
    def set_up_records(cls, env):
        company = env["res.company"].browse(cls.company_id)
        # With a catchall address, whom to reply to is not just the author.
        company.alias_domain_id = env["mail.alias.domain"].create(
            {"name": f"{cls.mark}.example.com", "catchall_alias": "catchall"}
        )
        env["res.users"].browse(cls.user_id).write(
            {
                "email": "keeper@example.com",
                "group_ids": [Command.link(env.ref("product.group_product_manager").id)],
            }
        )
        cls.colleague_id = cls.new_user(env, "colleague", ["sales_team.group_sale_manager"]).id
        env["res.users"].browse(cls.colleague_id).notification_type = "inbox"
        cls.customer_id = (
            env["res.partner"]
            .create({"name": f"Customer {cls.mark}", "email": "customer@example.com"})
            .id
        )
        cls.product_id = (
            env["product.product"]
            .create({"name": f"Thing {cls.mark}", "list_price": 10.0, "taxes_id": []})
            .id
        )

        tags = [{"name": f"{name} {cls.mark}"} for name in ("Urgent", "Big")]
        cls.tag_ids = env["crm.tag"].create(tags).ids
        cls.product_tag_ids = env["product.tag"].create(tags).ids
        properties = [
            {"name": "size", "string": "Size", "type": "char"},
            {"name": "weight", "string": "Weight", "type": "integer"},
        ]
        cls.category_ids = (
            env["product.category"]
            .create(
                [
                    {"name": "Measured", "product_properties_definition": properties},
                    {"name": "Other"},
                ]
            )
            .ids
        )

    @contextmanager
    def engine(self, user_id=None):
        """An environment on a cursor of the engine's, rolled back at the end."""
        with writing_cursor(self.dbname) as cr:
            yield environment(cr, user_id or self.user_id, self.company_id)

    def compare(self, make, *changes, bulk=True, messages=True):
        """Let twins go through the changes, flushed after each, and compare what was written.

        :param make: gets an environment and makes one set of records
        :param changes: get a set of records
        :param bulk: whether the second set must have been written in bulk
        :param messages: whether anything must have been written at all
        :return: the rows of one set
        """
        with self.engine() as env:
            sets = [make(env), make(env)]
            env.cr.flush()
            before = max(env["mail.message"].sudo().search([], limit=1).ids, default=0)
            with spy() as insert:
                for records, context in zip(sets, (_as_odoo, _in_bulk), strict=True):
                    for change in changes:
                        with context(env):
                            change(records)
                            env.cr.flush()
                    if context is _as_odoo:
                        insert.assert_not_called()
            self.assertEqual(insert.called, bulk)
            odoo, ours = (_Rows(records, before).everything() for records in sets)
        for table, rows in odoo.items():
            self.assertEqual(len(ours[table]), len(rows), table)
            for own, row in zip(ours[table], rows, strict=True):
                differing = {name: (own[name], row[name]) for name in row if own[name] != row[name]}
                self.assertEqual(differing, {}, table)
        self.assertEqual(bool(odoo["mail_message"]), messages)
        return ours

    def track(self, model, *names):
        """Have fields tracked that are not, as any addon may declare it."""
        for name in names:
            patcher = patch.object(
                self.registry[model]._fields[name], "tracking", True, create=True
            )
            self.startPatcher(patcher)
        self.registry.clear_cache()
        self.addCleanup(self.registry.clear_all_caches)

    def make_orders(self, env, **values):
        return env["sale.order"].create(
            [
                {
                    "name": f"Twin {number}",
                    "partner_id": self.customer_id,
                    "order_line": [Command.create({"product_id": self.product_id})],
                    **values,
                }
                for number in range(_SETS)
            ]
        )

    def make_partners(self, env, **values):
        return env["res.partner"].create(
            [{"name": f"Twin {number}", **values} for number in range(_SETS)]
        )


class _Rows:
    """What was written about some records, made comparable.

    :param after: id of the last message before
    """

    def __init__(self, records, after):
        self.records = records
        self.cr = records.env.cr
        self.after = after
        self.numbers = {record: number for number, record in enumerate(records.ids)}

    def everything(self):
        messages = self.select(
            "SELECT * FROM mail_message WHERE model = %s AND res_id = ANY(%s) AND id > %s",
            self.records._name,
            self.records.ids,
            self.after,
        )
        ids = [row["id"] for row in messages]
        assert len({row["message_id"] for row in messages}) == len(messages)
        parents = {message: number for number, message in enumerate(ids)}
        found = {"mail_message": [self.comparable(row, parents) for row in messages]}
        for table, column in (
            ("mail_tracking_value", "mail_message_id"),
            ("mail_notification", "mail_message_id"),
            ("mail_mail", "mail_message_id"),
            ("mail_message_res_partner_rel", "mail_message_id"),
            ("mail_message_res_partner_starred_rel", "mail_message_id"),
            ("message_attachment_rel", "message_id"),
            ("mail_message_schedule", "mail_message_id"),
        ):
            rows = self.select(f"SELECT * FROM {table} WHERE {column} = ANY(%s)", ids)  # noqa: S608
            found[table] = [self.comparable(row, parents) for row in rows]
        found["mail_followers"] = [
            self.comparable(row, parents)
            for row in self.select(
                "SELECT * FROM mail_followers WHERE res_model = %s AND res_id = ANY(%s)",
                self.records._name,
                self.records.ids,
            )
        ]
        return found

    def select(self, query, *params):
        self.cr.execute(f"{query} ORDER BY 1", params)
        return self.cr.dictfetchall()

    def comparable(self, row, parents):
        """A row without what must differ between twins; what it points to is numbered."""
        result = {}
        for name, value in row.items():
            if name in _OF_THE_ROW:
                result[name] = value is None
            elif name == "res_id":
                result[name] = self.numbers[value]
            elif name in ("mail_message_id", "message_id", "parent_id") and value in parents:
                result[name] = parents[value]
            elif name in ("parent_id", "mail_mail_id", "attachment_id"):
                result[name] = value is None
            elif name in _TEXTS and isinstance(value, str):
                result[name] = re.sub(r"(?<=token=)[\w-]+|(?<=hash=)\w+|[\d.]+", "#", value)
            else:
                result[name] = value
        return result


def spy():
    return patch.object(bulk_tracking, "_insert", wraps=bulk_tracking._insert)


def _as_odoo(_env):
    return nullcontext()


def _in_bulk(env):
    return bulk_tracking.bulk_tracking(env)


class TestEqual(BulkCase):
    """Row for row, column for column."""

    def test_cancelled_orders(self):
        rows = self.compare(self.make_orders, lambda orders: orders.action_cancel())
        self.assertEqual(len(rows["mail_message"]), _SETS)
        self.assertEqual(
            {(row["old_value_char"], row["new_value_char"]) for row in rows["mail_tracking_value"]},
            {("Quotation", "Cancelled")},
        )
        self.assertIn("catchall", rows["mail_message"][0]["reply_to"])

    def test_cancelled_transfers(self):
        def make(env):
            orders = self.make_orders(env)
            orders.order_line.product_id.is_storable = True
            orders.action_confirm()
            return orders.picking_ids

        rows = self.compare(make, lambda transfers: transfers.action_cancel())
        self.assertEqual(len(rows["mail_message"]), _SETS)

    def test_partners(self):
        rows = self.compare(
            self.make_partners,
            lambda partners: partners.write({"email": "new@example.com", "phone": "12"}),
            lambda partners: partners.write({"email": False, "user_id": self.user_id}),
        )
        self.assertEqual(len(rows["mail_message"]), 2 * _SETS)

    def test_several_changes_in_one_flush_are_one_message(self):
        def change(partners):
            partners.email = "one@example.com"
            partners.phone = "1"
            partners[0].email = "two@example.com"
            partners.email = "three@example.com"

        rows = self.compare(self.make_partners, change)
        self.assertEqual(len(rows["mail_message"]), _SETS)

    def test_every_type_of_field(self):
        """Each type that Odoo tracks, to a value, to another one, and to none."""
        self.track(
            "sale.order",
            "client_order_ref",
            "validity_date",
            "commitment_date",
            "prepayment_percent",
            "require_signature",
            "payment_term_id",
            "tag_ids",
        )
        self.track(
            "product.template",
            "name",
            "sequence",
            "weight",
            "active",
            "description_sale",
            "product_tag_ids",
            "categ_id",
            "seller_ids",
        )
        types = {
            self.registry[model]._fields[name].type
            for model in ("sale.order", "product.template")
            for name in self.tracked(model)
        }
        self.assertGreaterEqual(
            types,
            {
                "boolean",
                "char",
                "date",
                "datetime",
                "float",
                "integer",
                "many2many",
                "many2one",
                "monetary",
                "one2many",
                "properties",
                "selection",
                "text",
            },
        )

        def change_orders(values):
            return lambda orders: orders.write(values)

        self.compare(
            self.make_orders,
            change_orders(
                {
                    "client_order_ref": 'it\'s "100%"; \\ ünïcode %s',
                    "validity_date": date(2031, 2, 3),
                    "commitment_date": datetime(2031, 2, 3, 4, 5, 6),
                    "prepayment_percent": 0.3,
                    "require_signature": True,
                    "user_id": self.colleague_id,
                    "tag_ids": [Command.set(self.tag_ids)],
                }
            ),
            lambda orders: orders.order_line.write({"product_uom_qty": 7, "price_unit": 0.1}),
            change_orders(
                {
                    "client_order_ref": False,
                    "validity_date": False,
                    "commitment_date": False,
                    "prepayment_percent": 0.25,
                    "require_signature": False,
                    "user_id": False,
                    "tag_ids": [Command.clear()],
                }
            ),
        )
        self.compare(
            self.make_products,
            lambda products: products.write(
                {
                    "name": "New name",
                    "sequence": 12,
                    "weight": 1.5,
                    "description_sale": "Line one\nline two",
                    "product_tag_ids": [Command.set(self.product_tag_ids)],
                    "seller_ids": [Command.create({"partner_id": self.customer_id})],
                }
            ),
            lambda products: products.write(
                {
                    "active": False,
                    "sequence": 0,
                    "weight": 0,
                    "description_sale": False,
                    "product_tag_ids": [Command.clear()],
                    "seller_ids": [Command.clear()],
                    "type": "service",
                }
            ),
        )

    def test_properties(self):
        """What a record loses with its category is told by name, not by field."""
        self.track("product.template", "categ_id")

        def change(products):
            products.product_properties = {"size": "large", "weight": 3}
            products.env.cr.flush()
            products.categ_id = self.category_ids[1]

        rows = self.compare(self.make_products, change)
        self.assertTrue(any(row["field_info"] for row in rows["mail_tracking_value"]))

    def test_changes_with_a_subtype_notify_followers(self):
        def make(env):
            orders = self.make_orders(env)
            subtypes = env.ref("sale.mt_order_confirmed") + env.ref("mail.mt_comment")
            followers = env["res.partner"].browse(self.customer_id)
            followers += env["res.users"].browse(self.colleague_id).partner_id
            orders.message_subscribe(followers.ids, subtypes.ids)
            return orders

        rows = self.compare(make, lambda orders: orders.action_confirm(), bulk=False)
        self.assertTrue(rows["mail_notification"])
        self.assertTrue(rows["mail_mail"])

    def test_some_with_a_subtype_some_without(self):
        """The order of the messages stays that of the records."""
        self.track("sale.order", "client_order_ref")

        def change(orders):
            orders.client_order_ref = "mixed"
            orders[1].state = "sent"

        rows = self.compare(self.make_orders, change)
        self.assertEqual([row["res_id"] for row in rows["mail_message"]], [0, 1, 2])
        self.assertEqual(len({row["subtype_id"] for row in rows["mail_message"]}), 2)

    def test_another_author(self):
        def change(partners):
            partners.email = "new@example.com"
            partners[0]._track_set_author(partners.env["res.partner"].browse(self.customer_id))
            partners[1]._track_set_author(partners.env["res.partner"])

        rows = self.compare(self.make_partners, change)
        self.assertEqual(len({row["author_id"] for row in rows["mail_message"]}), 3)

    def test_a_text_of_its_own_is_left_to_odoo(self):
        def change(partners):
            partners.email = "new@example.com"
            # Odoo makes an attachment of a picture.
            partners[1]._track_set_log_message(
                Markup('<p>I say so <img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="></p>')
            )
            partners[2]._track_set_log_message("Because <b>I</b> say so")

        rows = self.compare(self.make_partners, change)
        self.assertIn("/web/image/", rows["mail_message"][1]["body"])
        self.assertIn("&lt;b&gt;", rows["mail_message"][2]["body"])
        self.assertEqual(len(rows["message_attachment_rel"]), 1)

    def test_what_others_log_meanwhile_stays_theirs(self):
        """Notes that a model logs as another user while its changes are being noted."""
        colleague_id = self.colleague_id

        def _track_subtype(partner, initial_values):
            field = partner.env["ir.model.fields"]._get("res.partner", "phone")
            partner.with_user(colleague_id)._message_log(
                tracking_value_ids=[[0, 0, {"field_id": field.id, "new_value_char": "seen"}]]
            )
            return False

        self.patch(self.registry["res.partner"], "_track_subtype", _track_subtype)
        rows = self.compare(self.make_partners, lambda partners: partners.write({"phone": "1"}))
        self.assertEqual(
            [row["create_uid"] for row in rows["mail_message"]],
            [self.colleague_id, self.user_id] * _SETS,
        )

    def test_default_values_of_messages_hold(self):
        def make(env):
            partners = self.make_partners(env)
            env["ir.default"].sudo().set("mail.message", "email_layout_xmlid", "mail.odd")
            return partners

        rows = self.compare(make, lambda partners: partners.write({"phone": "1"}))
        self.assertEqual({row["email_layout_xmlid"] for row in rows["mail_message"]}, {"mail.odd"})

    def test_default_keys_of_the_caller_do_not_reach_messages(self):
        def change(partners):
            partners.with_context(
                default_email_layout_xmlid="x", default_subject="y", lang="en_US"
            ).write({"phone": "1"})

        self.compare(self.make_partners, change)

    def test_without_tracking_there_is_nothing(self):
        def change(partners):
            partners.with_context(tracking_disable=True).write({"phone": "1"})

        self.compare(self.make_partners, change, bulk=False, messages=False)

    def test_new_messages_are_seen_at_once(self):
        with self.engine() as env:
            partners = self.make_partners(env)
            env.cr.flush()
            counts = [len(partner.message_ids) for partner in partners]
            partners.mapped("website_message_ids")
            with _in_bulk(env):
                partners.phone = "1"
                env.cr.flush()
            self.assertEqual(
                [len(partner.message_ids) for partner in partners], [n + 1 for n in counts]
            )
            message = partners[0].message_ids[0]
            self.assertEqual(message.sudo().tracking_value_ids.new_value_char, "1")
            self.assertEqual(message.record_name, partners[0].display_name)

    def tracked(self, model):
        with self.engine() as env:
            return env[model]._track_get_fields()

    def make_products(self, env):
        return env["product.template"].create(
            [{"name": f"Twin {n}", "categ_id": self.category_ids[0]} for n in range(_SETS)]
        )


class TestFence(BulkCase):
    """Where it must not be used, it is not."""

    def assert_left_to_odoo(self, model="res.partner", values=None, context=_in_bulk):
        with self.engine() as env, spy() as insert:
            if model == "res.partner":
                records = self.make_partners(env)
            else:
                records = env[model].create({"name": "Twin"})
            env.cr.flush()
            with context(env):
                records.write(values or {"phone": "1"})
                env.cr.flush()
            insert.assert_not_called()
            self.assertEqual(_notes(env, records), len(records))

    def test_it_is_used_at_all(self):
        with self.assertRaises(AssertionError):
            self.assert_left_to_odoo()

    def test_not_on_an_ordinary_cursor(self):
        """Whatever a caller puts into the context, even while a batch is at work elsewhere."""
        context = {
            "bulk_tracking": True,
            "sentinel_bulk_tracking": True,
            "sentinel_ops_addon.bulk_tracking": "1",
        }
        with self.engine() as env, _in_bulk(env), self.registry.cursor() as cr:
            other = api.Environment(cr, self.user_id, context)
            with spy() as insert:
                partners = self.make_partners(other)
                cr.flush()
                partners.phone = "1"
                cr.flush()
            insert.assert_not_called()
            self.assertEqual(_notes(other, partners), _SETS)
            cr.rollback()

    def test_no_ordinary_cursor_can_ask_for_it(self):
        with self.registry.cursor() as cr, self.assertRaises(TypeError):
            with _in_bulk(api.Environment(cr, SUPERUSER_ID, {})):
                pass

    def test_not_in_the_engine_outside_a_batch(self):
        self.assert_left_to_odoo(context=_as_odoo)
        with self.engine() as env:
            with _in_bulk(env):
                pass
            with spy() as insert:
                partners = self.make_partners(env)
                env.cr.flush()
                partners.phone = "1"
                env.cr.flush()
            insert.assert_not_called()

    def test_the_setting_turns_it_off(self):
        # A rolled-back parameter stays in Odoo's cache.
        self.addCleanup(self.registry.clear_all_caches)
        for text in ("0", "off", "False", "no"):
            with self.subTest(text), self.engine(SUPERUSER_ID) as env:
                env["ir.config_parameter"].set_param(bulk_tracking.SETTING, text)
                self.assertFalse(bulk_tracking.is_wanted(env))
                with spy() as insert:
                    partners = self.make_partners(env)
                    env.cr.flush()
                    with _in_bulk(env):
                        partners.phone = "1"
                        env.cr.flush()
                insert.assert_not_called()
                env["ir.config_parameter"].set_param(bulk_tracking.SETTING, "1")
                self.assertTrue(bulk_tracking.is_wanted(env))

    def test_this_odoo_is_one_that_these_tests_were_passed_with(self):
        """Fails after an update of Odoo: see the head of bulk_tracking.py for what to do."""
        with self.root() as env:
            self.assertEqual(bulk_tracking.found(env), bulk_tracking.PASSED)
            self.assertEqual(env["sentinel.job"].health()["notices"], [])

    def test_unknown_source_of_odoo(self):
        """Each single method counts; health names it, and says that all is well otherwise."""
        for owner, methods in bulk_tracking.PASSED.items():
            for name in methods:
                other = {**bulk_tracking.PASSED, owner: {**methods, name: "another"}}
                with self.subTest(name), patch.object(bulk_tracking, "PASSED", other):
                    self.assert_left_to_odoo()
                    with self.root() as env:
                        health = env["sentinel.job"].health()
                    (notice,) = health["notices"]
                    self.assertEqual(notice["code"], "bulk_tracking_off")
                    self.assertIn(f"{owner}.{name}", notice["message"])
                    self.assertTrue(notice["remedy"])
                    self.assertNotIn("bulk", str(health["problems"]))

    def test_no_notice_where_it_is_not_wanted(self):
        self.addCleanup(self.registry.clear_all_caches)
        with patch.object(bulk_tracking, "PASSED", {}), self.root() as env:
            env["ir.config_parameter"].set_param(bulk_tracking.SETTING, "0")
            self.assertEqual(env["sentinel.job"].health()["notices"], [])
            env.cr.rollback()

    def test_a_changed_source_is_another_source(self):
        def changed(records, values_list):
            return None

        def as_before(records, values_list):
            # Another comment.
            return None

        digests = {bulk_tracking._digest(changed), bulk_tracking._digest(as_before)}
        self.assertEqual(len(digests), 2)
        self.assertNotIn("", digests)
        self.assertEqual(bulk_tracking._digest(len), "")

    def test_a_wrapper_does_not_pass_for_what_it_wraps(self):
        """As automation rules wrap ``create``, and others with ``functools.wraps``."""
        message_class = self.registry["mail.message"]
        original = message_class.create

        def create(messages, vals_list):
            return original(messages, vals_list)

        create.__wrapped__ = original
        create.__qualname__ = original.__qualname__
        self.patch(message_class, "create", create)
        self.assert_left_to_odoo()

    def test_a_model_that_logs_its_own_way_is_left_to_it(self):
        """Only that model; the others go on in bulk."""
        partner_class = self.registry["res.partner"]
        original = partner_class._message_log
        logged = []

        def _message_log(partner, **kwargs):
            logged.append(partner.id)
            return original(partner, **kwargs)

        self.patch(partner_class, "_message_log", _message_log)
        self.assert_left_to_odoo()
        self.assertEqual(len(logged), _SETS)
        with self.root() as env:
            self.assertEqual(env["sentinel.job"].health()["notices"], [])
        self.compare(self.make_orders, lambda orders: orders.action_cancel())

    def test_a_message_model_with_more_to_do_per_row_switches_it_off(self):
        field = self.registry["mail.message"]._fields["subject"]
        self.patch(field, "compute", "_compute_record_name")
        self.assert_left_to_odoo()


class TestLive(OrderCase):
    """In a live run."""

    def test_a_live_run_writes_in_bulk(self):
        ids = self.make_orders([100 + i for i in range(40)])
        with spy() as insert:
            run = self.run_job("live", days=90)
        self.assertEqual(run["outcomes"], {"done": 40})
        # Messages and values, once for each of the batches of 1, 5, 25 and the rest.
        self.assertEqual(insert.call_count, 2 * 4)
        self.assertEqual(self.notes(ids), {(order, "Quotation", "Cancelled") for order in ids})

    def test_what_is_undone_leaves_no_message(self):
        ids = self.make_orders([100 + i for i in range(31)])
        bad = {ids[7], ids[20]}
        operation_class = self.registry["sentinel.operation.orders.cancel"]
        original = operation_class._apply

        def refuse_late(operation, records, ctx):
            original(operation, records, ctx)
            records.env.cr.flush()
            if bad & set(records.ids):
                raise UserError(NOT_THESE)

        self.patch(operation_class, "_apply", refuse_late)
        run = self.run_job("live", days=90)
        self.assertEqual(run["outcomes"], {"done": 29, "refused": 2})
        self.assertEqual({note[0] for note in self.notes(ids)}, set(ids) - bad)

    def notes(self, ids):
        rows = self.sql(
            """
            SELECT message.res_id, value.old_value_char, value.new_value_char
              FROM mail_message AS message
              JOIN mail_tracking_value AS value ON value.mail_message_id = message.id
             WHERE message.model = 'sale.order' AND message.res_id = ANY(%s)
            """,
            [ids],
        )
        self.assertEqual(len(rows), len(set(rows)))
        return set(rows)


def _notes(env, records):
    """How many messages with tracking values there are."""
    env.cr.execute(
        """
        SELECT count(*) FROM mail_message AS message
         WHERE model = %s AND res_id = ANY(%s)
           AND EXISTS (SELECT FROM mail_tracking_value WHERE mail_message_id = message.id)
        """,
        [records._name, records.ids],
    )
    return env.cr.fetchone()[0]
