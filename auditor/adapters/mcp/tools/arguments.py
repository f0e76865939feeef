"""Arguments that several tools take, so that they mean the same everywhere."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

JobCode = Annotated[
    str, Field(min_length=1, max_length=100, description="Code of a job, as in list_jobs.")
]
RunUid = Annotated[
    str, Field(pattern=r"^[0-9A-Za-z-]{1,64}$", description="uid of a run, in full.")
]
Reason = Annotated[
    str, Field(max_length=500, description="Why, in the person's words; kept in the trail.")
]
IdempotencyKey = Annotated[
    str,
    Field(
        pattern=r"^[0-9A-Za-z_.:-]{0,100}$",
        description="The same key and request give the same run, however often they are sent. "
        "Without one, the same call within two minutes counts as repeated.",
    ),
]
