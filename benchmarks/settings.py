"""What is measured, and how often."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# The job's own bound on its parameter `limit`.
_MOST_RECORDS = 1_000_000


@dataclass(frozen=True)
class Settings:
    """How much work each contender gets.

    :param records: quotations of each live run.
    :param naive_sample: quotations that the naive way cancels in one round.
    :param json: where the figures are written, None for a new file in `benchmarks/results`.
    """

    records: int = 5000
    naive_sample: int = 300
    rounds: int = 3
    json: Path | None = None


def parse(arguments: Sequence[str]) -> Settings:
    """Return the settings of a command line.

    :raises SystemExit: an argument is wrong; argparse has said which.
    """
    usual = Settings()
    parser = argparse.ArgumentParser(
        prog="make bench",
        description="Cancel old quotations by a live run and by naive XML-RPC, side by side.",
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
    parser.add_argument(
        "--json", type=Path, help="file for the figures (default: a new one in benchmarks/results)"
    )
    return Settings(**vars(parser.parse_args(arguments)))


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= _MOST_RECORDS:
        raise argparse.ArgumentTypeError(f"{text} is not from 1 to {_MOST_RECORDS}")
    return number
