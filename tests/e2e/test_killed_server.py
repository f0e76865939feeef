"""kill -9 in the middle of a live run: nothing without its line, and the next run finishes it."""

from collections.abc import Callable

import psycopg2

from tests.support.server import RunningOdoo

from .orders import Orders
from .waiting import ended, until

COUNT = 600


def test_what_was_done_has_its_line_and_the_next_run_finishes(
    new_server: Callable[..., RunningOdoo],
) -> None:
    server = new_server()
    orders = Orders(server, "Killed")
    ids = orders.make([200] * COUNT)
    admin = server.rpc()
    (job,) = admin.execute("sentinel.job", "search", [("code", "=", "clean_old_orders")])
    admin.execute("sentinel.job", "write", [job], {"max_records": 10_000})
    parameters = {"days": 150, "limit": 10_000}
    uid = admin.execute("sentinel.job", "trigger", "clean_old_orders", "live", parameters)["uid"]
    progress = until(
        lambda: admin.execute("sentinel.run", "status", uid)["progress"]["done"],
        lambda done: done > 5,
    )
    assert progress < COUNT, "the run was over before it could be killed"
    server.kill()
    before = count_both(server, uid)
    assert before["changed_without_line"] == before["line_without_change"] == 0
    assert 5 < before["changed"] < COUNT

    server.start()
    admin = orders.rpc = server.rpc()
    # The next request wakes the scheduler at once; without one it looks within a minute.
    again = admin.execute("sentinel.job", "trigger", "clean_old_orders", "live", parameters)["uid"]
    run = ended(admin, uid, 150.0)
    assert run["status"] == "interrupted"
    assert run["outcomes"] == {
        "done": before["changed"],
        "not_attempted": COUNT - before["changed"],
    }
    rest = ended(admin, again, 150.0)
    assert (rest["status"], rest["updated"]) == ("success", COUNT - before["changed"])
    assert set(orders.states(ids)) == {"cancel"}


def count_both(server: RunningOdoo, uid: str) -> dict[str, int]:
    """Compare the changed orders with the `done` lines, past Odoo."""
    with psycopg2.connect(server.database_url) as connection, connection.cursor() as cr:
        cr.execute(
            """
            WITH done AS (
                SELECT record_ref FROM sentinel_run_line l
                  JOIN sentinel_run r ON r.id = l.run_id
                 WHERE r.uid = %s AND l.outcome = 'done'),
            changed AS (
                SELECT o.id FROM sale_order o
                  JOIN res_partner p ON p.id = o.partner_id
                 WHERE p.name = 'Killed' AND o.state = 'cancel')
            SELECT (SELECT count(*) FROM changed),
                   (SELECT count(*) FROM changed WHERE id NOT IN (SELECT record_ref FROM done)),
                   (SELECT count(*) FROM done WHERE record_ref NOT IN (SELECT id FROM changed))
            """,
            [uid],
        )
        changed, without_line, without_change = cr.fetchone()
    connection.close()
    return {
        "changed": changed,
        "changed_without_line": without_line,
        "line_without_change": without_change,
    }
