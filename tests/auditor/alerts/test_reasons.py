"""Whether to send is a truth table: every cell of it."""

from __future__ import annotations

from itertools import product

import pytest

from auditor.alerts.notification import Reason
from auditor.alerts.stages.deduplicate import SILENT, Case, reason

NAMES = "told new worse resolved left due untold".split()

TABLE = """
told new worse resolved left due untold
   0   1     -        -    -   -      -  first
   1   1     -        -    -   -      -  new_alerts
   -   0     1        -    -   -      -  more_severe
   -   0     0        1    1   -      -  some_resolved
   -   0     0        1    0   -      -  all_resolved
   1   0     0        0    1   1      -  reminder
   1   0     0        0    1   0      -  nothing_new
   1   0     0        0    0   -      -  nothing_new
   0   0     0        0    -   -      1  never_told
   0   0     0        0    -   -      0  nothing_new
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()[1:]]
CELLS = list(product((False, True), repeat=len(NAMES)))


def expected(cell: tuple[bool, ...]) -> str:
    found = [
        row[-1]
        for row in ROWS
        if all(mark in ("-", str(int(value))) for mark, value in zip(row, cell, strict=False))
    ]
    assert len(found) == 1, f"{len(found)} rows of the table fit {cell}"
    return found[0]


@pytest.mark.parametrize("unsure", [False, True])
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: "".join(str(int(v)) for v in cell))
def test_every_cell(cell: tuple[bool, ...], unsure: bool) -> None:
    found = reason(Case(unsure=unsure, **dict(zip(NAMES, cell, strict=True))))
    sure = Reason(expected(cell))
    assert found is (Reason.UNSURE if unsure and sure not in SILENT else sure)
