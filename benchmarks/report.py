"""The figures of all rounds as one table, and as data."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from .timing import Timing

CONTENDERS = {
    "naive": "naive XML-RPC, read + cancel, one record a call",
    "live": "live run of the job, audited, trigger to done",
    "plan": "plan alone, lines frozen, trigger to done",
}
Round = dict[str, Timing]


def summary(rounds: Sequence[Round]) -> dict[str, Any]:
    """Return medians and ratios.

    :param rounds: a timing by contender for each.
    """
    medians = {
        name: {
            "records": rounds[0][name].records,
            "seconds": median(one[name].seconds for one in rounds),
            "records_per_second": median(one[name].rate for one in rounds),
        }
        for name in CONTENDERS
    }
    return {
        "rounds": [{name: timing.as_dict() for name, timing in one.items()} for one in rounds],
        "medians": medians,
        "ratio": medians["live"]["records_per_second"] / medians["naive"]["records_per_second"],
        "ratio_by_round": [one["live"].rate / one["naive"].rate for one in rounds],
    }


def table(figures: dict[str, Any]) -> list[str]:
    """Return the lines of a table for people.

    :param figures: what `summary` returned.
    """
    lines = [f"{'median':<50}{'records':>9}{'seconds':>10}{'records/s':>11}{'ratio':>9}"]
    base = figures["medians"]["naive"]["records_per_second"]
    for name, text in CONTENDERS.items():
        row = figures["medians"][name]
        # A plan changes nothing, so to compare it with work would say nothing.
        ratio = "" if name == "plan" else f"{row['records_per_second'] / base:.1f} x"
        lines.append(
            f"{text:<50}{row['records']:>9,}{row['seconds']:>10.2f}"
            f"{row['records_per_second']:>11,.0f}{ratio:>9}"
        )
    by_round = ", ".join(f"{ratio:.1f}" for ratio in figures["ratio_by_round"])
    lines.append(f"live run against naive, round by round: {by_round}")
    return lines
