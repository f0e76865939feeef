"""What an alert is about, as rules and silences ask for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from auditor.alerts.kinds import KINDS
from auditor.alerts.notification import Severity

if TYPE_CHECKING:
    from auditor.alerts.notification import Alert

FIELDS = ("severity", "kind", "job", "tag", "company")


class Match(BaseModel):
    """Alerts of which every field that is given has one of its values; without any, all alerts.

    Values of ``kind``, ``job``, ``tag`` and ``company`` may hold ``*`` for any text; every other
    character stands for itself.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    severity: tuple[Severity, ...] = ()
    kind: tuple[str, ...] = ()
    job: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    company: tuple[str, ...] = Field(default=())

    def fits(self, alert: Alert) -> bool:
        """Whether ``alert`` is one of them."""
        return (
            (not self.severity or alert.severity in self.severity)
            and _any(self.kind, (alert.kind,))
            and _any(self.job, (alert.job,))
            and _any(self.tag, alert.tags)
            and _any(self.company, (alert.company,))
        )

    def __str__(self) -> str:
        given = [
            f"{name}={','.join(getattr(value, 'value', value) for value in getattr(self, name))}"
            for name in FIELDS
            if getattr(self, name)
        ]
        return " ".join(given) or "everything"


def _any(patterns: tuple[str, ...], values: tuple[str, ...]) -> bool:
    return not patterns or any(
        _like(pattern, value) for pattern in patterns for value in values if value
    )


def some_kind(pattern: str) -> bool:
    """Whether there is a kind of alert that ``pattern`` stands for."""
    return any(_like(pattern, kind) for kind in KINDS)


def _like(pattern: str, value: str) -> bool:
    anything = ".*".join(re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(anything, value, re.DOTALL) is not None
