"""The figures of cancelled quotations, of all rounds."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from .comparison import Comparison, Row, times
from .timing import Timing

CONTENDERS = {
    "naive": "naive XML-RPC, read + cancel, one record a call",
    "own": "live run, audited, Odoo's own chatter tracking",
    "plain": "plain ORM in batches, chatter, no audit",
    "live": "live run, audited, chatter in bulk (the default)",
    "bad": "the same, 4 in 1,000 records refused",
    "plan": "plan alone, lines frozen, trigger to done",
}
# Who is compared with whom, and what is wanted.
RATIOS = {
    "own": ("naive", ">= 12 x naive"),
    "plain": ("naive", ""),
    "live": ("naive", ">= 30 x naive, >= 2 x plain"),
    "bad": ("live", ">= 0.6 x of the run without"),
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

    def ratio(who: str, base: str) -> float:
        return medians[who]["records_per_second"] / medians[base]["records_per_second"]

    return {
        "rounds": [{name: timing.as_dict() for name, timing in one.items()} for one in rounds],
        "medians": medians,
        "ratios": {
            **{f"{who} / {base}": ratio(who, base) for who, (base, _wanted) in RATIOS.items()},
            "live / plain": ratio("live", "plain"),
        },
        "ratio_by_round": [one["live"].rate / one["naive"].rate for one in rounds],
    }


def comparison(figures: dict[str, Any], records: int) -> Comparison:
    """Return the rows for people.

    :param figures: what `summary` returned.
    """
    rows = []
    for name, text in CONTENDERS.items():
        timings = tuple(
            Timing(one[name]["records"], one[name]["seconds"]) for one in figures["rounds"]
        )
        # A plan changes nothing, so to compare it with work would say nothing.
        base, wanted = RATIOS.get(name, ("", ""))
        ratio = times(figures["ratios"][f"{name} / {base}"]) if base else ""
        rows.append(Row(text, timings, ratio, wanted))
    by_round = ", ".join(f"{ratio:.1f}" for ratio in figures["ratio_by_round"])
    return Comparison(
        f"Cancel {records:,} quotations",
        tuple(rows),
        (
            f"live run against plain ORM: {times(figures['ratios']['live / plain'])}",
            f"live run against naive, round by round: {by_round}",
        ),
        figures,
    )
