"""The sealed chain: digests, seals, and whether what one reads is what was sealed.

Version 1 of the canonical form. Pure functions over the texts that were sealed: nothing here parses
and writes again what it hashes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from operator import itemgetter

from auditor.odoo.errors import Garbled
from auditor.stores.interface import (
    COMPANY,
    ERASED,
    EVENT,
    LINES,
    RETENTION,
    RUN,
    Entry,
    Head,
    LineRow,
)
from auditor.trail.errors import Break, Broken

VERSION = "sentinel-ops/1"
_WITHHELD = frozenset({"", COMPANY, ERASED, RETENTION, LINES})


def digest(salt: str, content: str) -> str:
    """Return the digest of a line, a run or an event, hex."""
    return sha256((salt + content).encode()).hexdigest()


def seal(chain: str, entry: Entry, previous: str) -> str:
    """Return the seal of ``entry`` behind the seal ``previous``, hex."""
    fields = (
        VERSION,
        chain,
        str(entry.position),
        entry.kind,
        entry.uid,
        entry.sealed_at,
        entry.digest,
        previous,
        "",
    )
    return sha256("\n".join(fields).encode()).hexdigest()


def lines_digest(digests: Iterable[str]) -> str:
    """Return the digest over a run's lines from theirs, hex, in order of position."""
    return sha256(b"".join(bytes.fromhex(each) for each in digests)).hexdigest()


def seals_digest(seals: Iterable[str]) -> str:
    """Return the digest over a day's seals, hex, in order of position."""
    return sha256(b"".join(bytes.fromhex(each) for each in seals)).hexdigest()


def named(entry: Entry) -> str:
    """Return how people call an entry."""
    return f"{'run' if entry.kind == RUN else 'event'} {entry.uid} at position {entry.position}"


def check_entry(chain: str, entry: Entry, previous: Head) -> Head:
    """Return the head behind ``entry``.

    :raises Broken: it is not what was sealed at the place after ``previous``.
    """
    expected = previous.position + 1
    if entry.position > expected:
        gone = str(expected)
        if entry.position > expected + 1:
            gone += f" to {entry.position - 1}"
        raise Broken(
            Break.MISSING,
            expected,
            f"An entry is missing: position {entry.position} of the chain comes where {expected} "
            f"must come, so {gone} is gone.",
        )
    if entry.position < expected:
        raise Broken(
            Break.ORDER,
            expected,
            f"The order is broken: position {entry.position} of the chain comes where {expected} "
            "must come.",
        )
    if entry.withheld not in _WITHHELD or (
        entry.withheld in ("", LINES) and not (entry.salt and entry.content)
    ):
        raise Broken(
            Break.CONTENT,
            expected,
            f"The content of the {named(entry)} is missing, and no known reason is given.",
        )
    if entry.content and digest(entry.salt, entry.content) != entry.digest:
        raise Broken(
            Break.CONTENT,
            expected,
            f"The content was edited: the {named(entry)} is not what was sealed.",
        )
    if seal(chain, entry, previous.seal) != entry.seal:
        raise Broken(
            Break.SEAL,
            expected,
            f"The seal was rewritten: that of the {named(entry)} does not fit what it seals and "
            "the seal before it.",
        )
    return Head(entry.position, entry.seal)


@dataclass(frozen=True)
class Facts:
    """What a sealed run says about its lines."""

    count: int
    digest: str


def facts(entry: Entry) -> Facts | None:
    """Return what the run says about its lines; None when its content is not given.

    :raises Garbled: the content does not say it.
    """
    if entry.kind != RUN or not entry.content:
        return None
    try:
        content = json.loads(entry.content)
        return Facts(int(content["line_count"]), str(content["lines_digest"]))
    except (ValueError, KeyError, TypeError):
        raise Garbled(
            f"The sealed {named(entry)} does not say how many lines it has, as the contract "
            "demands.",
            "The addon and the auditor may be of different releases: upgrade both.",
        ) from None


class Released:
    """What the events of a chain say may be gone: erased lines, and what retention took."""

    def __init__(self) -> None:
        self.erased = self.entries = self.lines = 0

    def learn(self, entry: Entry) -> None:
        """Take an entry into account, in order."""
        if entry.kind != EVENT or not entry.content:
            return
        try:
            content = json.loads(entry.content)
            after = content["after"]
            if content["kind"] == "erased":
                self.erased += int(after["lines"])
            elif content["kind"] == "retention":
                self.entries, self.lines = int(after["until"]), int(after["lines"])
        except (ValueError, KeyError, TypeError):
            return  # it lets nothing go then


def erased_record(entry: Entry) -> tuple[str, str] | None:
    """Return (model, id) of the record whose data this event says was erased; None for others."""
    if entry.kind != EVENT or '"kind":"erased"' not in entry.content:
        return None
    try:
        content = json.loads(entry.content)
        return str(content["model"]), str(int(content["record"]))
    except (ValueError, KeyError, TypeError):
        return None


