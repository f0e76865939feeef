from odoo.exceptions import AccessError, UserError

from .common import OrderCase


class TestHistory(OrderCase):
    """Every change of a definition is kept: who, when, from what to what."""

    def last_event(self, model, ref):
        rows = self.sql(
            "SELECT login, kind, before, after FROM sentinel_event "
            "WHERE model = %s AND record_ref = %s ORDER BY id DESC LIMIT 1",
            [model, ref],
        )
        return rows[0]

    def test_a_job(self):
        with self.as_user() as env:
            env["sentinel.job"].browse(self.job_id).write({"max_records": 7, "sequence": 3})
        self.assertEqual(
            self.last_event("sentinel.job", self.job_id),
            (
                f"keeper_{self.mark}",
                "changed",
                {"max_records": 1000},
                {"max_records": 7},
            ),
        )
        with self.as_user() as env:
            job = env["sentinel.job"].browse(self.job_id)
            job.parameters = {"days": 55}
            job.max_records = 1000
        events = self.sql(
            "SELECT before -> 'parameters' ->> 'days', after -> 'parameters' ->> 'days' "
            "  FROM sentinel_event WHERE model = 'sentinel.job' AND record_ref = %s "
            "   AND after ? 'parameters' AND kind = 'changed' ORDER BY id DESC LIMIT 1",
            [self.job_id],
        )
        self.assertEqual(events, [("90", "55")])

    def test_a_schedule(self):
        with self.as_user() as env:
            env["sentinel.job"].browse(self.job_id).write(
                {"schedule_active": True, "schedule_number": 3}
            )
        _login, _kind, before, after = self.last_event("sentinel.job", self.job_id)
        self.assertEqual((before["schedule_active"], after["schedule_active"]), (False, True))
        self.assertEqual(after["schedule_number"], 3)
        with self.as_user() as env:
            env["sentinel.job"].browse(self.job_id).schedule_active = False

    def test_windows_exclusions_policies_stops(self):
        (order,) = self.make_orders([100])
        with self.as_user() as env:
            window = env["sentinel.window"].create(
                {
                    "name": "Night",
                    "kind": "allow",
                    "expression": "0 0 * * *",
                    "minutes": 1440,
                    "company_id": self.company_id,
                }
            )
            window.minutes = 1439
            window_id = window.id
            window.unlink()
            exclusion = (
                env["sentinel.exclusion"]
                .create(
                    {
                        "model": "sale.order",
                        "record_ref": order,
                        "reason": "r",
                        "until": "2100-01-01",
                    }
                )
                .id
            )
            policy = env["sentinel.approval.policy"].create(
                {"name": "Two", "rule_ids": [(0, 0, {"above": 5, "approvers": "2"})]}
            )
            rule = policy.rule_ids.id
            policy.rule_ids.above = 6
            policy_id = policy.id
            env["sentinel.job"].pause(self.code, "for a moment")
            env["sentinel.job"].resume(self.code, "over")
        kinds = self.sql(
            "SELECT kind FROM sentinel_event WHERE model = 'sentinel.window' AND record_ref = %s "
            "ORDER BY id",
            [window_id],
        )
        self.assertEqual(kinds, [("created",), ("changed",), ("deleted",)])
        self.assertEqual(self.last_event("sentinel.exclusion", exclusion)[1], "created")
        self.assertEqual(self.last_event("sentinel.approval.policy", policy_id)[1], "created")
        self.assertEqual(
            self.last_event("sentinel.approval.rule", rule)[2:], ({"above": "5"}, {"above": "6"})
        )
        stop = self.sql("SELECT max(id) FROM sentinel_stop WHERE ref = %s", [self.job_id])[0][0]
        self.assertEqual(self.last_event("sentinel.stop", stop)[3]["lifted_reason"], "over")

    def test_it_is_written_in_the_transaction_of_the_change(self):
        before = self.sql("SELECT count(*) FROM sentinel_event")
        with self.as_user() as env:
            env["sentinel.job"].browse(self.job_id).max_attempts = 9
            env.cr.rollback()
        self.assertEqual(self.sql("SELECT count(*) FROM sentinel_event"), before)

    def test_nobody_rewrites_it(self):
        with self.as_user() as env:
            event = env["sentinel.event"].search([], limit=1)
            self.assertTrue(event)
            with self.assertRaises(AccessError), env.cr.savepoint():
                env["sentinel.event"].create({"login": "somebody else"})
            with self.refused(env, UserError, "cannot be changed"):
                event.sudo().login = "somebody else"
            with self.refused(env, UserError, "cannot be deleted"):
                event.sudo().unlink()
