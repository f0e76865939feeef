"""Plans and simulations: what is sent, what is refused, and that nothing runs twice."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.adapters.mcp.repeats import WINDOW, Repeats
from tests.auditor.conftest import Odoo
from tests.auditor.mcp.conftest import DIGEST, Open
from tests.auditor.standin import BROKEN
from tests.auditor.standin_jobs import job

pytestmark = pytest.mark.anyio


def sent(odoo: Odoo) -> list[dict[str, Any]]:
    """What trigger was called with."""
    return [named for name, named in odoo.standin.calls if name == "trigger"]


async def test_a_plan_is_a_dry_run_with_its_origin(assistant: Open, odoo: Odoo) -> None:
    async with assistant() as it:
        run = await it.get(
            "plan_job",
            job="clean_old_orders",
            parameters={"days": 60, "share": 1, "since": "2026-01-01", "notify_owner": True},
            reason="quarter end",
        )
    (named,) = sent(odoo)
    assert (named["mode"], named["plan"]) == ("plan", "")
    assert named["parameters"] == {
        "days": 60,
        "share": 1.0,
        "since": "2026-01-01",
        "notify_owner": True,
    }
    assert named["reason"] == "quarter end"
    assert named["origin"]["source"] == run["source"] == "mcp"
    assert named["origin"]["request_id"] == run["request_id"]
    assert run["digest"] == DIGEST
    assert run["repeated"] is False


async def test_each_call_has_a_request_id_of_its_own(assistant: Open, odoo: Odoo) -> None:
    async with assistant() as it:
        await it.get("plan_job", job="clean_old_orders")
        await it.get("plan_job", job="cron_health")
    one, two = (named["origin"]["request_id"] for named in sent(odoo))
    assert one != two


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"days": 0}, "days: Input should be greater than or equal to 1"),
        ({"days": "60"}, "days: Input should be a valid integer"),
        ({"days": True}, "days: Input should be a valid integer"),
        ({"limit": 2**31}, "limit: Input should be less than or equal to 2147483647"),
        ({"share": "1"}, "share: Input should be a valid number"),
        ({"notify_owner": "yes"}, "notify_owner: Input should be a valid boolean"),
        ({"order_by": "best"}, "order_by: Input should be 'oldest' or 'newest'"),
        ({"since": 5}, "since: must be a date like 2026-01-31"),
        ({"reason": 5}, "reason: Input should be a valid string"),
        ({"dayz": 5}, "dayz: there is no such thing"),
    ],
)
async def test_parameters_are_checked_against_the_declaration(
    assistant: Open, odoo: Odoo, parameters: dict[str, object], says: str
) -> None:
    async with assistant() as it:
        error = await it.fail("plan_job", job="clean_old_orders", parameters=parameters)
    assert says in error["message"]
    assert "describe_job" in error["remedy"]
    assert sent(odoo) == []


async def test_what_selects_records_cannot_be_given(assistant: Open, odoo: Odoo) -> None:
    async with assistant() as it:
        error = await it.fail(
            "plan_job", job="clean_old_orders", parameters={"domain": "[]", "days": 60}
        )
    assert error["message"].startswith("domain: belongs to the job clean_old_orders")
    assert sent(odoo) == []


async def test_a_parameter_may_be_called_like_anything(assistant: Open, odoo: Odoo) -> None:
    names = ["copy", "model_dump", "schema", "_private", "class"]
    odoo.standin.jobs = [
        job(parameters=[{"name": name, "type": "text", "required": False} for name in names])
    ]
    async with assistant() as it:
        shown = await it.get("describe_job", job="clean_old_orders")
        assert list(shown["parameters_schema"]["properties"]) == names
        await it.get("plan_job", job="clean_old_orders", parameters=dict.fromkeys(names, "x"))
    assert sent(odoo)[0]["parameters"] == dict.fromkeys(names, "x")


@pytest.mark.parametrize(
    ("arguments", "kind", "message", "remedy"),
    [
        ({"job": "nope"}, "BadInput", "There is no job nope.", "Jobs: clean_old_orders"),
        ({"job": "release_stuck_transfers"}, "BadInput", "is not available. The app Inv", ""),
        (
            {"job": "clean_old_orders", "parameters": {"days": 13}},
            "BusinessFault",
            "days: 13 is unlucky",
            "",
        ),
        ({"job": "clean_old_orders", "reason": "a\x01b"}, "BadInput", "control characters", ""),
    ],
)
async def test_what_odoo_would_refuse_is_told(
    assistant: Open, arguments: dict[str, Any], kind: str, message: str, remedy: str
) -> None:
    async with assistant() as it:
        error = await it.fail("plan_job", **arguments)
    assert error["kind"] == kind
    assert message in error["message"]
    assert remedy in error["remedy"]


@pytest.mark.parametrize(
    ("mood", "value", "kind"),
    [
        ("html", None, "Garbled"),
        (
            "fault",
            (1, "Traceback (most recent call last):\n  File x\nKeyError: 'k'"),
            "ServerFault",
        ),
        ("fault", (4, "Access Denied"), "Refused"),
        ("redirect", "https://elsewhere.example.com/", "Unreachable"),
    ],
)
async def test_when_odoo_is_in_trouble_the_tool_says_so(
    assistant: Open, odoo: Odoo, mood: str, value: object, kind: str
) -> None:
    odoo.standin.misbehave("catalog", mood, value=value)
    async with assistant() as it:
        error = await it.fail("list_jobs")
        assert error["kind"] == kind
        assert error["remedy"]
        assert (await it.get("list_jobs"))["total"] == 3


async def test_a_wrong_password_is_named_but_not_shown(assistant: Open) -> None:
    async with assistant(odoo_password="wrong-s3cr3t") as it:
        error = await it.fail("list_jobs")
    assert error["kind"] == "Refused"
    assert "ODOO_PASSWORD" in error["remedy"]


async def test_the_same_call_again_gives_the_same_run(
    assistant: Open, odoo: Odoo, era: str
) -> None:
    async with assistant(era=era) as it:
        first = await it.get("plan_job", job="clean_old_orders", parameters={"days": 60})
        second = await it.get("plan_job", job="clean_old_orders", parameters={"days": 60})
        assert (second["uid"], second["repeated"]) == (first["uid"], True)
        assert "idempotency_key" in second["repeated_note"]
        other = await it.get("plan_job", job="clean_old_orders", parameters={"days": 61})
        fresh = await it.get(
            "plan_job", job="clean_old_orders", parameters={"days": 60}, idempotency_key="new"
        )
        assert len({first["uid"], other["uid"], fresh["uid"]}) == len(odoo.standin.runs) == 3


async def test_a_key_of_ones_own_holds_over_servers(assistant: Open, odoo: Odoo) -> None:
    uids = []
    for _ in range(2):
        async with assistant() as it:
            run = await it.get("plan_job", job="clean_old_orders", idempotency_key="monday")
            uids.append(run["uid"])
    assert len(set(uids)) == len(odoo.standin.runs) == 1
    async with assistant() as it:
        error = await it.fail(
            "plan_job", job="clean_old_orders", idempotency_key="monday", parameters={"days": 1}
        )
    assert error["kind"] == "BusinessFault"
    assert "belongs to another request" in error["message"]


async def test_a_lost_answer_runs_nothing_twice(assistant: Open, odoo: Odoo) -> None:
    odoo.standin.misbehave("trigger", "drop", times=3)
    async with assistant() as it:
        error = await it.fail("plan_job", job="clean_old_orders")
        assert error["kind"] == "LostAnswer"
        assert "It is not known whether Odoo got the request." in error["remedy"]
        key = error["remedy"].split("idempotency_key=")[1].split()[0]
        same = await it.get("plan_job", job="clean_old_orders")
        named = await it.get("plan_job", job="clean_old_orders", idempotency_key=key)
    assert same["uid"] == named["uid"]
    assert same["repeated"]
    assert len(odoo.standin.runs) == 1


async def test_a_run_that_cannot_be_followed_is_named(assistant: Open, odoo: Odoo) -> None:
    odoo.standin.misbehave("status", "html")
    async with assistant() as it:
        error = await it.fail("plan_job", job="clean_old_orders")
    (uid,) = odoo.standin.runs
    assert error["run"] == uid
    assert f"get_run with run={uid}" in error["remedy"]


async def test_when_odoo_breaks_over_the_request_the_key_is_told(
    assistant: Open, odoo: Odoo
) -> None:
    odoo.standin.misbehave("trigger", "fault_after", value=BROKEN)
    async with assistant() as it:
        error = await it.fail("plan_job", job="clean_old_orders")
        assert error["kind"] == "ServerFault"
        assert "It is not known whether Odoo got the request." in error["remedy"]
        key = error["remedy"].split("idempotency_key=")[1].split()[0]
        run = await it.get("plan_job", job="clean_old_orders", idempotency_key=key)
    assert run["repeated"]
    assert len(odoo.standin.runs) == 1


@pytest.mark.parametrize("fault", [BROKEN, (2, "No."), (3, "Access Denied"), (4, "Not allowed.")])
async def test_a_fault_while_it_is_followed_does_not_lose_the_run(
    assistant: Open, odoo: Odoo, fault: tuple[int, str]
) -> None:
    odoo.standin.misbehave("status", "fault", value=fault)
    async with assistant() as it:
        error = await it.fail("plan_job", job="clean_old_orders")
    (uid,) = odoo.standin.runs
    assert error["run"] == uid
    assert f"get_run with run={uid}" in error["remedy"]


async def test_of_a_run_that_is_not_there_nobody_says_that_it_goes_on(assistant: Open) -> None:
    async with assistant() as it:
        error = await it.fail("get_run", run="00000000-0000-4000-8000-000000000000")
    assert error["kind"] == "BusinessFault"
    assert "goes on" not in error["remedy"]


def test_a_repeat_is_known_for_a_while_and_not_for_ever() -> None:
    now = [0.0]
    repeats = Repeats(clock=lambda: now[0])
    first = repeats.key(job="a", parameters={"days": 1})
    now[0] = WINDOW - 1
    assert repeats.key(parameters={"days": 1}, job="a") == first
    assert repeats.key(job="a", parameters={"days": 2}) != first
    now[0] = WINDOW
    assert repeats.key(job="a", parameters={"days": 1}) != first


async def test_a_simulation_follows_its_plan(assistant: Open, odoo: Odoo) -> None:
    async with assistant() as it:
        plan = await it.get("plan_job", job="clean_old_orders")
        run = await it.get("simulate_plan", plan=plan["uid"])
        assert (run["mode"], run["plan"]) == ("simulate", plan["uid"])
        assert run["touched"][0]["table"] == "sale_order"
        assert run["side_effects"][0]["complete"] is False
        again = await it.get("simulate_plan", plan=plan["uid"])
        assert again["uid"] == run["uid"]
    assert sent(odoo)[1]["parameters"] == {}
    assert sent(odoo)[1]["origin"]["source"] == "mcp"


@pytest.mark.parametrize("tool", ["simulate_plan", "apply_plan"])
@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"mode": "live", "status": "success"}, "is no plan that can be carried out"),
        ({"mode": "plan", "shape": "check", "status": "success"}, "is no plan that can be"),
        ({"mode": "plan", "status": "failure"}, "ended badly"),
        ({"mode": "plan", "state": "running", "status": ""}, "is not ready yet"),
    ],
)
async def test_only_a_plan_that_is_ready_can_be_followed(
    assistant: Open, odoo: Odoo, tool: str, facts: dict[str, str], says: str
) -> None:
    uid = odoo.standin.seal(**facts)
    odoo.standin.states = ["running"]
    arguments = {"digest": DIGEST} if tool == "apply_plan" else {}
    async with assistant(sentinel_mcp_allow_apply=True) as it:
        error = await it.fail(tool, plan=uid, **arguments)
    assert says in error["message"]
    assert sent(odoo) == []
