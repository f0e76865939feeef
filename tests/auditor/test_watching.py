"""What ``watch`` tells, as the auditor takes it in."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.odoo.client import Client, connect
from auditor.odoo.errors import Garbled, IncompatibleAddon, Refused
from tests.auditor.conftest import Odoo
from tests.auditor.standin import DATABASE
from tests.auditor.standin_watch import (
    awaited_approval,
    problem,
    stop,
    unfinished_run,
    watched_job,
)


def client(odoo: Odoo, login: str = "auditor") -> Client:
    return connect(odoo.connection(login))


def test_all_of_it(odoo: Odoo) -> None:
    odoo.standin.watched.update(
        jobs=[watched_job(max_runtime_seconds=-1)],
        runs=[unfinished_run(waits_for="approval")],
        approvals=[awaited_approval()],
        stops=[stop("clean_old_orders")],
        problems=[problem()],
        key={"kind": "key", "expires_at": "2026-03-01 00:00:00"},
    )
    seen = client(odoo).watch()
    assert seen.database == DATABASE
    assert (seen.jobs[0].expected_at, seen.jobs[0].max_runtime_seconds) == (
        "2026-02-01 03:00:00",
        -1,
    )
    assert seen.runs[0].waits_for == "approval"
    assert (seen.approvals[0].run, seen.approvals[0].amount) == ("r1", "1234.50")
    assert (seen.stops[0].scope, seen.stops[0].by) == ("clean_old_orders", "manager")
    assert seen.problems is not None
    assert seen.problems[0].code == "dispatcher_off"
    assert (seen.key.kind, seen.key.expires_at) == ("key", "2026-03-01 00:00:00")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jobs", [{**watched_job(), "expected_at": False}]),
        ("jobs", [{name: value for name, value in watched_job().items() if name != "scheduled"}]),
        ("jobs", [watched_job(severity="fine")]),
        ("runs", [unfinished_run(waits_for="godot")]),
        ("key", {"kind": "key"}),
        ("stops", False),
        ("problems", False),
        ("problems", [{"code": "dispatcher_off"}]),
    ],
)
def test_what_is_not_there_is_never_taken_for_good(odoo: Odoo, name: str, value: Any) -> None:
    odoo.standin.watched[name] = value
    with pytest.raises(Garbled, match="what the contract says"):
        client(odoo).watch()


def test_an_addon_that_does_not_know_whether_it_works_says_neither_yes_nor_no(odoo: Odoo) -> None:
    del odoo.standin.watched["problems"]
    assert client(odoo).watch().problems is None


def test_an_addon_that_does_not_watch_yet(odoo: Odoo) -> None:
    odoo.standin.contract = 2
    with pytest.raises(IncompatibleAddon, match="newer"):
        client(odoo).watch()
    odoo.standin.addon = False
    with pytest.raises(IncompatibleAddon, match="not installed"):
        client(odoo).watch()


def test_without_a_right_nothing_is_told(odoo: Odoo) -> None:
    with pytest.raises(Refused):
        client(odoo, "nobody").watch()
