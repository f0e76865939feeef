"""Pieces that several commands use."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from auditor.errors import BadInput

if TYPE_CHECKING:
    from auditor.odoo.answers import Catalog, Job


def find_job(catalog: Catalog, code: str) -> Job:
    """Return the job named ``code``.

    :raises BadInput: there is none; lists those that there are.
    """
    for job in catalog.jobs:
        if job.code == code:
            return job
    codes = sorted(job.code for job in catalog.jobs)
    near = get_close_matches(code, codes, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise BadInput(
        f"There is no job {code}.{hint}",
        f"Jobs: {', '.join(codes)}" if codes else "Odoo offers no jobs to this user.",
    )


def link(base: str, path: str) -> str:
    """Return the address of a page of Odoo, ``""`` when there is none.

    Only a path of that same Odoo is joined: an answer must not send people elsewhere.
    """
    return f"{base}{path}" if path.startswith("/") and not path.startswith("//") else ""
