"""Tests of the engine on real cursors.

``TransactionCase`` shares one connection and drops post-commit hooks, so a promise about
transactions would pass there for nothing. These tests commit, on a database that is thrown away.
"""

import os
import uuid
from contextlib import contextmanager
from datetime import datetime, timedelta
from unittest import SkipTest

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tests.common import BaseCase, get_db_name, tagged

from ..engine.chain import keeper
from ..engine.dispatcher import dispatch


@tagged("post_install", "-at_install", "sentinel_engine")
class EngineCase(BaseCase):
    """A company, a user and a job of its own for each class, all committed."""

    apps = ()  # Odoo modules without which the class makes no sense
    task = ""
    job_values = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = Registry(get_db_name())
        cls.dbname = cls.registry.db_name
        if os.environ.get("SENTINEL_COMMIT_TESTS_IN") != cls.dbname:
            raise SkipTest(
                "These tests commit for real. On a database that may be spoilt, set "
                f"SENTINEL_COMMIT_TESTS_IN={cls.dbname}; `make test` does it on a copy."
            )
        missing = [app for app in cls.apps if app not in cls.registry._init_modules]
        if missing:
            raise SkipTest(f"The database lacks the Odoo apps {', '.join(missing)}.")
        cls.mark = uuid.uuid4().hex[:8]
        with cls.root() as env:
            # Bases first; each class makes what it adds.
            for base in reversed(cls.__mro__):
                if make := vars(base).get("set_up_records"):
                    make.__get__(None, cls)(env)

    @classmethod
    def set_up_records(cls, env):
        """Make the committed records that this very class adds; called once, no super()."""
        company = env["res.company"].create({"name": f"Company {cls.mark}"})
        groups = ["sentinel_ops_addon.group_manager"]
        if "sale" in cls.apps:
            groups.append("sales_team.group_sale_manager")
        if "stock" in cls.apps:
            groups.append("stock.group_stock_manager")
        user = cls.new_user(env, "keeper", groups, company)
        cls.company_id = company.id
        cls.user_id = user.id
        if cls.task:
            cls.code = f"{cls.task}_{cls.mark}"
            job = cls.make_job(env, cls.code, cls.task, **cls.job_values)
            cls.job_id = job.id

    @classmethod
    def new_user(cls, env, name, groups, company=None):
        """A user of the class's company, with a login and password of ``<name>_<mark>``."""
        company = company or env["res.company"].browse(cls.company_id)
        login = f"{name}_{cls.mark}"
        return env["res.users"].create(
            {
                "name": name.title(),
                "login": login,
                "password": login,
                "company_id": company.id,
                "company_ids": [(6, 0, company.ids)],
                "group_ids": [(4, env.ref(group).id) for group in ["base.group_user", *groups]],
            }
        )

    @classmethod
    def make_job(cls, env, code, task, **values):
        return env["sentinel.job"].create(
            {
                "name": code,
                "code": code,
                "task_id": env["sentinel.task"].search([("code", "=", task)]).id,
                "company_id": cls.company_id,
                "run_as_id": cls.user_id,
                "max_records": 1000,
                **values,
            }
        )

    @classmethod
    @contextmanager
    def as_user(cls, user_id=None):
        """An environment on a fresh real cursor, committed at the end."""
        with cls.registry.cursor() as cr:
            yield api.Environment(cr, user_id or cls.user_id, {})

    @classmethod
    @contextmanager
    def root(cls):
        with cls.as_user(SUPERUSER_ID) as env:
            yield env

    @contextmanager
    def refused(self, env, exception, words=""):
        """The body must raise; what it wrote is undone, in the database and in the cache."""
        with self.assertRaisesRegex(exception, words), env.cr.savepoint():
            yield

    def setUp(self):
        super().setUp()
        self.drain()

    def drain(self):
        """Work on whatever an earlier test left in the queue."""
        # Nobody is going to decide about what waits for a decision still.
        if self.sql("SELECT id FROM sentinel_run WHERE awaits IS NOT NULL"):
            self.forge(
                """
                UPDATE sentinel_run SET expires_at = '2000-01-01'
                 WHERE awaits IS NOT NULL
                    OR id IN (SELECT plan_ref FROM sentinel_run WHERE awaits IS NOT NULL)
                """
            )
        for _call in range(100):
            if not self.sql("SELECT 1 FROM sentinel_run WHERE state <> 'done' LIMIT 1"):
                return
            dispatch(self.dbname)
        raise AssertionError("the queue does not get empty")

    def trigger(self, mode, code=None, user_id=None, **kwargs):
        """Request a run; ``days`` and ``limit`` are parameters, the rest goes to ``trigger``."""
        names = ("days", "limit")
        parameters = {name: kwargs.pop(name) for name in names if name in kwargs}
        parameters.update(kwargs.pop("parameters", {}))
        with self.as_user(user_id) as env:
            return env["sentinel.job"].trigger(code or self.code, mode, parameters, **kwargs)

    def run_job(self, mode, **kwargs):
        """Request a run, work on it until it is done, return its status."""
        uid = self.trigger(mode, **kwargs)["uid"]
        return self.finish(uid)

    def finish(self, uid):
        for _call in range(20):
            dispatch(self.dbname)
            status = self.status(uid)
            if status["state"] == "done":
                return status
        raise AssertionError(f"the run never ended: {status}")

    def status(self, uid):
        with self.root() as env:
            return env["sentinel.run"].status(uid)

    def lines(self, uid):
        with self.root() as env:
            return env["sentinel.run"].read_lines(uid, 0, 5000)["lines"]

    def outcomes(self, uid):
        """Outcome by record id."""
        return {line["record"]: line["outcome"] for line in self.lines(uid)}

    def sql(self, query, params=None):
        """Run SQL on a fresh cursor, committed; returns the rows if there are any."""
        with self.registry.cursor() as cr:
            cr.execute(query, params)
            return cr.fetchall() if cr.description else None

    def forge(self, query, params=None):
        """Change sealed rows, as the owner of the tables can who takes the fences down first."""
        with self.registry.cursor() as cr:
            keeper.drop(cr)
            cr.execute(query, params)
            keeper.create(cr)


