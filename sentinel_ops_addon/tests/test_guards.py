from .common import OrderCase


class TestGuards(OrderCase):
    def set_caps(self, **values):
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).write(values)

    def test_cap_stops_before_the_first_change(self):
        ids = self.make_orders([100, 101, 102])
        self.set_caps(has_max_records=True, max_records=2)
        run = self.run_job("live", days=90)
        self.assertEqual(run["status"], "aborted")
        self.assertIn("max_records", run["error"])
        self.assertIn("3 records are selected", run["error"])
        self.assertIn("at most 2", run["error"])
        self.assertEqual(run["outcomes"], {"not_attempted": 3})
        self.assertEqual(set(self.states(ids)), {"draft"})

    def test_cap_at_its_boundary(self):
        ids = self.make_orders([100, 101])
        self.set_caps(has_max_records=True, max_records=2)
        self.assertEqual(self.run_job("live", days=90)["updated"], 2)
        self.assertEqual(set(self.states(ids)), {"cancel"})

    def test_limit_is_applied_before_the_cap(self):
        self.make_orders([100, 101, 102])
        self.set_caps(has_max_records=True, max_records=2)
        self.assertEqual(self.run_job("live", days=90, limit=2)["updated"], 2)

    def test_zero_means_zero(self):
        ids = self.make_orders([100])
        self.set_caps(has_max_records=True, max_records=0)
        run = self.run_job("live", days=90)
        self.assertEqual(run["status"], "aborted")
        self.assertEqual(self.states(ids), ["draft"])

    def test_a_dry_run_only_warns(self):
        self.make_orders([100, 101, 102])
        self.set_caps(has_max_records=True, max_records=2)
        run = self.run_job("plan", days=90)
        self.assertEqual(run["status"], "dry_run")
        verdicts = {guard["guard"]: guard["verdict"] for guard in run["guards"]}
        self.assertEqual(verdicts.pop("max_records"), "warn")
        self.assertEqual(set(verdicts.values()), {"pass"})

    def test_without_any_cap_no_live_run(self):
        ids = self.make_orders([100])
        self.set_caps(has_max_records=False)
        run = self.run_job("live", days=90)
        self.assertEqual(run["status"], "aborted")
        self.assertIn("cap_required", run["error"])
        self.assertEqual(self.states(ids), ["draft"])

    def test_the_cap_of_the_request_counts(self):
        """A cap that is raised while a request waits does not reach it."""
        ids = self.make_orders([100, 101])
        self.set_caps(has_max_records=True, max_records=1)
        uid = self.trigger("live", days=90)["uid"]
        self.set_caps(max_records=100)
        self.assertEqual(self.finish(uid)["status"], "aborted")
        self.assertEqual(set(self.states(ids)), {"draft"})
