"""Tools that look: jobs, runs, lines, findings, the store, health."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.auditor.conftest import Cli, Odoo
from tests.auditor.mcp.conftest import Open
from tests.auditor.standin_jobs import job

pytestmark = pytest.mark.anyio


async def test_jobs_come_in_pages(assistant: Open) -> None:
    async with assistant() as it:
        first = await it.get("list_jobs", limit=2)
        assert [each["code"] for each in first["jobs"]] == ["clean_old_orders", "cron_health"]
        assert (first["total"], first["next"]) == (3, "cron_health")
        second = await it.get("list_jobs", limit=2, after=first["next"])
        assert [each["code"] for each in second["jobs"]] == ["release_stuck_transfers"]
        assert second["next"] == ""
        found = await it.get("list_jobs", search="SYSTEM")
        assert [each["code"] for each in found["jobs"]] == ["cron_health"]


async def test_a_jobs_parameters_are_a_schema_without_what_selects_records(
    assistant: Open,
) -> None:
    async with assistant() as it:
        shown = await it.get("describe_job", job="clean_old_orders")
    schema = shown["parameters_schema"]
    assert "domain" not in schema["properties"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["days"] == {
        "default": 90,
        "description": "Quotations older than this.",
        "maximum": 36500,
        "minimum": 1,
        "title": "Older than (days)",
        "type": "integer",
    }
    assert schema["properties"]["order_by"]["enum"] == ["oldest", "newest"]
    assert schema["properties"]["since"]["format"] == "date"
    assert shown["caps"] == {"max_records": 500}


async def test_a_run_says_what_it_means_and_links_to_odoo(assistant: Open, odoo: Odoo) -> None:
    uid = odoo.standin.seal(status="partial", errors=["S1: refused"] * 50)
    async with assistant() as it:
        run = await it.get("get_run", run=uid)
    assert run["meaning"].startswith("Partly done")
    assert run["url"] == f"{odoo.url}/odoo/sentinel-runs/123"
    assert len(run["errors"]) == 20


async def test_a_run_that_goes_on_is_not_known_yet(assistant: Open, odoo: Odoo) -> None:
    odoo.standin.states = ["running"]
    async with assistant() as it:
        run = await it.get("plan_job", job="cron_health", wait_seconds=0)
        assert run["state"] == "running"
        assert "not known yet" in run["meaning"]
        odoo.standin.states = ["running", "running", "done"]
        run = await it.get("get_run", run=run["uid"], wait_seconds=50)
        assert run["state"] == "done"


async def test_lines_come_in_pages(assistant: Open, odoo: Odoo) -> None:
    uid = odoo.standin.seal(lines=5)
    async with assistant() as it:
        after, seen = 0, []
        while True:
            page = await it.get("list_lines", run=uid, after=after, limit=2)
            assert len(page["lines"]) <= 2
            assert page["total"] == 5
            seen += [line["position"] for line in page["lines"]]
            after = page["next"]
            if not after:
                break
        assert seen == [1, 2, 3, 4, 5]
        refused = await it.get("list_lines", run=uid, outcome="refused")
        assert refused["lines"] == []


async def test_a_page_of_lines_is_bounded_in_size_too(assistant: Open, odoo: Odoo) -> None:
    uid = odoo.standin.seal(lines=40)
    for line in odoo.standin.lines[uid]:
        line["before"] = {f"field_{number}": "x" * 500 for number in range(60)}
    async with assistant() as it:
        after, seen, pages = 0, 0, 0
        while True:
            result = await it.call("list_lines", run=uid, after=after, limit=100)
            assert len(json.dumps(result.structured_content)) < 80_000
            page: dict[str, Any] = result.structured_content or {}
            seen, pages, after = seen + len(page["lines"]), pages + 1, page["next"]
            if not after:
                break
    assert (seen, pages) == (40, 5)
    assert page["lines"][0]["before"]["…"] == "30 more"
    assert len(page["lines"][0]["before"]["field_1"]) == 200


FINDINGS = {
    "fail": {"shape": "check", "mode": "plan", "status": "success", "verdict": "fail"},
    "warn": {"shape": "check", "mode": "plan", "status": "success", "verdict": "warn"},
    "found": {"shape": "remedy", "mode": "plan", "status": "dry_run"},
    "left": {"shape": "remedy", "mode": "live", "status": "partial"},
    "not known": {"shape": "check", "mode": "plan", "status": "failure", "verdict": "error"},
    "clean": {"shape": "check", "mode": "plan", "status": "success", "verdict": "pass"},
}


async def test_findings_are_sorted_by_what_they_mean(assistant: Open, odoo: Odoo) -> None:
    standin = odoo.standin
    standin.jobs = [job(f"job_{number}") for number in range(len(FINDINGS) + 1)]
    for number, (kind, facts) in enumerate(FINDINGS.items()):
        standin.seal(code=f"job_{number}", matched=0 if kind == "clean" else 7, **facts)
    expected = [kind for kind in FINDINGS if kind != "clean"]
    async with assistant() as it:
        page = await it.get("list_findings")
        assert [each["kind"] for each in page["findings"]] == [*expected, "not known"]
        assert (page["looked_at"], page["clean"], page["unavailable"]) == (7, 1, 0)
        assert page["findings"][-1]["meaning"] == "It never ran: not known."
        kinds, after = [], ""
        while True:
            page = await it.get("list_findings", after=after, limit=2)
            kinds += [each["kind"] for each in page["findings"]]
            after = page["next"]
            if not after:
                break
        assert kinds == [*expected, "not known"]


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"mode": "plan", "status": "aborted", "verdict": ""}, "not known"),
        ({"mode": "plan", "status": "success", "verdict": "not_evaluated"}, "not known"),
        ({"mode": "live", "status": "interrupted", "verdict": ""}, "left"),
        ({"mode": "live", "status": "cancelled", "verdict": ""}, "left"),
        ({"mode": "plan", "status": "cancelled", "verdict": "pass"}, "not known"),
    ],
)
async def test_what_broke_is_never_clean(
    assistant: Open, odoo: Odoo, facts: dict[str, str], kind: str
) -> None:
    odoo.standin.jobs = [job()]
    odoo.standin.seal(matched=0, **facts)
    async with assistant() as it:
        page = await it.get("list_findings")
    assert [each["kind"] for each in page["findings"]] == [kind]
    assert page["clean"] == 0


async def test_the_store_tells_what_was_run_and_how_old_it_is(
    assistant: Open, odoo: Odoo, cli: Cli
) -> None:
    for number in range(5):
        odoo.standin.seal(
            status="failure" if number == 3 else "success",
            requested_at=f"2026-01-2{number} 10:00:00",
            code="cron_health" if number == 4 else "clean_old_orders",
        )
    assert cli("pull").code == 0
    async with assistant() as it:
        asked = len(odoo.standin.calls)
        page = await it.get("list_runs", limit=3)
        assert [run["requested_at"][8:10] for run in page["runs"]] == ["24", "23", "22"]
        assert page["next"] == 3
        assert page["complete"]
        assert page["store"][0]["database"] == "acme"
        assert page["store"][0]["pulled_at"]
        page = await it.get("list_runs", limit=3, skip=3)
        assert [run["requested_at"][8:10] for run in page["runs"]] == ["21", "20"]
        assert page["next"] == 0
        bad = await it.get("list_runs", only_bad=True)
        assert [run["status"] for run in bad["runs"]] == ["failure"]
        since = await it.get("list_runs", since="2026-01-23 10:00")
        assert len(since["runs"]) == 2
        assert len((await it.get("list_runs", job="cron_health"))["runs"]) == 1
        assert len(odoo.standin.calls) == asked


async def test_the_life_of_a_record(assistant: Open, odoo: Odoo, cli: Cli) -> None:
    first = odoo.standin.seal()
    second = odoo.standin.seal()
    odoo.standin.lines[second][0].update(record=1, name="S00001", outcome="refused")
    assert cli("pull").code == 0
    async with assistant() as it:
        life = await it.get("record_history", model="sale.order", record="S00001")
        assert [(each["run"], each["outcome"]) for each in life["happened"]] == [
            (first, "done"),
            (second, "refused"),
        ]
        page = await it.get("record_history", model="sale.order", record="1", limit=1)
        assert (len(page["happened"]), page["next"]) == (1, 1)
        page = await it.get("record_history", model="sale.order", record="1", skip=1)
        assert [each["run"] for each in page["happened"]] == [second]
        assert (await it.fail("record_history", model="a b", record="1"))["kind"] == "BadInput"


async def test_without_a_store_the_remedy_is_to_pull(assistant: Open) -> None:
    async with assistant() as it:
        for tool, arguments in (
            ("list_runs", {}),
            ("record_history", {"model": "sale.order", "record": "1"}),
        ):
            error = await it.fail(tool, **arguments)
            assert error["kind"] == "StoreError"
            assert "sentinel-ops pull" in error["remedy"]


async def test_health_is_good_only_if_both_were_checked(
    assistant: Open, odoo: Odoo, cli: Cli
) -> None:
    odoo.standin.seal()
    async with assistant() as it:
        told = await it.get("health")
        assert told["odoo"]["verdict"] == "good"
        assert told["store"]["verdict"] == told["verdict"] == "could not check"

        assert cli("pull").code == 0
        told = await it.get("health")
        assert told["verdict"] == "good"
        assert told["store"]["chains"][0]["behind"] == 0

        odoo.standin.seal()
        odoo.standin.settle()
        assert (await it.get("health"))["store"]["chains"][0]["behind"] == 1

        problem = {"code": "no_cron", "message": "No worker.", "remedy": "Start one."}
        odoo.standin.problems = [problem]
        told = await it.get("health")
        assert told["verdict"] == told["odoo"]["verdict"] == "problem"
        assert told["odoo"]["problems"] == [problem]

        odoo.standin.misbehave("health", "status", value=503, times=9)
        told = await it.get("health")
        assert told["odoo"]["verdict"] == "could not check"
        assert told["verdict"] == "could not check"
        assert told["store"]["chains"][0]["behind"] is None


async def test_a_store_of_another_odoo_is_a_problem(assistant: Open, odoo: Odoo, cli: Cli) -> None:
    odoo.standin.seal()
    assert cli("pull").code == 0
    odoo.standin.chain = "99999999-2222-3333-4444-555555555555"
    async with assistant() as it:
        told = await it.get("health")
    assert told["store"]["verdict"] == "problem"
    assert told["store"]["problems"][0]["code"] == "not_pulled"
