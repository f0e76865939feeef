"""Odoo's own scheduler, in a real server, fires a job."""

from datetime import datetime, timedelta, timezone

from tests.support.server import RunningOdoo

from .orders import TEXT, Orders
from .waiting import until


def test_each_moment_makes_one_run_once(odoo_server: RunningOdoo, orders: Orders) -> None:
    orders.make([200, 210])
    admin = odoo_server.rpc()
    (job,) = admin.execute("sentinel.job", "search", [("code", "=", "clean_old_orders")])
    moment = (datetime.now(timezone.utc) - timedelta(minutes=1)).strftime(TEXT)
    admin.execute(
        "sentinel.job",
        "write",
        [job],
        {
            "schedule_active": True,
            "schedule_number": 1,
            "schedule_unit": "days",
            "schedule_next": moment,
            "schedule_mode": "plan",
        },
    )
    try:
        # Odoo looks at its schedules once a minute, or when something wakes it.
        admin.execute("sentinel.job", "trigger", "cron_health", "plan")
        domain = [("job_code", "=", "clean_old_orders"), ("source", "=", "schedule")]
        fields = ["scheduled_for", "state", "final_status", "mode"]
        (run,) = until(
            lambda: admin.execute("sentinel.run", "search_read", domain, fields),
            lambda runs: bool(runs) and runs[0]["state"] == "done",
            150.0,
        )
        assert (run["scheduled_for"], run["mode"], run["final_status"]) == (
            moment,
            "plan",
            "dry_run",
        )
        (read,) = admin.execute("sentinel.job", "read", [job], ["schedule_next"])
        assert read["schedule_next"] > datetime.now(timezone.utc).strftime(TEXT)
        crons = admin.execute(
            "ir.cron", "search_read", [("name", "like", "Sentinel: Cancel old")], ["active"]
        )
        assert [cron["active"] for cron in crons] == [True]
    finally:
        admin.execute("sentinel.job", "write", [job], {"schedule_active": False})
