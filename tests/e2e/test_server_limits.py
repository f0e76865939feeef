"""Servers that leave little time, no scheduler, or only half of Odoo."""

import xmlrpc.client
from collections.abc import Callable

import psycopg2
import pytest

from tests.support.server import RunningOdoo

from .orders import Orders
from .waiting import ended, until


def test_a_live_run_longer_than_the_time_limit(new_server: Callable[..., RunningOdoo]) -> None:
    """Odoo would kill a scheduled action after 3 s; a run that takes longer ends well."""
    server = new_server("", settings={"limit_time_real_cron": "3"})
    orders = Orders(server, "Patient")
    ids = orders.make([200] * 600)
    pid = server.pid
    admin = server.rpc()
    (job,) = admin.execute("sentinel.job", "search", [("code", "=", "clean_old_orders")])
    admin.execute("sentinel.job", "write", [job], {"max_records": 10_000})
    parameters = {"days": 150, "limit": 10_000}
    uid = admin.execute("sentinel.job", "trigger", "clean_old_orders", "live", parameters)["uid"]
    run = ended(admin, uid, 180.0)
    assert (run["status"], run["outcomes"]) == ("success", {"done": 600})
    assert set(orders.states(ids)) == {"cancel"}
    with psycopg2.connect(server.database_url) as connection, connection.cursor() as cr:
        cr.execute("SELECT slice_count FROM sentinel_run WHERE uid = %s", [uid])
        (slices,) = cr.fetchone()
    connection.close()
    assert slices > 1
    assert server.pid == pid, "the server was restarted"


def test_without_scheduler_requests_wait_and_health_says_why(
    new_server: Callable[..., RunningOdoo],
) -> None:
    server = new_server("", settings={"max_cron_threads": "0"})
    admin = server.rpc()
    uid = admin.execute("sentinel.job", "trigger", "cron_health", "plan")["uid"]
    health = until(
        lambda: admin.execute("sentinel.job", "health"), lambda answer: not answer["ok"], 30.0
    )
    (problem,) = health["problems"]
    assert problem["code"] == "no_cron_worker"
    assert "--max-cron-threads" in problem["remedy"]
    assert health["queued"] == 1
    assert admin.execute("sentinel.run", "status", uid)["state"] == "queued"
    # With a scheduler the request is worked on: nothing was lost.
    server.stop()
    server.server.settings["max_cron_threads"] = "1"
    server.start()
    admin = server.rpc()
    admin.execute("sentinel.job", "trigger", "cron_health", "plan")
    assert ended(admin, uid, 120.0)["status"] == "success"


def test_on_a_database_with_only_base_and_mail(new_server: Callable[..., RunningOdoo]) -> None:
    server = new_server("", template="bare_addon")
    admin = server.rpc()
    jobs = {job["code"]: job for job in admin.execute("sentinel.job", "catalog")["jobs"]}
    assert not jobs["clean_old_orders"]["available"]
    assert "sale" in jobs["clean_old_orders"]["unavailable_reason"]
    assert "stock" in jobs["release_stuck_transfers"]["unavailable_reason"]
    with pytest.raises(xmlrpc.client.Fault) as caught:
        admin.execute("sentinel.job", "trigger", "clean_old_orders", "plan")
    assert caught.value.faultCode == 2
    assert "Apps" in caught.value.faultString
    for code in ("cron_health", "check_records"):
        uid = admin.execute("sentinel.job", "trigger", code, "plan")["uid"]
        assert ended(admin, uid)["status"] == "success"
