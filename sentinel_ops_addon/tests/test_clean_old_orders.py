from .common import OrderCase


class TestCleanOldOrders(OrderCase):
    def test_never_a_confirmed_locked_or_cancelled_order(self):
        draft, sent, confirmed, locked, cancelled = self.make_orders([100] * 5)
        with self.root() as env:
            orders = env["sale.order"]
            orders.browse(sent).action_quotation_sent()
            orders.browse(confirmed).action_confirm()
            orders.browse(locked).locked = True
            orders.browse(cancelled).action_cancel()
            orders.browse([draft, sent, confirmed, locked]).write({"date_order": "2020-01-01"})
        run = self.run_job("live", days=90)
        self.assertEqual(self.outcomes(run["uid"]), {draft: "done", sent: "done"})
        self.assertEqual(
            self.states([draft, sent, confirmed, locked]), ["cancel", "cancel", "sale", "draft"]
        )

    def test_older_than_means_older_than(self):
        younger, older = self.make_orders([89, 90])
        run = self.run_job("plan", days=90)
        self.assertEqual(self.outcomes(run["uid"]), {older: "planned"})
        self.assertNotIn(younger, self.outcomes(run["uid"]))

    def test_figures_count_what_the_limit_cuts_off(self):
        self.make_orders([100, 120, 140])
        run = self.run_job("plan", days=90, limit=1)
        figures = {kpi["name"]: (kpi["value"], kpi["unit"]) for kpi in run["kpis"]}
        currency = run["currency"]
        self.assertEqual(
            figures,
            {
                "stale_total": ("3", "records"),
                "stale_amount": ("30.00", currency),
                "oldest_age": ("140", "days"),
            },
        )
        self.assertEqual(run["amount"], "10.00")

    def test_money_is_in_the_company_s_currency(self):
        with self.root() as env:
            company = env["res.company"].browse(self.company_id)
            euro = (
                env.ref("base.EUR")
                if company.currency_id != env.ref("base.EUR")
                else (env.ref("base.USD"))
            )
            euro.active = True
            env["res.currency.rate"].create(
                {
                    "currency_id": euro.id,
                    "company_id": company.id,
                    "name": "2020-01-01",
                    "rate": 0.5,
                }
            )
            pricelist = env["product.pricelist"].create(
                {"name": "Half", "currency_id": euro.id, "company_id": company.id}
            )
            pricelist_id, name = pricelist.id, company.currency_id.name
        (order,) = self.make_orders([100], pricelist_id=pricelist_id)
        with self.root() as env:
            env["sale.order"].browse(order).order_line.price_unit = 30.0
        run = self.run_job("plan", days=90)
        (line,) = self.lines(run["uid"])
        self.assertEqual((line["amount"], line["currency"]), ("60.00", name))

    def test_nothing_old(self):
        self.make_orders([1])
        run = self.run_job("plan", days=90)
        self.assertEqual((run["status"], run["verdict"], run["matched"]), ("dry_run", "pass", 0))
