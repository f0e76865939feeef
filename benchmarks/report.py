"""The figures of cancelled quotations, of all rounds."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from .comparison import Comparison, Row, times
from .timing import Timing

CONTENDERS = {
    "naive": "naive XML-RPC, read + cancel, one record a call",
    "live": "live run of the job, audited, trigger to done",
    "plan": "plan alone, lines frozen, trigger to done",
}
WANTED = {"naive": "", "live": ">= 30 x", "plan": ""}
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


def comparison(figures: dict[str, Any], records: int) -> Comparison:
    """Return the rows for people.

    :param figures: what `summary` returned.
    """
    base = figures["medians"]["naive"]["records_per_second"]
    rows = []
    for name, text in CONTENDERS.items():
        timings = tuple(
            Timing(one[name]["records"], one[name]["seconds"]) for one in figures["rounds"]
        )
        # A plan changes nothing, so to compare it with work would say nothing.
        rate = figures["medians"][name]["records_per_second"]
        rows.append(Row(text, timings, "" if name == "plan" else times(rate / base), WANTED[name]))
    by_round = ", ".join(f"{ratio:.1f}" for ratio in figures["ratio_by_round"])
    return Comparison(
        f"Cancel {records:,} quotations",
        tuple(rows),
        (f"live run against naive, round by round: {by_round}",),
        figures,
    )
