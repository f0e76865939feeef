"""Lines read ahead: BigQuery bills and waits by the query, so runs in a row share one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from auditor.stores.interface import LineRow

RUNS_AHEAD = 500
"""How many places one query covers once a caller goes through them in order."""

Fetch = Callable[[str, int, int], tuple[int, Iterator[LineRow]]]
"""Gives the lines of a chain's places from the first to the last, both inclusive, in order; and the
last place that had any, for what lands behind it later is not among them."""


class LinesAhead:
    """Gives the lines of one run after the other; none is held in memory but the next one."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._rows: Iterator[LineRow] = iter(())
        self._next: LineRow | None = None
        self._chain = ""
        self._asked = self._until = 0

    def forget(self) -> None:
        """Drop what was read ahead: something is being written."""
        self._rows, self._next = iter(()), None
        self._chain, self._asked, self._until = "", 0, 0

    def lines(self, chain: str, place: int) -> Iterator[LineRow]:
        """Give the lines of ``place``, which must be taken before another place is asked for.

        :raises RuntimeError: they were not; what is left of them must not look like all there is.
        """
        goes_on = chain == self._chain and place > self._asked
        if not goes_on or place > self._until:
            # Whoever asks for one place alone gets one alone.
            until = place + RUNS_AHEAD - 1 if goes_on else place
            self._until, self._rows = self._fetch(chain, place, until)
            self._next = next(self._rows, None)
        self._chain, self._asked = chain, place
        while self._next is not None and self._next.run_position < place:
            self._next = next(self._rows, None)
        while self._next is not None and self._next.run_position == place:
            row = self._next
            self._next = next(self._rows, None)
            yield row
            if (self._chain, self._asked) != (chain, place):
                raise RuntimeError(f"lines of place {place} are read after others were asked for")
