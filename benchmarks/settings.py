"""What is measured, and how often."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# The job's own bound on its parameter `limit`.
_MOST_RECORDS = 1_000_000
_MOST_LINES = 10_000_000


@dataclass(frozen=True)
class Settings:
    """How much work each contender gets.

    :param records: quotations of each live run.
    :param naive_sample: quotations that the naive way cancels in one round.
    :param orders: sales orders in the database of which a third is planned.
    :param lines: lines of the longest plan.
    :param partners: partners archived in one round.
    :param transfers: transfers cancelled by each live run.
    :param trail_lines: sealed lines that are pulled.
    :param trail_sample: lines that the newcomer's way copies in one round.
    :param only: names of the benchmarks wanted; empty for all.
    :param json: where the figures are written, None for a new file in `benchmarks/results`.
    """

    records: int = 5000
    naive_sample: int = 300
    rounds: int = 3
    json: Path | None = None
    orders: int = 200_000
    lines: int = 1_000_000
    partners: int = 20_000
    transfers: int = 500
    trail_lines: int = 200_000
    trail_sample: int = 10_000
    only: tuple[str, ...] = ()


def parse(arguments: Sequence[str], names: Sequence[str] = ()) -> Settings:
    """Return the settings of a command line.

    :param names: of the benchmarks that there are.
    :raises SystemExit: an argument is wrong; argparse has said which.
    """
    usual = Settings()
    parser = argparse.ArgumentParser(
        prog="make bench",
        description="Measure what the engine takes for its work, next to other ways of doing it.",
    )
    parser.add_argument(
        "--records",
        type=_count,
        default=usual.records,
        help="quotations of each live run (default: %(default)s)",
    )
    parser.add_argument(
        "--naive-sample",
        type=_count,
        default=usual.naive_sample,
        help="quotations the naive way cancels in each round (default: %(default)s)",
    )
    parser.add_argument(
        "--rounds", type=_count, default=usual.rounds, help="rounds (default: %(default)s)"
    )
    for name, kind, text in (
        ("orders", _count, "sales orders of which a third is planned"),
        ("lines", _count, "lines of the longest plan"),
        ("partners", _count, "partners archived in one round"),
        ("transfers", _count, "transfers of each live run"),
        ("trail-lines", _count_lines, "sealed lines that are pulled"),
        ("trail-sample", _count, "lines that the newcomer's way copies in each round"),
    ):
        parser.add_argument(
            f"--{name}",
            type=kind,
            default=getattr(usual, name.replace("-", "_")),
            help=f"{text} (default: %(default)s)",
        )
    parser.add_argument(
        "--only",
        action="append",
        choices=list(names),
        default=[],
        help="only this benchmark; may be given several times",
    )
    parser.add_argument(
        "--json", type=Path, help="file for the figures (default: a new one in benchmarks/results)"
    )
    given = vars(parser.parse_args(arguments))
    return Settings(**{**given, "only": tuple(given["only"])})


def _count(text: str, most: int = _MOST_RECORDS) -> int:
    number = int(text)
    if not 1 <= number <= most:
        raise argparse.ArgumentTypeError(f"{text} is not from 1 to {most}")
    return number


def _count_lines(text: str) -> int:
    return _count(text, _MOST_LINES)
