"""Whether a number is unusual: the median of those before it, and the median deviation from that.

Both shrug off the few wild numbers that a mean and a standard deviation follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from auditor.alerts.rules import Anomaly

SCALE = 1.4826
"""Of normally spread numbers, this times the median deviation is the standard deviation."""


class Usual(NamedTuple):
    """What is usual, after so many points, and whether the number in question lies outside."""

    median: float
    low: float
    high: float
    points: int
    outside: bool


def usual(number: float, before: Sequence[float], rules: Anomaly) -> Usual | None:
    """Compare ``number`` with those before it, None when they are too few to tell."""
    if len(before) < rules.points:
        return None
    middle = median(before)
    spread = SCALE * median(abs(each - middle) for each in before)
    # With a spread of nothing every change would be infinitely unusual.
    reach = max(rules.deviations * spread, rules.change)
    return Usual(middle, middle - reach, middle + reach, len(before), abs(number - middle) > reach)
