"""What a task knows about the run it works for."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TaskContext:
    """Handed to every method of a task and of an operation.

    :param parameters: validated values by name
    :param as_of: naive UTC moment that "now" means for the whole run: a plan and the live run
        that applies it test the same condition, however much later the second comes
    :param company: the job's company, in the environment of the run
    :param currency: code of the company's currency when the run was requested
    :param currency_digits: places after the point that it has
    """

    parameters: Mapping[str, Any]
    as_of: datetime.datetime
    company: Any
    currency: str = ""
    currency_digits: int = 2

    def days_ago(self, days: int) -> datetime.datetime:
        """The moment ``days`` days before ``as_of``."""
        return self.as_of - datetime.timedelta(days=days)


@dataclass(frozen=True)
class Measure:
    """One number that a task read.

    :param value: decimal text, so that it survives every transport unchanged
    :param unit: ``records``, ``days``, ``hours``, a currency code, ...
    :param verdict: ``pass``, ``warn``, ``fail`` or empty where no threshold applies
    :param detail: what is behind the number, for people: names, at most a few
    """

    name: str
    label: str
    value: str
    unit: str
    verdict: str = ""
    detail: str = ""

    def as_dict(self):
        """The measure as it is stored on the run and sent to clients."""
        return {
            "name": self.name,
            "label": self.label,
            "value": self.value,
            "unit": self.unit,
            "verdict": self.verdict,
            "detail": self.detail,
        }


def judge_number(number, warn, fail) -> str:
    """``fail`` from the fail threshold up, ``warn`` from the warn threshold up, else ``pass``.

    :param warn: threshold, included; ``None`` for no warning
    :param fail: threshold, included; ``None`` for never
    """
    if fail is not None and number >= fail:
        return "fail"
    if warn is not None and number >= warn:
        return "warn"
    return "pass"


def worst(verdicts) -> str:
    """The gravest of some verdicts; ``not_evaluated`` when there is none."""
    order = ["pass", "warn", "fail", "error"]
    known = [verdict for verdict in verdicts if verdict in order]
    return max(known, key=order.index) if known else "not_evaluated"
