import base64
import hashlib
import zlib
from datetime import date, timedelta

from odoo.exceptions import AccessError, UserError

from ..engine.chain.content import NO_SEAL
from .common import OrderCase


class TestConsumers(OrderCase):
    """Who says what they hold, and who may not."""

    @classmethod
    def set_up_records(cls, env):
        every = env["res.company"].search([])
        for name in ("viewer", "operator", "auditor"):
            user = cls.new_user(env, name, [f"sentinel_ops_addon.group_{name}"])
            setattr(cls, f"{name}_id", user.id)
        cls.far_id = cls.new_user(env, "far", ["sentinel_ops_addon.group_auditor"]).id
        # Tests of other classes left their companies.
        env["res.users"].browse([cls.auditor_id, cls.user_id]).company_ids = every

    def setUp(self):
        super().setUp()
        self.run_job("plan", days=90)
        self.name = f"store {self.mark} {self._testMethodName}"
        with self.as_user() as env:
            self.consumer_id = env["sentinel.consumer"].create({"name": self.name}).id
        ((self.head, self.seal),) = self.sql("SELECT position, seal FROM sentinel_chain")
        self.addCleanup(self.remove_consumers)

    def remove_consumers(self):
        with self.root() as env:
            env["sentinel.consumer"].with_context(active_test=False).search([]).unlink()

    def acknowledge(self, position, seal, name=None, user_id=None):
        with self.as_user(user_id or self.auditor_id) as env:
            return env["sentinel.run"].acknowledge(name or self.name, position, seal)

    def entry(self, position):
        ((seal,),) = self.sql(
            "SELECT seal FROM sentinel_chain_entry "
            "WHERE chain = (SELECT uid FROM sentinel_chain) AND position = %s",
            [position],
        )
        return seal

    def noted(self):
        return self.sql("SELECT position FROM sentinel_consumer WHERE id = %s", [self.consumer_id])

    def test_it_is_noted_and_answered(self):
        self.assertEqual(self.acknowledge("0", NO_SEAL)["position"], "0")
        answer = self.acknowledge(str(self.head), self.seal)
        self.assertEqual(answer["consumer"], self.name)
        self.assertEqual(answer["position"], str(self.head))
        self.assertRegex(answer["at"], r"^\d{4}-\d\d-\d\d ")
        with self.as_user() as env:
            consumer = env["sentinel.consumer"].browse(self.consumer_id)
            self.assertEqual(consumer.acknowledged_login, f"auditor_{self.mark}")
            self.assertEqual(consumer.behind_count, 0)
        self.run_job("plan", days=90)
        with self.as_user() as env:
            consumer = env["sentinel.consumer"].browse(self.consumer_id)
            self.assertEqual(consumer.behind_count, 1)

    def test_it_never_goes_backwards(self):
        self.acknowledge(str(self.head), self.seal)
        older = self.head - 1
        answer = self.acknowledge(str(older), self.entry(older))
        self.assertEqual(answer["position"], str(self.head))
        self.assertEqual(self.noted(), [(self.head,)])

    def test_another_seal_is_a_fork(self):
        for position in (self.head, self.head - 1):
            with self.assertRaisesRegex(UserError, f"forked: at position {position} .*changed"):
                self.acknowledge(str(position), "f" * 64)
        self.assertEqual(self.noted(), [(0,)])
        # Also below what was acknowledged already.
        self.acknowledge(str(self.head), self.seal)
        with self.assertRaisesRegex(UserError, "forked"):
            self.acknowledge(str(self.head - 1), self.seal)

    def test_beyond_the_head_is_refused(self):
        with self.assertRaisesRegex(UserError, "older backup"):
            self.acknowledge(str(self.head + 1), self.seal)

    def test_nobody_unknown(self):
        with self.assertRaisesRegex(UserError, "no consumer laptop"):
            self.acknowledge(str(self.head), self.seal, name="laptop")
        with self.as_user() as env:
            env["sentinel.consumer"].browse(self.consumer_id).active = False
        with self.assertRaisesRegex(UserError, "no consumer"):
            self.acknowledge(str(self.head), self.seal)

    def test_bad_positions_are_refused(self):
        for position in ("-1", "x", None, "2147483648"):
            with self.assertRaisesRegex(UserError, "whole number"):
                self.acknowledge(position, self.seal)

    def test_only_auditors_and_managers(self):
        for user_id in (self.viewer_id, self.operator_id):
            with self.assertRaises(AccessError):
                self.acknowledge(str(self.head), self.seal, user_id=user_id)
            with self.as_user(user_id) as env:
                with self.assertRaises(AccessError):
                    env["sentinel.consumer"].create({"name": "mine"})
                with self.assertRaises(AccessError):
                    env["sentinel.consumer"].search([])
        with self.as_user(self.auditor_id) as env:
            consumer = env["sentinel.consumer"].browse(self.consumer_id)
            self.assertEqual(consumer.name, self.name)
            for attack in (
                lambda: consumer.write({"user_id": False}),
                lambda: consumer.unlink(),
                lambda: env["sentinel.consumer"].create({"name": "mine"}),
            ):
                with self.refused(env, AccessError):
                    attack()

    def test_nobody_else_than_the_bound_user(self):
        with self.as_user() as env:
            env["sentinel.consumer"].browse(self.consumer_id).user_id = self.auditor_id
        with self.assertRaisesRegex(AccessError, "bound to"):
            self.acknowledge(str(self.head), self.seal, user_id=self.user_id)
        self.assertEqual(self.acknowledge(str(self.head), self.seal)["position"], str(self.head))

    def test_no_manager_claims_it_for_a_store(self):
        with self.as_user() as env:
            consumers = env["sentinel.consumer"]
            consumer = consumers.browse(self.consumer_id)
            for values in ({"position": self.head}, {"seal": self.seal}):
                with self.refused(env, AccessError, "acknowledges itself"):
                    consumer.write(values)
                with self.refused(env, AccessError, "acknowledges itself"):
                    consumers.create({"name": "new", **values})
            copied = consumers.with_context(default_position=self.head)
            self.assertFalse(copied.create({"name": f"{self.name} 2"}).position)
        self.assertEqual(self.noted(), [(0,)])

    def test_who_may_not_see_a_company_cannot_vouch_for_all(self):
        with self.root() as env:
            elsewhere = env["res.company"].create({"name": f"Elsewhere {self.mark}"})
            env["res.users"].browse(self.far_id).write(
                {"company_ids": [(6, 0, elsewhere.ids)], "company_id": elsewhere.id}
            )
        with self.assertRaisesRegex(AccessError, "every company"):
            self.acknowledge(str(self.head), self.seal, user_id=self.far_id)

    def test_registering_is_in_the_history_acknowledging_is_not(self):
        self.acknowledge(str(self.head), self.seal)
        with self.as_user() as env:
            env["sentinel.consumer"].browse(self.consumer_id).active = False
            events = env["sentinel.event"].search(
                [("model", "=", "sentinel.consumer"), ("record_ref", "=", self.consumer_id)]
            )
            self.assertEqual(events.mapped("kind"), ["changed", "created"])

    # --- days ----------------------------------------------------------------------------------

    def test_days_sum_up_the_chain(self):
        self.make_orders([100, 101])
        self.run_job("plan", days=90)
        today = date.fromisoformat(str(self.sql("SELECT timezone('UTC', now())::date")[0][0]))
        with self.as_user(self.auditor_id) as env:
            found = env["sentinel.run"].export_days(str(today - timedelta(days=1)), str(today))
            pages, after = [], "0"
            while (page := env["sentinel.run"].export_runs(after, 1000))["count"]:
                text = zlib.decompress(base64.b64decode(page["data"])).decode()
                pages += [row.split("\t") for row in text.split("\n")]
                after = page["next"]
        mine = [row for row in pages if row[3].startswith(str(today))]
        seals = b"".join(bytes.fromhex(row[5]) for row in mine)
        ((lines,),) = self.sql(
            "SELECT sum(line_count) FROM sentinel_chain_entry JOIN sentinel_chain "
            "ON chain = sentinel_chain.uid WHERE sealed_at::date = %s",
            [today],
        )
        self.assertEqual(
            found[-1],
            {
                "day": str(today),
                "first": mine[0][0],
                "last": mine[-1][0],
                "count": len(mine),
                "lines": lines,
                "digest": hashlib.sha256(seals).hexdigest(),
            },
        )
        self.assertGreaterEqual(lines, 2)

    def test_days_are_bounded(self):
        with self.as_user(self.auditor_id) as env:
            runs = env["sentinel.run"]
            self.assertEqual(runs.export_days("2020-01-01", "2021-02-03"), [])
            for since, until in (
                ("2020-01-01", "2021-02-04"),
                ("2020-01-02", "2020-01-01"),
                ("2020-13-01", "2021-01-01"),
                ("yesterday", "2021-01-01"),
            ):
                with self.assertRaises(UserError):
                    runs.export_days(since, until)
        with self.as_user(self.operator_id) as env, self.assertRaises(AccessError):
            env["sentinel.run"].export_days("2020-01-01", "2020-01-01")
