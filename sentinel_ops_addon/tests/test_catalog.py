import xmlrpc.client
from unittest.mock import patch

from odoo.exceptions import UserError

from .common import OrderCase


class TestCatalog(OrderCase):
    def entry(self, code):
        with self.as_user() as env:
            jobs = env["sentinel.job"].catalog()["jobs"]
            return next(job for job in jobs if job["code"] == code)

    def test_everything_travels_over_xml_rpc(self):
        uid = self.run_job("plan", days=90)["uid"]
        with self.as_user() as env:
            for answer in (
                env["sentinel.job"].catalog(),
                env["sentinel.job"].health(),
                env["sentinel.run"].status(uid),
                env["sentinel.run"].read_lines(uid),
                env["sentinel.run"].export_runs(),
            ):
                # As strict as Odoo's own marshaller: no None at any depth, no long integers.
                xmlrpc.client.dumps((answer,), allow_none=False)

    def test_what_a_client_needs(self):
        entry = self.entry(self.code)
        self.assertEqual((entry["shape"], entry["modes"]), ("remedy", ["plan", "simulate", "live"]))
        self.assertEqual((entry["model"], entry["tags"]), ("sale.order", ["sales", "cleanup"]))
        self.assertTrue(entry["available"])
        self.assertEqual(entry["caps"], {"max_records": 1000})
        days = entry["parameters"][0]
        self.assertEqual(
            {key: days[key] for key in ("name", "type", "value", "minimum", "maximum")},
            {"name": "days", "type": "integer", "value": 90, "minimum": 1, "maximum": 36500},
        )

    def test_the_last_run_is_what_somebody_asked_for(self):
        code = f"fresh_{self.mark}"
        with self.root() as env:
            self.make_job(env, code, "clean_old_orders")
        self.assertEqual(self.entry(code)["last_run"], {})
        self.make_orders([100])
        run = self.run_job("live", code=code, days=90)
        self.assertEqual(self.entry(code)["last_run"]["uid"], run["uid"])

    def test_a_missing_app_is_named(self):
        without_sale = self.registry._init_modules - {"sale"}
        with patch.object(
            self.registry["sentinel.task"], "_installed_apps", lambda task: without_sale
        ):
            entry = self.entry(self.code)
            self.assertFalse(entry["available"])
            self.assertIn("sale", entry["unavailable_reason"])
            with self.assertRaisesRegex(UserError, "sale"):
                self.trigger("plan")

    def test_a_task_whose_addon_is_gone(self):
        with self.root() as env:
            gone = env["sentinel.task"].create(
                {"code": f"gone_{self.mark}", "name": "Gone", "shape": "check"}
            )
            code = f"orphan_{self.mark}"
            self.make_job(env, code, gone.code)
        entry = self.entry(code)
        self.assertFalse(entry["available"])
        self.assertIn("not installed any more", entry["unavailable_reason"])
        with self.assertRaisesRegex(UserError, "not installed any more"):
            self.trigger("plan", code=code)
