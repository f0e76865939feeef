"""What one benchmark found: rows for people, figures for a file."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from .timing import Timing


@dataclass(frozen=True)
class Row:
    """One way of doing the work.

    :param timings: one for each round; the median counts.
    :param ratio: how it compares, with its unit: "12.3 x"; empty where nothing is compared.
    :param wanted: what the ratio should be.
    """

    text: str
    timings: tuple[Timing, ...]
    ratio: str = ""
    wanted: str = ""

    @property
    def seconds(self) -> float:
        """The median."""
        return median(timing.seconds for timing in self.timings)

    @property
    def rate(self) -> float:
        """Records per second, the median."""
        return median(timing.rate for timing in self.timings)


@dataclass(frozen=True)
class Comparison:
    """Ways of doing the same work, side by side.

    :param title: what the work is.
    :param rows: timed ways.
    :param notes: lines below them, for what is no time.
    :param figures: what is written to the file besides.
    """

    title: str
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return it as it is written to a file."""
        return {
            "title": self.title,
            "rows": [
                {
                    "text": row.text,
                    "rounds": [timing.as_dict() for timing in row.timings],
                    "median_seconds": row.seconds,
                    "median_records_per_second": row.rate,
                    "ratio": row.ratio,
                    "wanted": row.wanted,
                }
                for row in self.rows
            ],
            "notes": list(self.notes),
            **self.figures,
        }


def times(ratio: float) -> str:
    """Return a ratio as it is shown."""
    return f"{ratio:,.1f} x" if ratio < 100 else f"{ratio:,.0f} x"


def table(comparisons: Sequence[Comparison]) -> list[str]:
    """Return the lines of one table for people."""
    lines = [f"{'median':<54}{'records':>10}{'seconds':>10}{'records/s':>11}{'ratio':>9}  wanted"]
    for comparison in comparisons:
        lines += ["", comparison.title]
        for row in comparison.rows:
            lines.append(
                f"  {row.text:<52}{row.timings[0].records:>10,}{row.seconds:>10.2f}"
                f"{row.rate:>11,.0f}{row.ratio:>9}  {row.wanted}".rstrip()
            )
        lines += [f"  {note}" for note in comparison.notes]
    return lines
