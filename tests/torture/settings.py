"""How much is to be killed."""

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What one torture does.

    :param rounds: how many runs are hit.
    :param first: number of the first round; a round depends on seed and number only.
    :param records: quotations of each round.
    """

    seed: int
    rounds: int = 30
    first: int = 1
    records: int = 2000


def parse(arguments: Sequence[str]) -> Settings:
    """Return the settings of a command line; the seed is drawn when none is given.

    :raises SystemExit: an argument is wrong; argparse has said which.
    """
    usual = Settings(seed=0)
    parser = argparse.ArgumentParser(
        prog="make torture",
        description="kill -9 Odoo and PostgreSQL during live runs, restart them, and count.",
    )
    parser.add_argument("--seed", type=int, help="repeat the blows of an earlier torture")
    for name, text in (
        ("rounds", "how many runs are hit (default: %(default)s)"),
        ("first", "number of the first round, to repeat a single one (default: %(default)s)"),
        ("records", "quotations of each round (default: %(default)s)"),
    ):
        parser.add_argument(f"--{name}", type=_count, default=getattr(usual, name), help=text)
    given = vars(parser.parse_args(arguments))
    if given["seed"] is None:
        given["seed"] = random.SystemRandom().randrange(1_000_000)
    return Settings(**given)


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text} is not from 1 to 1000000")
    return number
