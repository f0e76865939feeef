"""A job's parameters: its declaration in Odoo as a JSON schema, and as a check of what is given.

Only what a job lets one run change is in the schema; what selects the kind of records is not, so it
cannot even be sent. Odoo checks everything again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictStr,
    create_model,
)
from pydantic import ValidationError as Unfit

from auditor.adapters.mcp.errors import problems
from auditor.adapters.mcp.foreign import clean, value
from auditor.errors import BadInput
from auditor.odoo.answers import Job, Parameter

LARGEST, SMALLEST = 2**31 - 1, -(2**31)
LONGEST_TEXT = 2000


def schema(job: Job) -> dict[str, Any]:
    """Return the JSON schema of what ``plan_job`` takes as parameters of this job."""
    made = _model(job).model_json_schema(by_alias=True)
    for each in job.parameters:
        declared = made.get("properties", {}).get(each.name, {})
        declared.pop("default", None)
        if declared and each.value not in ("", None):
            declared["default"] = value(each.value)
    return made


def check(job: Job, given: Mapping[str, object]) -> dict[str, object]:
    """Return the parameters to send.

    :raises BadInput: unknown, not to be changed for one run, missing, or unfit; says all at once.
    """
    fixed = [each.name for each in job.parameters if not each.overridable and each.name in given]
    if fixed:
        raise BadInput(
            f"{', '.join(fixed)}: belongs to the job {job.code} and is changed there, in Odoo, by "
            "a manager; not for one run.",
            "Leave it out.",
        )
    try:
        checked = _model(job).model_validate(dict(given))
    except Unfit as error:
        names = ", ".join(each.name for each in job.parameters if each.overridable) or "none"
        raise BadInput(
            f"Parameters of {job.code}: {problems(error)}.",
            f"It takes: {names}. describe_job has their schema.",
        ) from None
    return checked.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _model(job: Job) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for number, each in enumerate(each for each in job.parameters if each.overridable):
        must = each.required and each.value in ("", None)
        # A parameter may be called like a method of the model; its place never is.
        fields[f"p{number}"] = (
            _type(each),
            Field(
                ... if must else None,
                alias=each.name,
                title=clean(each.label, most=100) or each.name,
                description=clean(each.help),
            ),
        )
    return create_model("Parameters", __config__=ConfigDict(extra="forbid"), **fields)


def _type(each: Parameter) -> Any:  # noqa: ANN401  a type made of a declaration
    low, high = each.minimum, each.maximum
    if each.type == "integer":
        low = SMALLEST if low is None else max(SMALLEST, low)
        high = LARGEST if high is None else min(LARGEST, high)
        return Annotated[int, Field(strict=True, ge=int(low), le=int(high))]
    if each.type == "number":
        # strict: no truth value and no text passes for a number, but a whole one does.
        return Annotated[float, Field(strict=True, ge=low, le=high, allow_inf_nan=False)]
    if each.type == "boolean":
        return StrictBool
    if each.type == "selection" and each.choices:
        return Literal[tuple(choice.value for choice in each.choices)]
    if each.type == "date":
        return Annotated[date, BeforeValidator(_only_text)]
    return Annotated[StrictStr, Field(max_length=LONGEST_TEXT)]


def _only_text(given: object) -> object:
    """Let no number pass for a day: pydantic would take it for seconds since 1970."""
    if not isinstance(given, str):
        raise ValueError("must be a date like 2026-01-31")  # noqa: TRY004  pydantic's own protocol
    return given
