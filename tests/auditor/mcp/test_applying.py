"""Carrying a plan out: only that plan, once, in time, and only if the person wants it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.auditor.conftest import Odoo
from tests.auditor.mcp.conftest import DIGEST, EARLIER, Assistant, Open, Person
from tests.auditor.standin import BROKEN

pytestmark = pytest.mark.anyio

ON = {"sentinel_mcp_allow_apply": True}


async def planned(it: Assistant) -> str:
    """Make a plan and return its uid."""
    return str((await it.get("plan_job", job="clean_old_orders", idempotency_key="a"))["uid"])


def live(odoo: Odoo) -> list[dict[str, Any]]:
    """Live runs that there are."""
    return [run for run in odoo.standin.runs.values() if run["mode"] == "live"]


async def test_a_plan_is_carried_out_as_it_stands(assistant: Open, odoo: Odoo, era: str) -> None:
    async with assistant(era=era, **ON) as it:
        plan = await planned(it)
        run = await it.get("apply_plan", plan=plan, digest=DIGEST, reason="she said so")
    assert (run["mode"], run["status"], run["plan"]) == ("live", "success", plan)
    named = next(named for name, named in odoo.standin.calls[::-1] if name == "trigger")
    assert named["parameters"] == {}
    assert named["reason"] == "she said so"
    assert named["origin"]["source"] == "mcp"
    assert named["origin"]["request_id"] == run["request_id"]
    assert "lines" not in named


@pytest.mark.parametrize("digest", ["cd" * 32, "", "ab", "AB" * 32, " " + DIGEST])
async def test_without_the_plans_own_hash_nothing_happens(
    assistant: Open, odoo: Odoo, digest: str
) -> None:
    async with assistant(**ON) as it:
        plan = await planned(it)
        error = await it.fail("apply_plan", plan=plan, digest=digest)
        assert error["kind"] == "BadInput"
        assert "digest" in error["message"]
        missing = await it.fail("apply_plan", plan=plan)
        assert missing["message"] == "digest: must be given."
    assert live(odoo) == []


async def test_a_plan_without_a_hash_cannot_be_carried_out(assistant: Open, odoo: Odoo) -> None:
    async with assistant(**ON) as it:
        plan = await planned(it)
        odoo.standin.twists.clear()
        odoo.standin.runs[plan]["digest"] = ""
        error = await it.fail("apply_plan", plan=plan, digest=DIGEST)
    assert "does not belong to the plan" in error["message"]
    assert live(odoo) == []


async def test_a_plan_expires(assistant: Open, odoo: Odoo, era: str) -> None:
    person = Person()
    async with assistant(era=era, person=person, **ON) as it:
        plan = await planned(it)
        odoo.standin.runs[plan]["expires_at"] = EARLIER
        error = await it.fail("apply_plan", plan=plan, digest=DIGEST)
    assert error["kind"] == "BusinessFault"
    assert "expired" in error["message"]
    assert person.asked == []
    assert live(odoo) == []


async def test_a_plan_that_expires_while_the_person_thinks(
    assistant: Open, odoo: Odoo, era: str
) -> None:
    person = Person()
    async with assistant(era=era, person=person, **ON) as it:
        plan = await planned(it)
        person.meanwhile = lambda: odoo.standin.runs[plan].update(expires_at=EARLIER)
        error = await it.fail("apply_plan", plan=plan, digest=DIGEST)
    assert "expired" in error["message"]
    assert live(odoo) == []


async def test_the_run_of_a_plan_is_found_after_the_plan_expired(
    assistant: Open, odoo: Odoo, era: str
) -> None:
    """Its answer was lost, or it waits for people for hours."""
    person = Person()
    odoo.standin.deciders = ["anna"]
    async with assistant(era=era, person=person, **ON) as it:
        plan = await planned(it)
        run = await it.get("apply_plan", plan=plan, digest=DIGEST)
        odoo.standin.runs[plan]["expires_at"] = EARLIER
        again = await it.get("apply_plan", plan=plan, digest=DIGEST)
        assert (again["uid"], again["repeated"]) == (run["uid"], True)
        error = await it.fail("apply_plan", plan=plan, digest=DIGEST, lines=[1])
        assert "belongs to another request" in error["message"]
    assert len(person.asked) == 1
    assert len(live(odoo)) == 1


@pytest.mark.parametrize("expires_at", ["", "tomorrow"])
async def test_a_plan_without_a_known_end_is_not_carried_out(
    assistant: Open, odoo: Odoo, expires_at: str
) -> None:
    async with assistant(**ON) as it:
        plan = await planned(it)
        odoo.standin.runs[plan]["expires_at"] = expires_at
        error = await it.fail("apply_plan", plan=plan, digest=DIGEST)
    assert "plan_job" in error["remedy"]
    assert live(odoo) == []


async def test_an_empty_plan_is_not_carried_out(assistant: Open, odoo: Odoo) -> None:
    async with assistant(**ON) as it:
        plan = await planned(it)
        odoo.standin.runs[plan]["selected"] = 0
        assert "no records" in (await it.fail("apply_plan", plan=plan, digest=DIGEST))["message"]
    assert live(odoo) == []


async def test_a_plan_works_once_whoever_asks_again(assistant: Open, odoo: Odoo) -> None:
    uids = []
    for _server in range(2):
        async with assistant(**ON) as it:
            plan = await planned(it)
            for _call in range(2):
                run = await it.get("apply_plan", plan=plan, digest=DIGEST)
                uids.append((run["uid"], run["repeated"]))
    assert len(live(odoo)) == 1
    assert [repeated for _uid, repeated in uids] == [False, True, True, True]
    assert len({uid for uid, _repeated in uids}) == 1


async def test_a_used_plan_does_not_work_for_other_lines(assistant: Open, odoo: Odoo) -> None:
    async with assistant(**ON) as it:
        plan = await planned(it)
        run = await it.get("apply_plan", plan=plan, digest=DIGEST, lines=[1, 3])
        assert odoo.standin.runs[run["uid"]]["chosen"] == [1, 3]
        error = await it.fail("apply_plan", plan=plan, digest=DIGEST)
        assert error["kind"] == "BusinessFault"
        assert (await it.fail("apply_plan", plan=plan, digest=DIGEST, lines=[]))[
            "message"
        ].startswith("lines: ")
    assert len(live(odoo)) == 1


async def test_a_lost_answer_carries_nothing_out_twice(assistant: Open, odoo: Odoo) -> None:
    async with assistant(**ON) as it:
        plan = await planned(it)
        odoo.standin.misbehave("trigger", "drop", times=3)
        error = await it.fail("apply_plan", plan=plan, digest=DIGEST)
        assert "The same call again is harmless" in error["remedy"]
        run = await it.get("apply_plan", plan=plan, digest=DIGEST)
        assert run["repeated"]
    assert len(live(odoo)) == 1


@pytest.mark.parametrize("call", ["trigger", "status"])
async def test_a_fault_carries_nothing_out_twice(assistant: Open, odoo: Odoo, call: str) -> None:
    async with assistant(**ON) as it:
        plan = await planned(it)
        if call == "trigger":
            odoo.standin.misbehave("trigger", "fault_after", value=BROKEN)
        else:
            # The plan is looked at twice before it is carried out.
            for _look in range(2):
                odoo.standin.misbehave("status", "slow", value=0)
            odoo.standin.misbehave("status", "fault", value=BROKEN)
        error = await it.fail("apply_plan", plan=plan, digest=DIGEST)
        (uid,) = [uid for uid, run in odoo.standin.runs.items() if run["mode"] == "live"]
        if call == "trigger":
            assert "The same call again is harmless" in error["remedy"]
        else:
            assert error["run"] == uid
        run = await it.get("apply_plan", plan=plan, digest=DIGEST)
        assert (run["uid"], run["repeated"]) == (uid, True)
    assert len(live(odoo)) == 1


async def test_the_person_is_asked_where_the_client_can(
    assistant: Open, odoo: Odoo, era: str
) -> None:
    person = Person()
    async with assistant(era=era, person=person, **ON) as it:
        plan = await planned(it)
        run = await it.get("apply_plan", plan=plan, digest=DIGEST)
    assert run["status"] == "success"
    (question,) = person.asked
    assert question == (
        f"Carry out the plan {plan} of the job clean_old_orders in the database acme at "
        f"{odoo.url}? It changes 3 record(s) for real, 1,234.50 EUR."
    )


@pytest.mark.parametrize(
    "person", [Person("decline"), Person("cancel"), Person("accept", apply=False)]
)
async def test_a_no_is_a_no(assistant: Open, odoo: Odoo, era: str, person: Person) -> None:
    async with assistant(era=era, person=person, **ON) as it:
        plan = await planned(it)
        error = await it.fail("apply_plan", plan=plan, digest=DIGEST)
    assert "did not agree" in error["message"]
    assert "nothing was changed" in error["message"]
    assert live(odoo) == []


async def test_the_person_is_asked_only_about_what_could_be_done(assistant: Open, era: str) -> None:
    person = Person()
    async with assistant(era=era, person=person, **ON) as it:
        plan = await planned(it)
        await it.fail("apply_plan", plan=plan, digest="cd" * 32)
    assert person.asked == []


async def test_what_changes_while_the_person_thinks_is_seen(
    assistant: Open, odoo: Odoo, era: str
) -> None:
    person = Person()
    async with assistant(era=era, person=person, **ON) as it:
        plan = await planned(it)
        person.meanwhile = lambda: odoo.standin.runs[plan].update(digest="cd" * 32)
        error = await it.fail("apply_plan", plan=plan, digest=DIGEST)
    assert "does not belong to the plan" in error["message"]
    assert len(person.asked) == 1
    assert live(odoo) == []


async def test_a_run_that_needs_consent_waits_and_says_whose(assistant: Open, odoo: Odoo) -> None:
    odoo.standin.deciders = ["anna"]
    async with assistant(**ON) as it:
        plan = await planned(it)
        run = await it.get("apply_plan", plan=plan, digest=DIGEST)
        assert (run["state"], run["awaits"], run["deciders"]) == ("waiting", "approval", ["anna"])
        assert "this server cannot" in run["next_step"]
        assert "nothing was changed so far" in run["meaning"]
        tools = [tool.name for tool in (await it.client.list_tools()).tools]
        assert not [name for name in tools if "approve" in name or "decide" in name]
    assert odoo.standin.counted("approve") == 0


async def test_a_user_without_the_right_cannot_apply(assistant: Open, odoo: Odoo) -> None:
    async with assistant(**ON) as it:
        plan = await planned(it)
    async with assistant(odoo_username="auditor", **ON) as it:
        error = await it.fail("apply_plan", plan=plan, digest=DIGEST)
    assert error["kind"] == "Refused"
    assert live(odoo) == []
