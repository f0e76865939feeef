"""What another start does: upgrade, renew the key, leave alone what people changed."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from docker.models.containers import Container

from .stack import DATABASE, Stack, until

_COMMENT = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{}'"
_OLD = "Sentinel-Ops: addon 0000000000000000"


def test_a_new_addon_is_upgraded_and_a_lost_key_replaced(stack: Stack) -> None:
    before = stack.run("auditor", "cat", "/run/sentinel-key/api_key").text
    (current,) = stack.sql(_COMMENT.format(DATABASE))
    orders = stack.rpc().execute("sale.order", "search_count", [])
    stack.sql(f"COMMENT ON DATABASE {DATABASE} IS '{_OLD}'")
    assert stack.run("odoo", "rm", "-f", "/run/sentinel-key/api_key").status == 0
    # What an administrator takes away stays away.
    rpc = stack.rpc()
    (user,) = rpc.execute("res.users", "search", [("login", "=", "sentinel-auditor")])
    operator = _operators(stack)
    rpc.execute("res.groups", "write", [operator], {"user_ids": [(3, user)]})
    stack.crash("odoo")
    stack.until_healthy("odoo")
    assert stack.sql(_COMMENT.format(DATABASE)) == [current], "upgraded, and noted"
    assert "a database with another version of the addon" in stack.logs("odoo")
    after = stack.run("odoo", "cat", "/run/sentinel-key/api_key").text
    assert len(after) == len(before)
    assert after != before
    keys = stack.sql(f"SELECT count(*) FROM res_users_apikeys WHERE user_id = {user}")
    assert keys == [["1"]], "a key that was lost is no key any more"
    rpc = stack.rpc()
    assert rpc.execute("sale.order", "search_count", []) == orders, "nothing is made twice"
    members = rpc.execute("res.groups", "read", [operator], ["user_ids"])[0]["user_ids"]
    assert user not in members
    rpc.execute("res.groups", "write", [operator], {"user_ids": [(4, user)]})
    # The auditor that runs has the old key: Odoo refuses it, it ends, and comes back with the new.
    until(
        lambda: stack.run("auditor", "sentinel-ops", "health").status == 0,
        "the auditor has the new key",
    )
    stack.until_healthy("auditor")


def test_a_start_without_news_changes_nothing(stack: Stack) -> None:
    key = stack.run("odoo", "cat", "/run/sentinel-key/api_key").text
    mark = stack.sql(_COMMENT.format(DATABASE))
    stack.container("odoo").restart(timeout=60)
    stack.until_healthy("odoo")
    assert stack.run("odoo", "cat", "/run/sentinel-key/api_key").text == key
    assert stack.sql(_COMMENT.format(DATABASE)) == mark


def test_a_database_of_others_is_left_alone(stack: Stack) -> None:
    stack.sql("CREATE DATABASE theirs OWNER odoo", "postgres")
    stack.sql("CREATE TABLE precious (id int)", "theirs")
    try:
        with _another(stack, "theirs") as second:
            assert second.wait(timeout=120)["StatusCode"] == 1
            text = second.logs().decode()
        assert "was not made by this image" in text
        assert "what to do: name another one in SENTINEL_DATABASE" in text
        assert stack.sql("SELECT count(*) FROM precious", "theirs") == [["0"]]
    finally:
        stack.sql("DROP DATABASE theirs", "postgres")


def test_two_do_not_set_up_at_once_and_who_waits_can_be_stopped(stack: Stack) -> None:
    # What a container that sets up holds.
    holder = "SELECT pg_advisory_lock(7361001), pg_sleep(600)"
    stack.container("db").exec_run(
        ["psql", "-U", "postgres", "-d", "postgres", "-c", holder], detach=True
    )
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7361001"
    until(lambda: stack.sql(held, "postgres") == [["1"]], "the lock is held")
    try:
        with _another(stack, DATABASE) as second:
            until(lambda: b"another container sets the database up" in second.logs(), "it waits")
            second.stop(timeout=60)
            assert second.wait()["StatusCode"] == 128 + signal.SIGTERM, "not killed, but ended"
            assert b"Traceback" not in second.logs()
    finally:
        stack.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(6%'"
            " AND pid <> pg_backend_pid()",
            "postgres",
        )


@contextmanager
def _another(stack: Stack, database: str) -> Iterator[Container]:
    """Start a second container of Odoo's image beside the first."""
    first = stack.container("odoo")
    second = stack.client.containers.run(
        "sentinel-ops-odoo",
        network=next(iter(first.attrs["NetworkSettings"]["Networks"])),
        environment={"SENTINEL_DATABASE": database},
        tmpfs={"/run/odoo": "mode=1777"},
        volumes_from=[first.id],
        detach=True,
    )
    try:
        yield second
    finally:
        second.remove(force=True)


def _operators(stack: Stack) -> int:
    (row,) = stack.rpc().execute(
        "ir.model.data",
        "search_read",
        [("module", "=", "sentinel_ops_addon"), ("name", "=", "group_operator")],
        ["res_id"],
    )
    return int(row["res_id"])