class OrderCase(EngineCase):
    """With quotations to work on."""

    apps = ("sale",)
    task = "clean_old_orders"

    @classmethod
    def set_up_records(cls, env):
        cls.partner_id = env["res.partner"].create({"name": f"Customer {cls.mark}"}).id
        cls.product_id = (
            env["product.product"]
            .create({"name": f"Thing {cls.mark}", "list_price": 10.0, "taxes_id": []})
            .id
        )

    @classmethod
    def make_orders(cls, ages, company_id=None, **values):
        """One quotation of 10.00 for each age in days; returns their ids."""
        company_id = company_id or cls.company_id
        now = datetime.now().replace(microsecond=0)
        with cls.root() as env:
            env = env(context={"allowed_company_ids": [company_id]})
            orders = env["sale.order"].create(
                [
                    {
                        "partner_id": cls.partner_id,
                        "company_id": company_id,
                        "date_order": now - timedelta(days=age, minutes=5),
                        "order_line": [
                            (0, 0, {"product_id": cls.product_id, "product_uom_qty": 1})
                        ],
                        **values,
                    }
                    for age in ages
                ]
            )
            return orders.ids

    def patch_apply(self, function):
        """Put ``function(original, operation, records, ctx)`` in place of the operation."""
        operation_class = self.registry["sentinel.operation.orders.cancel"]
        original = operation_class._apply
        self.patch(
            operation_class,
            "_apply",
            lambda operation, records, ctx: function(original, operation, records, ctx),
        )

    def refuse(self, bad, message="The customer is on holiday."):
        """Have the business refuse these records from now on; ``bad`` may be changed later."""

        def apply(original, operation, records, ctx):
            if bad & set(records.ids):
                raise UserError(message)
            original(operation, records, ctx)

        self.patch_apply(apply)

    def set_job(self, **values):
        """Write on the job of the class, for this test only."""
        with self.root() as env:
            job = env["sentinel.job"].browse(self.job_id)
            before = {name: job[name] for name in values}
            job.write(values)

        def put_back():
            with self.root() as env:
                env["sentinel.job"].browse(self.job_id).write(
                    {
                        name: value.id if hasattr(value, "id") else value
                        for name, value in before.items()
                    }
                )

        self.addCleanup(put_back)

    def verdicts(self, run):
        """Verdict by guard of a run's status."""
        return {guard["guard"]: guard["verdict"] for guard in run["guards"]}

    def guard_message(self, run, name):
        return next(guard["message"] for guard in run["guards"] if guard["guard"] == name)

    def states(self, ids):
        """State of each order, in the order of ``ids``."""
        with self.root() as env:
            return env["sale.order"].browse(ids).mapped("state")

    def tearDown(self):
        super().tearDown()
        # Each test starts without old quotations, whatever the one before it left.
        self.sql(
            "UPDATE sale_order SET state = 'cancel' WHERE company_id = %s AND state <> 'sale'",
            [self.company_id],
        )


class TransferCase(EngineCase):
    """With deliveries to work on."""

    apps = ("stock",)

    @classmethod
    def set_up_records(cls, env):
        cls.warehouse_id = (
            env["stock.warehouse"].search([("company_id", "=", cls.company_id)], limit=1).id
        )
        cls.product_id = (
            env["product.product"].create({"name": f"Box {cls.mark}", "is_storable": True}).id
        )

    def make_transfers(self, lates, quantity=1.0):
        """A confirmed delivery for each number of days late; returns their ids."""
        with self.root() as env:
            env = env(context={"allowed_company_ids": [self.company_id]})
            warehouse = env["stock.warehouse"].browse(self.warehouse_id)
            customers = env.ref("stock.stock_location_customers")
            pickings = env["stock.picking"]
            for late in lates:
                moment = datetime.now() - timedelta(days=late, minutes=5)
                picking = pickings.create(
                    {
                        "picking_type_id": warehouse.out_type_id.id,
                        "location_id": warehouse.lot_stock_id.id,
                        "location_dest_id": customers.id,
                        "scheduled_date": moment,
                        "move_ids": [
                            (
                                0,
                                0,
                                {
                                    "product_id": self.product_id,
                                    "product_uom_qty": quantity,
                                    "location_id": warehouse.lot_stock_id.id,
                                    "location_dest_id": customers.id,
                                    "date": moment,
                                },
                            )
                        ],
                    }
                )
                picking.action_confirm()
                picking.do_unreserve()
                pickings |= picking
            return pickings.ids

    def stock(self, quantity):
        with self.root() as env:
            warehouse = env["stock.warehouse"].browse(self.warehouse_id)
            env["stock.quant"]._update_available_quantity(
                env["product.product"].browse(self.product_id), warehouse.lot_stock_id, quantity
            )

    def states(self, ids):
        with self.root() as env:
            return env["stock.picking"].browse(ids).mapped("state")

    def tearDown(self):
        super().tearDown()
        with self.root() as env:
            env["stock.picking"].search(
                [("company_id", "=", self.company_id), ("state", "not in", ["done", "cancel"])]
            ).action_cancel()
            env["stock.quant"].search([("product_id", "=", self.product_id)]).sudo().unlink()


class Died(BaseException):
    """Stands for a process that is gone: nothing that catches Exception gets hold of it."""
