from .common import OrderCase


class TestSimulate(OrderCase):
    def test_shows_real_values_and_leaves_no_trace(self):
        young, old, older = self.make_orders([10, 100, 120])
        before = self.sql("SELECT * FROM sale_order ORDER BY id")
        messages = self.sql("SELECT count(*) FROM mail_message")
        run = self.run_job("simulate", days=90)
        self.assertEqual((run["status"], run["error"]), ("dry_run", ""))
        self.assertEqual(run["outcomes"], {"simulated": 2})
        lines = self.lines(run["uid"])
        self.assertEqual([line["record"] for line in lines], [older, old])
        for line in lines:
            self.assertEqual((line["before"]["state"], line["after"]["state"]), ("draft", "cancel"))
        self.assertEqual(before, self.sql("SELECT * FROM sale_order ORDER BY id"))
        self.assertEqual(messages, self.sql("SELECT count(*) FROM mail_message"))
        print(run["footprint"], run["side_effects"])
