"""Dry runs: plans and simulations. They change no record of the business."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import anyio.to_thread
from mcp.server.mcpserver import Context
from pydantic import Field

from auditor.adapters.mcp import parameters as declared
from auditor.adapters.mcp.door import SOURCE, Door, request_id
from auditor.adapters.mcp.tools.arguments import IdempotencyKey, JobCode, Reason, RunUid
from auditor.adapters.mcp.views import RunView, run_facts
from auditor.adapters.mcp.waiting import WaitSeconds, status, wait
from auditor.cli.common import find_job
from auditor.errors import BadInput
from auditor.odoo.answers import Run, Triggered
from auditor.odoo.client import Client
from auditor.odoo.errors import OdooError, may_be_done

REPEATED = (
    "This was asked for before; here is the run of that time. For a new one give another "
    "idempotency_key."
)
Scalar = bool | int | float | str


class AskedRun(RunView):
    """A run that this call asked for."""

    repeated: bool = Field(
        description="Whether the run was asked for before, and is not a new one."
    )
    repeated_note: str


def plan_job(door: Door) -> Callable[..., Awaitable[AskedRun]]:
    """Return the tool."""

    async def plan_job(
        job: JobCode,
        context: Context[Any, Any],
        parameters: Annotated[
            dict[str, Scalar] | None,
            Field(max_length=50, description="Values for this run only; see describe_job."),
        ] = None,
        reason: Reason = "",
        idempotency_key: IdempotencyKey = "",
        wait_seconds: WaitSeconds = 20,
    ) -> AskedRun:
        """Look for trouble, and plan its repair where the job repairs: a dry run.

        Changes no record of the business; that it was asked for stands in the trail. The answer has
        the plan's figures, its guards and its digest; list_lines has the records. Checks and
        measures only look, their result is the answer.
        """
        given = parameters or {}
        key = idempotency_key or door.repeats.key(
            tool="plan_job", job=job, parameters=given, reason=reason
        )

        def ask(client: Client) -> Triggered:
            found = find_job(client.catalog(), job)
            if not found.available:
                raise BadInput(f"The job {job} is not available. {found.unavailable_reason}")
            return client.trigger(
                job,
                mode="plan",
                parameters=declared.check(found, given),
                idempotency_key=f"{SOURCE}:{key}",
                reason=reason,
                source=SOURCE,
                request_id=request_id(),
            )

        return await follow(door, ask, again(key), wait_seconds, context)

    return plan_job


def simulate_plan(door: Door) -> Callable[..., Awaitable[AskedRun]]:
    """Return the tool."""

    async def simulate_plan(
        plan: RunUid,
        context: Context[Any, Any],
        reason: Reason = "",
        idempotency_key: IdempotencyKey = "",
        wait_seconds: WaitSeconds = 20,
    ) -> AskedRun:
        """Do what a plan says and undo it at once: what would really come of it.

        Nothing of it stays. The answer counts what Odoo's own rules would refuse and which other
        records would change; list_lines has each record's values before and after.
        """
        key = idempotency_key or door.repeats.key(tool="simulate_plan", plan=plan, reason=reason)
        planned = must_be_plan(await status(door, plan))

        def ask(client: Client) -> Triggered:
            return client.trigger(
                planned.job,
                mode="simulate",
                parameters={},
                idempotency_key=f"{SOURCE}:{key}",
                reason=reason,
                source=SOURCE,
                request_id=request_id(),
                plan=plan,
            )

        return await follow(door, ask, again(key), wait_seconds, context)

    return simulate_plan


def must_be_plan(run: Run) -> Run:
    """Return the run if it is a plan that is ready.

    :raises BadInput: it is something else, or not ready.
    """
    if run.mode != "plan" or run.shape not in ("", "remedy"):
        raise BadInput(
            f"The run {run.uid} is no plan that can be carried out.", "plan_job makes plans."
        )
    if run.state != "done":
        raise BadInput(
            f"The plan {run.uid} is not ready yet.", "get_run with wait_seconds waits for it."
        )
    if run.status != "dry_run":
        raise BadInput(
            f"The plan {run.uid} ended badly, so there is nothing to carry out.",
            "get_run tells why; plan_job makes a new one.",
        )
    return run


def again(key: str) -> str:
    """Return how to ask once more without harm."""
    return f"The same call with idempotency_key={key} finds the run, or makes it once."


async def follow(
    door: Door,
    ask: Callable[[Client], Triggered],
    how_again: str,
    seconds: float,
    context: Context[Any, Any],
) -> AskedRun:
    """Ask for a run, wait for it for a while, and return it.

    :param how_again: said when it is not known whether Odoo got the request.
    """

    def asked() -> Triggered:
        with door.odoo() as client:
            try:
                return ask(client)
            except OdooError as error:
                if may_be_done(error):
                    error.remedy = (
                        f"{error.remedy} It is not known whether Odoo got the request. {how_again}"
                    ).strip()
                raise

    triggered = await anyio.to_thread.run_sync(asked)
    try:
        run = await wait(door, triggered.uid, seconds, context)
    except OdooError as error:
        # It was taken, whatever Odoo answers afterwards.
        error.remedy = f"{error.remedy} The run goes on: get_run with run={triggered.uid}.".strip()
        error.details["run"] = triggered.uid
        raise
    return AskedRun(
        **run_facts(run, url=door.connection.shown_url),
        repeated=triggered.repeated,
        repeated_note=REPEATED if triggered.repeated else "",
    )
