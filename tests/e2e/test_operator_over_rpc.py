"""A client that knows nothing of us: Python's own `xmlrpc.client`, with an operator's API key."""

import xmlrpc.client
from typing import Any

import pytest

from tests.support.server import RunningOdoo

from .orders import Orders
from .waiting import until


class Plain:
    """What the documentation of Odoo tells people to write."""

    def __init__(self, url: str, database: str, login: str, key: str) -> None:
        self.database, self.key = database, key
        common = xmlrpc.client.ServerProxy(f"{url}/xmlrpc/2/common")
        self.uid = common.authenticate(database, login, key, {})
        self.models = xmlrpc.client.ServerProxy(f"{url}/xmlrpc/2/object")

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method the way the documentation does."""
        return self.models.execute_kw(
            self.database, self.uid, self.key, model, method, list(args), kwargs
        )


@pytest.fixture(scope="module")
def operator(odoo_server: RunningOdoo) -> Plain:
    user = odoo_server.new_user("sentinel_ops_addon.group_operator")
    key = odoo_server.api_key(user.login)
    return Plain(odoo_server.url, odoo_server.db, user.login, key)


def test_plans_and_reads_the_lines(operator: Plain, orders: Orders) -> None:
    young, old, older = orders.make([5, 200, 300])
    request = operator.call("sentinel.job", "trigger", "clean_old_orders", "plan", {"days": 150})
    assert request["state"] == "queued"
    status = until(
        lambda: operator.call("sentinel.run", "status", request["uid"]),
        lambda answer: answer["state"] == "done",
    )
    assert status["status"] == "dry_run"
    answer = operator.call("sentinel.run", "read_lines", request["uid"])
    planned = [line["record"] for line in answer["lines"]]
    assert planned.index(older) < planned.index(old)
    assert young not in planned
    assert orders.states([young, old, older]) == ["draft"] * 3


def test_is_refused_what_operators_may_not_do(operator: Plain, orders: Orders) -> None:
    orders.make([200])
    request = operator.call("sentinel.job", "trigger", "clean_old_orders", "plan", {"days": 150})
    run = operator.call("sentinel.run", "search", [("uid", "=", request["uid"])])
    job = operator.call("sentinel.job", "search", [("code", "=", "clean_old_orders")])
    refused = [
        ("sentinel.job", "write", job, {"max_records": 100000}),
        ("sentinel.job", "write", job, {"parameters": {"days": 1}}),
        ("sentinel.job", "create", {"name": "x", "code": "x"}),
        ("sentinel.job", "unlink", job),
        ("sentinel.run", "write", run, {"reason": "x"}),
        ("sentinel.run", "unlink", run),
        ("sentinel.run", "create", {"uid": "x"}),
        ("sentinel.run", "export_runs"),
        ("sentinel.run", "export_lines"),
        ("sentinel.run", "_dispatch"),
        ("sentinel.job", "_run_schedule", job[0]),
        ("sentinel.operation.orders.cancel", "_apply", [1], {}),
        ("sentinel.task", "_synchronize"),
    ]
    for model, method, *args in refused:
        with pytest.raises(xmlrpc.client.Fault) as caught:
            operator.call(model, method, *args)
        assert caught.value.faultCode in (2, 4), (model, method, caught.value.faultString)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("no_such_job", "plan"), ["no_such_job", "clean_old_orders"]),
        (("clean_old_orders", "plan", {"dayz": 1}), ["dayz", "days, limit"]),
        (("clean_old_orders", "plan", {"days": "many"}), ["whole number from 1 to 36500"]),
        (("clean_old_orders", "plan", {"days": 0}), ["from 1 to 36500"]),
        (("clean_old_orders", "everything"), ["plan, simulate, live"]),
        (("cron_health", "live"), ["cron_health", "plan"]),
        (("check_records", "plan", {"condition": "[]"}), ["belongs to the job"]),
    ],
)
def test_bad_input_is_answered_with_the_remedy(
    operator: Plain, arguments: tuple[Any, ...], words: list[str]
) -> None:
    with pytest.raises(xmlrpc.client.Fault) as caught:
        operator.call("sentinel.job", "trigger", *arguments)
    assert caught.value.faultCode == 2
    for word in words:
        assert word in caught.value.faultString
    assert "Traceback" not in caught.value.faultString


def test_a_wrong_key_gets_nothing(odoo_server: RunningOdoo, operator: Plain) -> None:
    stranger = Plain(odoo_server.url, odoo_server.db, "admin", "0" * 40)
    assert not stranger.uid
    with pytest.raises(xmlrpc.client.Fault) as caught:
        xmlrpc.client.ServerProxy(f"{odoo_server.url}/xmlrpc/2/object").execute_kw(
            odoo_server.db, operator.uid, "0" * 40, "sentinel.job", "catalog", []
        )
    assert caught.value.faultCode == 3
