"""Numbers as people write them: ``1,5-9``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from auditor.errors import BadInput

LARGEST = 2**31 - 1
MOST = 100_000
"""Numbers in one choice; whoever means more means the whole plan."""
_PART = re.compile(r"(\d{1,10})(?:-(\d{1,10}))?")


def read_numbers(text: str) -> list[int]:
    """Return the numbers of ``1,5-9``, each once, in order.

    :raises BadInput: it is empty or malformed, backwards, or more than :data:`MOST`.
    """
    chosen: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        if not match:
            raise BadInput(f"--lines {text!r} must be numbers and ranges, such as 1,5-9.")
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last <= LARGEST:
            raise BadInput(f"--lines {part.strip()!r} must go up, from 1 to {LARGEST} at the most.")
        if last - first >= MOST or len(chosen) + last - first >= MOST:
            raise BadInput(f"--lines chooses {MOST:,} lines at the most.")
        chosen.update(range(first, last + 1))
    return sorted(chosen)


def shown_numbers(numbers: Iterable[int]) -> str:
    """Return ``1, 5-9`` for numbers in order."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)
