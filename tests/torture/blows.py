"""Who is hit, and when: drawn from the seed, before anything happens."""

import random
from dataclasses import dataclass

# Two numbers without a common divisor: any `len(VICTIMS)` rounds in a row hit each victim, any
# `len(MOMENTS)` each moment, and thirty in a row every pair of them.
VICTIMS = ("odoo", "postgres", "odoo and postgres", "backend", "frozen odoo", "odoo twice")
MOMENTS = ("plan", "batches", "sealing", "pause", "any time")


@dataclass(frozen=True)
class Blow:
    """One blow.

    :param victim: one of `VICTIMS`.
    :param moment: one of `MOMENTS`.
    :param share: where within the moment, from 0 to 1.
    :param fine: further delay, from 0 to 1, of what the moment calls a short one.
    :param again: when the second blow comes, from 0 to 1 of the time that a run takes.
    :param choice: which of several processes is meant, from 0 to 1.
    """

    number: int
    victim: str
    moment: str
    share: float
    fine: float
    again: float
    choice: float

    def __str__(self) -> str:
        return f"round {self.number}: {self.victim}, {self.moment}"


def blow(seed: int, number: int) -> Blow:
    """Return the blow of a round; it depends on nothing else."""
    order = random.Random(seed)
    victims, moments = list(VICTIMS), list(MOMENTS)
    order.shuffle(victims)
    order.shuffle(moments)
    own = random.Random(f"{seed}/{number}")
    return Blow(
        number=number,
        victim=victims[number % len(victims)],
        moment=moments[number % len(moments)],
        share=own.random(),
        fine=own.random(),
        again=own.random(),
        choice=own.random(),
    )
