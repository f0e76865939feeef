"""A run and its lines as an assistant sees them.

Every text is cleaned by its type, see :mod:`auditor.adapters.mcp.foreign`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from auditor.adapters.mcp.foreign import NOTICE, Code, OdooText, Values, value
from auditor.cli.common import link

if TYPE_CHECKING:
    from auditor.odoo.answers import Line, Run

MOST_ERRORS = 20
MOST_ROWS = 30
MOST_EXAMPLES = 5


class View(BaseModel):
    """Base of everything that a tool answers."""

    model_config = ConfigDict(extra="forbid")


class Answer(View):
    """Base of a whole answer; says what its texts are."""

    notice: str = Field(default=NOTICE, description="How to read the texts of this answer.")


class Kpi(View):
    """A number that the run measured; ``verdict`` is empty when nothing judges it."""

    name: Code
    label: OdooText
    value: Code
    unit: Code
    verdict: Code
    detail: OdooText


class GuardVerdict(View):
    """What one guard said: ``pass``, ``warn``, ``wait`` or ``stop``."""

    guard: Code
    verdict: Code
    message: OdooText


class Decision(View):
    """What one person said about a plan."""

    login: OdooText
    decision: Code
    comment: OdooText
    at: Code


class RunView(Answer):
    """One run. Money is decimal text, times are UTC."""

    uid: Code
    job: Code
    job_name: OdooText
    mode: Code = Field(description="plan (looks), simulate (does and undoes) or live (does).")
    state: Code = Field(description="queued, waiting, running, sealing or done.")
    status: Code = Field(
        description="Empty until the run is done: success, partial, failure, dry_run, aborted, "
        "interrupted or cancelled."
    )
    verdict: Code = Field(description="Of a check: pass, warn, fail, error or not_evaluated.")
    meaning: str = Field(description="What state, status and verdict mean, in words.")
    next_step: str = Field(description="What can be done now.")
    shape: Code
    requested_at: Code
    started_at: Code
    ended_at: Code
    requested_by: OdooText
    run_as: OdooText
    company: OdooText
    source: Code
    reason: OdooText
    request_id: Code
    parameters: Values
    plan: Code = Field(description="uid of the plan that this run carries out, else empty.")
    digest: Code = Field(description="Hash of a plan; apply_plan asks for it.")
    expires_at: Code = Field(description="Until when a plan may be carried out.")
    awaits: Code = Field(description="'approval' while people have to decide, else empty.")
    deciders: list[OdooText] = Field(description="Logins of those who may decide.")
    decide_by_key: bool = Field(description="Whether they may decide outside the browser, too.")
    approvals: list[Decision]
    population: int = Field(description="Records that the job looks at.")
    matched: int = Field(description="Records in trouble.")
    selected: int = Field(description="Records that this run deals with.")
    limited: bool = Field(description="Whether a limit left some of the matched out.")
    withheld: int = Field(description="Matched records kept out by exclusions or attempts.")
    amount: Code
    currency: Code
    done: int
    total: int
    outcomes: dict[str, int] = Field(description="Lines by outcome, once the run is done.")
    checked: int
    updated: int
    skipped: int
    errors: list[OdooText]
    kpis: list[Kpi]
    error: OdooText
    guards: list[GuardVerdict]
    touched: list[Values] = Field(description="Of a simulation: rows written, by table.")
    side_effects: list[Values] = Field(
        description="Of a simulation: other records that it left different."
    )
    undone_by: list[Code]
    url: str = Field(description="Where people look at this run in Odoo.")


class LineView(View):
    """What happened, or would happen, to one record."""

    position: int
    model: Code
    record: int
    name: OdooText
    outcome: Code
    reason: OdooText
    message: OdooText
    operation: Code
    before: Values
    intended: Values
    after: Values
    amount: Code
    currency: Code
    at: Code


def run_view(run: Run, *, url: str) -> RunView:
    """Return the view of a run.

    :param url: Odoo's address, without credentials.
    """
    return RunView(**run_facts(run, url=url))


def run_facts(run: Run, *, url: str) -> dict[str, Any]:
    """Return what a :class:`RunView` is made of."""
    same = (
        "uid job job_name mode state status verdict shape requested_at started_at ended_at "
        "requested_by run_as company source reason request_id parameters plan digest expires_at "
        "awaits decide_by_key population matched selected limited withheld amount currency "
        "checked updated skipped error"
    ).split()
    return {
        **{name: getattr(run, name) for name in same},
        "meaning": meaning(run),
        "next_step": next_step(run),
        "deciders": run.deciders[:MOST_ROWS],
        "approvals": _rows(run.approvals, Decision),
        "done": run.progress.done,
        "total": run.progress.total,
        "outcomes": {str(value(name)): count for name, count in run.outcomes.items()},
        "errors": run.errors[:MOST_ERRORS],
        "kpis": _rows(run.kpis, Kpi),
        "guards": _rows(run.guards, GuardVerdict),
        "touched": [row.model_dump() for row in run.footprint[:MOST_ROWS]],
        "side_effects": [
            {**row.model_dump(), "examples": row.model_dump()["examples"][:MOST_EXAMPLES]}
            for row in run.side_effects[:MOST_ROWS]
        ],
        "undone_by": run.undone_by[:MOST_ROWS],
        "url": link(url, run.url),
    }


def line_view(line: Line) -> LineView:
    """Return the view of a line."""
    return LineView(**{name: getattr(line, name) for name in LineView.model_fields})


def _rows(rows: list[Any], view: type[View]) -> list[dict[str, Any]]:
    names = list(view.model_fields)
    return [{name: getattr(row, name) for name in names} for row in rows[:MOST_ROWS]]


_STATUSES = {
    "success": "It ended well.",
    "dry_run": "A dry run: nothing was changed.",
    "partial": "Partly done: some records were changed, others failed or were refused.",
    "failure": "It failed: no record was changed, or the check broke.",
    "aborted": "A guard stopped it; `guards` says which, with the numbers.",
    "interrupted": "It was interrupted half-way; the next run finishes the work.",
    "cancelled": "Somebody cancelled it.",
}
_VERDICTS = {
    "pass": "The check passed.",
    "warn": "The check warns.",
    "fail": "The check fails.",
    "error": "The check itself broke: it is not known whether all is well.",
    "not_evaluated": "There was nothing to check: it is not known whether all is well.",
}
_STATES = {
    "queued": "It waits for its turn: not known yet.",
    "waiting": "It pauses between two slices of work: not known yet.",
    "running": "It is at work: not known yet.",
    "sealing": "It is being sealed into the trail: not known yet.",
}


def meaning(run: Run) -> str:
    """Return what the run's state, status and verdict mean; made of no text out of Odoo."""
    if run.awaits:
        return "It waits for people: nothing was changed so far."
    if run.state != "done":
        return _STATES.get(run.state, "It has not ended: not known yet.")
    parts = [_STATUSES.get(run.status, "How it ended is not known to this release.")]
    if run.verdict:
        parts.append(_VERDICTS.get(run.verdict, "Its verdict is not known to this release."))
    return " ".join(parts)


def next_step(run: Run) -> str:
    """Return what can be done now; made of no text out of Odoo."""
    if run.awaits:
        return (
            "Nothing is changed before somebody decides. Only the people in `deciders` may, in "
            "Odoo or with `sentinel-ops approve`; this server cannot, and asking again does not "
            "help. get_run tells what became of it."
        )
    if run.state != "done":
        return "Call get_run with this uid again, with wait_seconds; it goes on in Odoo meanwhile."
    if run.mode == "plan" and run.status == "dry_run":
        if not run.selected:
            return "There is nothing to carry out."
        return (
            "list_lines has the records. simulate_plan shows what would really come of it. To "
            "carry it out somebody has to want it: apply_plan with this uid and `digest`, where "
            "it is offered, else `sentinel-ops run --plan` or the button in Odoo."
        )
    return "list_lines has what happened to each record."
