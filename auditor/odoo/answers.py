"""The contract's answers as types.

Unknown keys are kept and shown by ``--json``: an addon may add keys without a new contract number.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict


def _false_is_empty(value: object) -> object:
    return "" if value is False else value


def _false_is_zero(value: object) -> object:
    return 0 if value is False or value == "" else value


Text = Annotated[str, BeforeValidator(_false_is_empty)]
"""Odoo says False for an empty text."""
Number = Annotated[int, BeforeValidator(_false_is_zero)]
Mapping = Annotated[dict[str, Any], BeforeValidator(lambda value: value or {})]


class Answer(BaseModel):
    """Base of everything Odoo answers."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Choice(Answer):
    """One allowed value of a selection."""

    value: str
    label: Text = ""


class Parameter(Answer):
    """One declared parameter of a job."""

    name: str
    type: str
    label: Text = ""
    help: Text = ""
    required: bool = False
    value: Any = ""
    default: Any = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: list[Choice] | None = None
    overridable: bool = True


class Schedule(Answer):
    """When Odoo runs the job by itself."""

    active: bool = False
    every: int = 0
    unit: Text = ""
    next: Text = ""
    mode: Text = ""


class LastRun(Answer):
    """The job's newest run, all empty when there is none."""

    uid: Text = ""
    mode: Text = ""
    status: Text = ""
    verdict: Text = ""
    ended_at: Text = ""


class Job(Answer):
    """One entry of the catalogue."""

    code: str
    name: Text
    description: Text = ""
    tags: list[str] = []
    task: Text = ""
    shape: str
    modes: list[str]
    model: Text = ""
    model_name: Text = ""
    available: bool
    unavailable_reason: Text = ""
    active: bool = True
    company: Text = ""
    run_as: Text = ""
    caps: Mapping = {}
    undoable: bool = False
    schedule: Schedule = Schedule()
    parameters: list[Parameter]
    last_run: LastRun = LastRun()


class Catalog(Answer):
    """Everything that can be run."""

    contract: int
    addon_version: Text
    chain: str
    database: Text
    jobs: list[Job]


class Triggered(Answer):
    """The run that a trigger made, or made before under the same key."""

    uid: str
    job: str
    mode: str
    state: str
    status: Text = ""
    repeated: bool = False
    message: Text = ""


class Progress(Answer):
    """Records done out of all to do."""

    done: int = 0
    total: int = 0


class Kpi(Answer):
    """One number that a run measured."""

    name: str
    label: Text = ""
    value: Text = ""
    unit: Text = ""
    verdict: Text = ""
    detail: Text = ""


class GuardVerdict(Answer):
    """What one guard said, with its numbers in the message."""

    guard: str
    verdict: str
    message: Text = ""


class Decision(Answer):
    """What one person said about a plan; ``via`` is ``session`` or ``key``."""

    login: str
    decision: str
    comment: Text = ""
    at: Text = ""
    via: Text = ""


class Decided(Answer):
    """A decision as Odoo took it down."""

    plan: str
    digest: Text = ""
    decision: str
    at: Text = ""


class Cancelled(Answer):
    """A run that is going to stop."""

    uid: str
    state: str
    message: Text = ""


class Footprint(Answer):
    """How often a simulation tried to write rows of one table."""

    table: str
    model: Text = ""
    name: Text = ""
    inserted: Number = 0
    updated: Number = 0
    deleted: Number = 0


class Example(Answer):
    """One of the other records that a simulation left different; ``what`` says how."""

    id: int
    name: Text = ""
    what: Text = ""


class SideEffect(Answer):
    """Records of one model that a simulation left different, besides the planned ones.

    ``complete`` is false where there are more than were looked at.
    """

    model: str
    name: Text = ""
    created: Number = 0
    changed: Number = 0
    deleted: Number = 0
    complete: bool = True
    examples: list[Example] = []


class Run(Answer):
    """The state of one run; times are UTC text, money and positions decimal text."""

    uid: str
    job: str
    job_name: Text = ""
    mode: str
    state: str
    status: Text
    verdict: Text = ""
    shape: Text = ""
    requested_at: Text = ""
    started_at: Text = ""
    ended_at: Text = ""
    requested_by: Text = ""
    run_as: Text = ""
    company: Text = ""
    source: Text = ""
    reason: Text = ""
    request_id: Text = ""
    parameters: Mapping = {}
    plan: Text = ""
    digest: Text = ""
    expires_at: Text = ""
    chosen: list[int] = []
    withheld: Number = 0
    awaits: Text = ""
    approvals: list[Decision] = []
    deciders: list[str] = []
    decide_by_key: bool = False
    undoes: Text = ""
    retries: Text = ""
    undone_by: list[str] = []
    retried_by: list[str] = []
    position: Text = ""
    population: Number = 0
    matched: Number = 0
    selected: Number = 0
    limited: bool = False
    amount: Text = ""
    currency: Text = ""
    progress: Progress = Progress()
    outcomes: dict[str, int] = {}
    checked: Number = 0
    updated: Number = 0
    skipped: Number = 0
    errors: list[str] = []
    kpis: list[Kpi] = []
    error: Text = ""
    guards: list[GuardVerdict] = []
    footprint: list[Footprint] = []
    side_effects: list[SideEffect] = []
    url: Text = ""


class Line(Answer):
    """What happened to one record."""

    position: int
    model: str
    record: int
    name: Text = ""
    outcome: str
    reason: Text = ""
    message: Text = ""
    operation: Text = ""
    before: Mapping = {}
    intended: Mapping = {}
    after: Mapping = {}
    amount: Text = ""
    currency: Text = ""
    at: Text = ""


class LinePage(Answer):
    """Some lines of a run; ``next`` is 0 after the last."""

    lines: list[Line]
    next: int
    total: int


class Problem(Answer):
    """Something in the way of Sentinel-Ops, and what to do about it."""

    code: str
    message: Text
    remedy: Text = ""


class Health(Answer):
    """How Sentinel-Ops is inside that database.

    ``problems`` keep it from working; with ``notices`` it works, but not as well as it could.
    """

    ok: bool
    contract: int
    addon_version: Text
    odoo_version: Text = ""
    database: Text = ""
    chain: str
    now: Text = ""
    neutralized: bool = False
    queued: int = 0
    running: int = 0
    oldest_queued_seconds: int = 0
    dispatcher_last: Text = ""
    head: Text = ""
    head_seal: Text = ""
    problems: list[Problem] = []
    notices: list[Problem] = []


class RunsPage(Answer):
    """Entries of the chain in order, packed.

    ``start`` is the position up to which retention removed entries.
    """

    chain: str
    head: str
    head_seal: str
    start: str
    start_seal: str
    count: int
    next: str
    data: str


class LinesPage(Answer):
    """Lines of sealed runs in the order of the chain, packed."""

    chain: str
    count: int
    next: str
    next_line: int
    more: bool
    data: str


class SealedDay(Answer):
    """What was sealed in one day."""

    day: str
    first: str
    last: str
    count: int
    lines: int
    digest: str


class Acknowledged(Answer):
    """How far a consumer has the chain, as Odoo took it down."""

    consumer: str
    position: str
    at: Text = ""


class SealedRun(Run):
    """A run as it was sealed, with its place in the chain."""

    state: str = "done"
    requested_by_id: Number = 0
    run_as_id: Number = 0
    job_id: Number = 0
    line_count: int
    lines_digest: Text = ""


class SealedLine(Line):
    """A line as it was sealed, with the run that it belongs to."""

    model: str = ""
    record: int = 0
    outcome: str = "erased"
    run: str
    run_position: str