class LinesCheck:
    """Check lines, given in order, against the runs that were sealed with them.

    :param entries: consecutive entries that :func:`check_entry` found good.

    ``lines`` counts what was taken, ``erased`` those without content, ``unproven`` those of runs
    whose own content was erased, so that nothing is left to check them against.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._runs = [entry for entry in entries if entry.kind == RUN]
        self._places = {entry.position: index for index, entry in enumerate(self._runs)}
        self._index = -1
        self._facts: Facts | None = None
        self._count = self._last = self._gap = 0
        self._hash = sha256()
        self.lines = self.erased = self.unproven = 0

    def take(self, rows: Iterable[LineRow]) -> list[LineRow]:
        """Return the same rows, each with its digest.

        :raises Broken: a line is not what was sealed, or a run before it has others than it says.
        """
        taken: list[LineRow] = []
        for place, group in groupby(rows, key=itemgetter(0)):
            self._go_to(place)
            self._take(group, taken)
        return taken

    def end(self) -> None:
        """Say that no line comes any more.

        :raises Broken: a run has other lines than it says.
        """
        self._leave(len(self._runs))

    def _take(self, rows: Iterable[LineRow], taken: list[LineRow]) -> None:
        before, last = len(taken), self._last
        add, update = taken.append, self._hash.update
        for row in rows:
            place, position, given, salt, content = row
            if position != last + 1:
                self._step(position, last)
            last = position
            if content:
                made = sha256((salt + content).encode())
                hexadecimal = made.hexdigest()
                if given and given != hexadecimal:
                    raise self._broken(Break.LINE_EDITED, position, "was edited")
                if f'"position":{position},' not in content:
                    raise self._broken(
                        Break.LINE_ORDER, position, "stands where another line was sealed"
                    )
                update(made.digest())
                add(LineRow(place, position, hexadecimal, salt, content))
            else:
                update(self._erased(given, position))
                add(row)
        self._last = last
        self._count += len(taken) - before
        self.lines += len(taken) - before
        if self._facts is None:
            self.unproven += len(taken) - before

    def _step(self, position: int, last: int) -> None:
        if position <= last:
            raise self._broken(
                Break.LINE_ORDER, position, f"comes after line {last}: twice, or out of order"
            )
        self._gap = self._gap or last + 1

    def _erased(self, given: str, position: int) -> bytes:
        self.erased += 1
        try:
            raw = bytes.fromhex(given)
        except ValueError:
            raw = b""
        if len(raw) != 32:
            raise self._broken(
                Break.LINE_EDITED, position, "has neither its content nor the digest of it"
            )
        return raw

    def _go_to(self, place: int) -> None:
        index = self._places.get(place, -1)
        if index == self._index and index >= 0:
            return
        if index < 0:
            self._leave(self._index + 1)
        if index < self._index or index < 0:
            here = self._index + 1 if index < 0 else self._index
            raise Broken(
                Break.LINE_EXTRA,
                self._runs[min(here, len(self._runs) - 1)].position,
                f"There are lines at position {place} of the chain, where no run of them is, or "
                "they come out of order.",
            )
        self._leave(index)
        self._index = index
        self._count = self._last = self._gap = 0
        self._hash = sha256()
        entry = self._runs[index]
        self._facts = facts(entry)
        if entry.withheld in (COMPANY, RETENTION, LINES):
            raise self._broken(
                Break.LINE_EXTRA, 0, "has lines, although they are said to be withheld"
            )

    def _leave(self, index: int) -> None:
        """End the current run, and go past those between it and ``index``, which have no line."""
        if self._index >= 0 and self._facts:
            self._compare(self._facts)
        for entry in self._runs[self._index + 1 : index]:
            known = None if entry.withheld else facts(entry)
            if known and (known.count or known.digest != _NO_LINES):
                raise Broken(
                    Break.LINE_MISSING,
                    entry.position,
                    f"Lines are missing: the {named(entry)} has {known.count} and none is there.",
                    line=1,
                )

    def _compare(self, known: Facts) -> None:
        if self._count == known.count and self._hash.hexdigest() == known.digest:
            return
        # Numbers run from 1 without a gap unless some of a plan's lines were chosen; where they
        # do, the gap says which line it is.
        dense = self._last <= known.count
        counts = f"{known.count} lines were sealed and {self._count} are there"
        if self._count < known.count:
            line = (self._gap or self._last + 1) if dense else 0
            raise self._broken(Break.LINE_MISSING, line, f"is missing: {counts}")
        if self._count > known.count:
            raise self._broken(
                Break.LINE_EXTRA, 0 if dense else self._last, f"is one too many: {counts}"
            )
        raise self._broken(
            Break.LINE_EDITED, 0, "was edited or put in another's place; nothing here says which"
        )

    def _broken(self, kind: Break, line: int, what: str) -> Broken:
        entry = self._runs[self._index]
        which = f"line {line}" if line else "a line"
        return Broken(
            kind,
            entry.position,
            f"Of the {named(entry)}, {which} {what}.",
            line=line,
        )


_NO_LINES = lines_digest(())
