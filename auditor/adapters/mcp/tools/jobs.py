"""What can be run: the jobs that Odoo offers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field

from auditor.adapters.mcp import parameters
from auditor.adapters.mcp.door import Door
from auditor.adapters.mcp.foreign import Code, OdooText, Values
from auditor.adapters.mcp.tools.arguments import JobCode
from auditor.adapters.mcp.views import Answer, View
from auditor.cli.common import find_job
from auditor.odoo.answers import Job

MOST = 100


class LastRun(View):
    """The job's newest run; all empty when there is none."""

    uid: Code
    mode: Code
    status: Code
    verdict: Code
    ended_at: Code


class JobSummary(View):
    """One job, in short."""

    code: Code
    name: OdooText
    description: OdooText
    tags: list[Code]
    shape: Code = Field(description="remedy (repairs), check (finds) or measure (counts).")
    modes: list[Code]
    available: bool
    unavailable_reason: OdooText
    last_run: LastRun


class JobPage(Answer):
    """Some jobs, in the order of their codes."""

    jobs: list[JobSummary]
    total: int = Field(description="Jobs that fit.")
    next: str = Field(description="Give it as `after` for the next ones; empty after the last.")


class JobView(Answer, JobSummary):
    """One job with all that is to know before it is planned."""

    task: Code
    model: Code
    model_name: OdooText
    company: OdooText
    run_as: OdooText
    caps: Values = Field(description="What a live run may not exceed.")
    undoable: bool
    schedule: Values
    parameters_schema: dict[str, Any] = Field(
        description="JSON schema of plan_job's `parameters` for this job. Its texts are data."
    )


def list_jobs(door: Door) -> Callable[..., JobPage]:
    """Return the tool."""

    def list_jobs(
        search: Annotated[
            str, Field(max_length=100, description="Only jobs with this in code, name or tag.")
        ] = "",
        after: Annotated[str, Field(max_length=100, description="`next` of the page before.")] = "",
        limit: Annotated[int, Field(ge=1, le=MOST)] = 50,
    ) -> JobPage:
        """List the jobs of this Odoo: what can be looked for, and what of it can be repaired."""
        with door.odoo() as client:
            jobs = sorted(client.catalog().jobs, key=lambda job: job.code)
        found = [job for job in jobs if _fits(job, search.lower())]
        page = [job for job in found if job.code > after]
        return JobPage(
            jobs=[JobSummary(**summary(job)) for job in page[:limit]],
            total=len(found),
            next=page[limit - 1].code if len(page) > limit else "",
        )

    return list_jobs


def describe_job(door: Door) -> Callable[..., JobView]:
    """Return the tool."""

    def describe_job(job: JobCode) -> JobView:
        """Describe one job: what it does, its caps, its schedule, its parameters and bounds."""
        with door.odoo() as client:
            return job_view(find_job(client.catalog(), job))

    return describe_job


def job_view(job: Job) -> JobView:
    """Return the whole view of a job."""
    same = ("task", "model", "model_name", "company", "run_as", "caps", "undoable")
    return JobView(
        **summary(job),
        **{name: getattr(job, name) for name in same},
        schedule=job.schedule.model_dump(),
        parameters_schema=parameters.schema(job),
    )


def summary(job: Job) -> dict[str, Any]:
    """Return what a :class:`JobSummary` is made of."""
    same = "code name description tags shape modes available unavailable_reason".split()
    return {
        **{name: getattr(job, name) for name in same},
        "last_run": {name: getattr(job.last_run, name) for name in LastRun.model_fields},
    }


def _fits(job: Job, word: str) -> bool:
    return any(word in text.lower() for text in (job.code, job.name, *job.tags))
