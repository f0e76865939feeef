"""``POST /execute``."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from auditor.adapters.http.identity import admit_change
from auditor.adapters.http.message import Response
from auditor.adapters.http.result import Accepted, figures
from auditor.adapters.http.route import Answer, Call, Route
from auditor.adapters.http.trouble import HttpError
from auditor.cli.common import find_job
from auditor.cli.exits import NotYet
from auditor.errors import BadInput
from auditor.odoo.answers import Run, Triggered
from auditor.odoo.errors import BusinessFault, OdooError, may_be_done

if TYPE_CHECKING:
    from auditor.adapters.http.door import Door
    from auditor.odoo.answers import Job
    from auditor.odoo.client import Client

KEY = r"^[\x21-\x7e]{1,200}$"
LONGEST_WAIT = 50.0
RETRY_AFTER = {"Retry-After": "5"}
# Control characters can't travel over XML-RPC.
_TEXT = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]*$"
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

Whole = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
Text = Annotated[str, Field(pattern=_TEXT)]
Mode = Literal["plan", "simulate", "live"]

# The same as Execute._no_contradiction, in the schema's own words.
_COMBINATIONS: list[Any] = [
    {"properties": {"mode": {"const": "live"}, "dry_run": {"const": False}},
     "required": ["mode", "dry_run"]},
    {"properties": {"mode": {"const": "simulate"}, "dry_run": {"const": True}},
     "required": ["mode"]},
    {"properties": {"mode": {"enum": ["plan", None]}, "dry_run": {"const": True},
                    "plan": {"const": ""}}},
    {"properties": {"mode": {"const": None}, "dry_run": {"const": False}},
     "required": ["dry_run"]},
]  # fmt: skip


class Execute(BaseModel):
    """A request for a run. Without ``"dry_run": false`` nothing is changed."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        json_schema_extra={
            "anyOf": _COMBINATIONS,
            "examples": [
                {"job": "clean_old_orders", "dry_run": True},
                {
                    "job": "clean_old_orders",
                    "dry_run": False,
                    "parameters": {"days": 60, "limit": 100},
                    "reason": "quarter end",
                    "wait_seconds": 0,
                },
            ],
        },
    )

    job: Annotated[str, Field(min_length=1, max_length=200, pattern=_TEXT)] = Field(
        description="The job's code, see GET /jobs."
    )
    dry_run: bool = Field(
        default=True, description="Nothing is changed unless this is the value false."
    )
    parameters: dict[Text, bool | Whole | float | Text] = Field(
        default={},
        json_schema_extra={"propertyNames": {"pattern": _TEXT}},
        description="Values to use instead of the job's own.",
    )
    reason: Annotated[str, Field(max_length=1000, pattern=_TEXT)] = Field(
        default="", description="Why; kept in the trail."
    )
    mode: Mode | None = Field(
        default=None,
        description="plan (the dry run) and live are what dry_run says; simulate does it and "
        "undoes it, and is asked for by name.",
    )
    plan: Annotated[str, Field(max_length=100, pattern=_TEXT)] = Field(
        default="", description="The run of the dry run to carry out, or to simulate."
    )
    wait_seconds: float = Field(
        default=20.0,
        ge=0,
        le=LONGEST_WAIT,
        description="How long to wait for the end; then the answer is 202 and the run goes on.",
    )

    @model_validator(mode="after")
    def _no_contradiction(self) -> Execute:
        if self.mode == "live" and self.dry_run:
            raise ValueError('mode live needs "dry_run": false beside it')
        if self.mode in ("plan", "simulate") and not self.dry_run:
            raise ValueError(f'mode {self.mode} changes nothing, and "dry_run" is false')
        if self.plan and self.dry_run and self.mode != "simulate":
            raise ValueError(
                'plan carries a dry run out: it needs "dry_run": false, or "mode": "simulate"'
            )
        return self


def handle(door: Door, call: Call) -> Response:
    """Ask Odoo for a run, wait for it a while and show it."""
    asked = call.body
    if not isinstance(asked, Execute):
        raise TypeError("read by the route's own body")
    if not asked.dry_run:
        admit_change(door.token, platform=door.platform)
    given = _key(call.request.headers.get("idempotency-key"))
    key = given or str(uuid.uuid4())
    client = door.client()
    job = _job(client, asked.job)
    try:
        triggered = _trigger(client, job, asked, key, given=bool(given), request_id=call.request_id)
    except BusinessFault:
        # Only now: what was accepted once under this key stays accepted.
        _check_available(job)
        raise
    run, messages = _wait(door, client, triggered, asked.wait_seconds)
    document = {
        **figures(door, run),
        "repeated": triggered.repeated,
        "idempotency_key": key,
        "messages": messages,
    }
    if run.state == "done":
        return Response(200, document, _location(run.uid))
    return Response(202, document, {**_location(run.uid), **RETRY_AFTER})


def _location(uid: str) -> dict[str, str]:
    return {"Location": f"/runs/{uid}"}


def _key(header: str | None) -> str:
    """Return the caller's key, without the quotes that the header's draft standard puts on it."""
    if header is None:
        return ""
    key = header.strip()
    if len(key) > 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not re.fullmatch(KEY, key):
        raise BadInput(
            "Idempotency-Key must have 1 to 200 letters, digits or signs, and no space.",
            "A UUID does well.",
        )
    return key


