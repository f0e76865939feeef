"""What is wrong now: the newest look of each job, sorted into what it means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import Field

from auditor.adapters.mcp.door import Door
from auditor.adapters.mcp.foreign import Code, OdooText
from auditor.adapters.mcp.views import Answer, View, meaning
from auditor.odoo.answers import Job, Run
from auditor.odoo.client import Client

MOST = 50
Kind = Literal["fail", "warn", "found", "left", "not known", "clean"]


class Finding(View):
    """What the newest run of one job says."""

    kind: Kind = Field(
        description="fail and warn: a check says so; found: records in trouble, a repair is "
        "possible; left: a live run left some undone; not known: never looked, not ended, or could "
        "not check; clean: nothing."
    )
    job: Code
    name: OdooText
    meaning: str
    run: Code
    mode: Code
    status: Code
    verdict: Code
    ended_at: Code
    matched: int
    population: int
    amount: Code
    currency: Code
    error: OdooText


class FindingPage(Answer):
    """What is wrong, by job."""

    findings: list[Finding]
    looked_at: int = Field(description="Jobs that this page is about.")
    clean: int = Field(description="Of them, jobs whose newest run found nothing.")
    unavailable: int = Field(description="Of them, jobs that can't run in this Odoo.")
    next: str = Field(description="Give it as `after` for the next jobs; empty after the last.")


def list_findings(door: Door) -> Callable[..., FindingPage]:
    """Return the tool."""

    def list_findings(
        after: Annotated[str, Field(max_length=100, description="`next` of the page before.")] = "",
        limit: Annotated[int, Field(ge=1, le=MOST, description="Jobs to look at.")] = 25,
    ) -> FindingPage:
        """List what is wrong now, by each job's newest run in Odoo; it looks nothing up anew.

        What is "not known" is no good news. To look anew, plan_job.
        """
        with door.odoo() as client:
            jobs = sorted(client.catalog().jobs, key=lambda job: job.code)
            left = [job for job in jobs if job.code > after]
            page = left[:limit]
            available = [job for job in page if job.available]
            made = [_finding(client, job) for job in available]
        return FindingPage(
            findings=[each for each in made if each.kind != "clean"],
            looked_at=len(page),
            clean=sum(each.kind == "clean" for each in made),
            unavailable=len(page) - len(available),
            next=page[-1].code if len(left) > limit else "",
        )

    return list_findings


def _finding(client: Client, job: Job) -> Finding:
    if not job.last_run.uid:
        return Finding(
            kind="not known",
            job=job.code,
            name=job.name,
            meaning="It never ran: not known.",
            **dict.fromkeys("run mode status verdict ended_at amount currency error".split(), ""),
            matched=0,
            population=0,
        )
    run = client.status(job.last_run.uid)
    same = "mode status verdict ended_at matched population amount currency error".split()
    return Finding(
        kind=kind(run),
        job=job.code,
        name=job.name,
        meaning=meaning(run),
        run=run.uid,
        **{name: getattr(run, name) for name in same},
    )


def kind(run: Run) -> Kind:
    """Return what a run says about the trouble that it is about."""
    if run.state != "done" or run.verdict in ("error", "not_evaluated"):
        return "not known"
    if run.verdict == "fail":
        return "fail"
    if run.verdict == "warn":
        return "warn"
    if run.mode == "live" and run.shape not in ("check", "measure"):
        return "clean" if run.status == "success" else "left"
    if run.status not in ("success", "dry_run"):
        return "not known"
    return "found" if run.matched and run.shape != "measure" else "clean"
