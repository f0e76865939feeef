"""The real server that all other tests stand on."""

import xmlrpc.client
from collections.abc import Callable

import psycopg2
import pytest

from sentinel_env.errors import SetupError
from tests.support.server import RunningOdoo
from tests.support.workshop import Workshop

pytestmark = pytest.mark.odoo


def test_it_is_odoo_19_with_the_addon_and_demo_data(odoo_server: RunningOdoo) -> None:
    rpc = odoo_server.rpc()
    common = xmlrpc.client.ServerProxy(f"{odoo_server.url}/xmlrpc/2/common")
    assert common.version()["server_version_info"][0] == 19  # type: ignore[index,call-overload]
    states = rpc.execute(
        "ir.module.module",
        "search_read",
        [("name", "in", ["sentinel_ops_addon", "sale_stock"])],
        ["state"],
    )
    assert [row["state"] for row in states] == ["installed", "installed"]
    assert rpc.execute("sale.order", "search_count", []) > 10


def test_its_database_can_be_looked_at_from_outside(odoo_server: RunningOdoo) -> None:
    with psycopg2.connect(odoo_server.database_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), current_setting('synchronous_commit')")
        assert cursor.fetchone() == (odoo_server.db, "on")


def test_a_killed_server_comes_back_on_the_same_port(
    new_server: Callable[..., RunningOdoo],
) -> None:
    server = new_server("", "--max-cron-threads=0")
    url, pid = server.url, server.pid
    server.kill()
    assert server.pid == 0
    with pytest.raises(OSError, match="refused"):
        server.rpc().execute("res.users", "search_count", [])
    server.restart()
    assert server.url == url
    assert server.pid not in (0, pid)
    assert server.rpc().uid > 0


def test_users_have_their_groups_and_keys(odoo_server: RunningOdoo) -> None:
    user = odoo_server.new_user("sentinel_ops_addon.group_operator")
    key = odoo_server.api_key(user.login)
    by_key = odoo_server.rpc(user.login, key)
    assert by_key.uid == user.uid
    groups = by_key.execute("res.users", "read", [user.uid], ["all_group_ids"])
    assert odoo_server.ref("sentinel_ops_addon.group_operator") in groups[0]["all_group_ids"]
    assert odoo_server.ref("base.group_system") not in groups[0]["all_group_ids"]


def test_the_addon_installs_on_a_database_with_mail_alone(
    workshop: Workshop, new_database: Callable[..., str]
) -> None:
    name = new_database("bare_addon")
    rows = workshop.site.program.server.sql(
        "SELECT name FROM ir_module_module WHERE state = 'installed'"
        " AND name IN ('sale', 'stock', 'sentinel_ops_addon')",
        name,
    )
    assert rows == [["sentinel_ops_addon"]]


def test_a_server_that_dies_at_start_says_why(new_server: Callable[..., RunningOdoo]) -> None:
    server = new_server("", start=False)
    with pytest.raises(SetupError, match="no such option: --no-such-option") as caught:
        server.start("--no-such-option")
    assert str(server.log) in caught.value.message
    assert server.pid == 0
    assert not server.server.pid_file.exists()
