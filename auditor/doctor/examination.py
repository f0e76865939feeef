"""Go through the checks in order; one that fails does not stop the others."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from auditor.doctor.finding import CannotTell, Finding, fail, unknown, unused
from auditor.doctor.subject import Subject
from auditor.errors import AuditorError, BadInput

CHECKS = (
    "python",
    "extras",
    "settings",
    "network",
    "odoo",
    "login",
    "key",
    "addon",
    "rights",
    "scheduler",
    "clock",
    "store",
    "bigquery",
    "chain",
    "lag",
    "slack",
    "webhook",
    "email",
    "deadman",
    "http",
    "mcp",
)
"""Names of files in :mod:`auditor.doctor.checks`, in an order in which each may rely on those
before it."""


@dataclass(frozen=True)
class Examined:
    """A finding and the check that it is of."""

    check: str
    finding: Finding


def examine(subject: Subject, *, skip: Collection[str] = ()) -> Iterator[Examined]:
    """Yield what every check finds; each yields at least one finding.

    :param skip: names of checks to leave out.
    :raises BadInput: one of them is none.
    """
    strange = sorted(set(skip) - set(CHECKS))
    if strange:
        raise BadInput(f"There is no check {', '.join(strange)}.", f"Checks: {', '.join(CHECKS)}.")
    for name in CHECKS:
        if name in skip:
            yield Examined(name, unused("Skipped, as asked."))
            continue
        for finding in _guarded(name, subject):
            yield Examined(name, finding)


def _guarded(name: str, subject: Subject) -> Iterator[Finding]:
    module = importlib.import_module(f"auditor.doctor.checks.{name}")
    try:
        yield from module.check(subject)
    except CannotTell as error:
        yield unknown(error.message, error.remedy)
    except AuditorError as error:
        yield fail(error.message, error.remedy)
    except Exception as error:  # noqa: BLE001  a check that breaks must not hide what others find
        yield unknown(
            f"The check itself broke: {type(error).__name__}: {error}", "Please report it."
        )