def _job(client: Client, code: str) -> Job:
    try:
        return find_job(client.catalog(), code)
    except BadInput as error:
        raise HttpError(404, "job_unknown", error.message, error.remedy) from None


def _check_available(job: Job) -> None:
    if not job.available:
        raise HttpError(
            409,
            "job_unavailable",
            f"The job {job.code} is not available: {job.unavailable_reason}",
        ) from None


def _mode(job: Job, asked: Execute) -> str:
    """Return the mode that was asked for; what only reads has no other than ``plan``."""
    if asked.mode and asked.mode not in job.modes:
        raise _no_such_mode(
            f"The job {job.code} has no mode {asked.mode}.", f"Its modes: {', '.join(job.modes)}."
        )
    if asked.mode:
        return asked.mode
    if asked.plan and "live" not in job.modes:
        raise _no_such_mode(f"The job {job.code} only reads: there is no plan to carry out.")
    return "plan" if asked.dry_run or "live" not in job.modes else "live"


def _no_such_mode(message: str, remedy: str = "") -> HttpError:
    """Return the refusal of what would be good input for another job."""
    return HttpError(409, "job_unavailable", message, remedy)


def _trigger(
    client: Client, job: Job, asked: Execute, key: str, *, given: bool, request_id: str
) -> Triggered:
    parameters: dict[str, Any] = dict(asked.parameters)
    try:
        return client.trigger(
            job.code,
            mode=_mode(job, asked),
            parameters=parameters,
            idempotency_key=key,
            reason=asked.reason,
            source="http",
            request_id=request_id,
            plan=asked.plan,
        )
    except BusinessFault as error:
        if given and _is_conflict(error.message, key):
            raise HttpError(
                409, "key_conflict", error.message, "Use a new key for a new request."
            ) from None
        raise
    except OdooError as error:
        if may_be_done(error):
            error.remedy = (
                f"{error.remedy} It is not known whether Odoo got the request. The same request "
                f"with Idempotency-Key: {key} finds the run, or makes it once."
            ).strip()
            error.details = {**error.details, "idempotency_key": key}
        raise


def _is_conflict(message: str, key: str) -> bool:
    """Whether Odoo says that the key belongs to another request.

    The sentence may be in any language, but it always names the key and the run that it belongs to.
    """
    named = re.search(rf"(?<!\w){re.escape(key)}(?!\w)", message)
    if named is None:
        return False
    return _UID.search(message[: named.start()] + message[named.end() :]) is not None


class _Notes:
    """Takes down what the command line would show while it waits."""

    def __init__(self) -> None:
        self.run: Run | None = None
        self.messages: list[str] = []

    def update(self, run: Run) -> None:
        """See :class:`auditor.cli.waiting.Display`."""
        self.run = run

    def say(self, text: str) -> None:
        """See :class:`auditor.cli.waiting.Display`."""
        self.messages.append(text)

    def close(self) -> None:
        """See :class:`auditor.cli.waiting.Display`."""


def _wait(
    door: Door, client: Client, triggered: Triggered, seconds: float
) -> tuple[Run, list[str]]:
    """Return the run as it is when it has ended, waits for people, or the time is over.

    That the run was taken is known; whatever Odoo answers afterwards does not undo it.
    """
    from auditor.cli.waiting import wait

    notes = _Notes()
    try:
        if seconds == 0:
            return client.status(triggered.uid), []
        run = wait(client, triggered.uid, timeout=seconds, show=notes, clock=door.clock)
    except NotYet:
        run = notes.run or _as_triggered(triggered)
    except OdooError as error:
        notes.messages.append(error.message)
        run = notes.run or _as_triggered(triggered)
    return run, notes.messages


def _as_triggered(triggered: Triggered) -> Run:
    """Return what is known of a run that was only asked for."""
    return Run(
        uid=triggered.uid, job=triggered.job, mode=triggered.mode, state=triggered.state, status=""
    )


ROUTE = Route(
    "POST",
    "/execute",
    "Run a job: dry unless told otherwise",
    'Asks Odoo for a run and waits for it. Only `"dry_run": false` changes anything, and '
    "only where a token or Google's IAM tells who asks; Odoo's guards (caps, windows, approvals, "
    "kill switch) hold all the same. 200: the run has ended, and `ok` and `status` say how. 202: "
    "it goes on, or waits for approval (`awaits`); look at `Location`. With an `Idempotency-Key` "
    "the request may be sent again without making a second run.",
    handle,
    {
        200: Answer("The run has ended.", Accepted, {"Location": "The run."}),
        202: Answer(
            "The run goes on.",
            Accepted,
            {"Location": "The run.", "Retry-After": "Seconds until it is worth looking."},
        ),
    },
    body=Execute,
    headers={
        "Idempotency-Key": {"type": "string", "pattern": "^[!-~]{1,200}$"},
    },
    errors={
        403: ("token_needed",),
        404: ("job_unknown",),
        409: ("job_unavailable", "key_conflict"),
    },
)
