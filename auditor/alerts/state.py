"""What must be remembered of alerts, and what is needed from a store to remember it.

A store keeps small documents, each with a version, and writes several of them at once or none: only
if every one still has the version that the writer saw. So two auditors on one store never judge the
same run twice and never send the same message twice: the one that comes second writes nothing, and
looks again. A claim is such a document too, with its owner and an end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, NamedTuple, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from auditor.alerts.matching import Match
from auditor.alerts.notification import Alert, Severity
from auditor.errors import AuditorError

MARK, ALERT, TOLD, SILENCE = "mark", "alert", "told", "silence"
"""The kinds of rows: how far a chain was judged, an alert, what a channel was told, a silence."""


class Row(NamedTuple):
    """One document as it is stored; ``version`` grows by one with each change."""

    kind: str
    key: str
    version: int
    document: str


class Change(NamedTuple):
    """A document to store; ``expected`` is its version so far, 0 when there must be none yet.

    :param document: None removes it.
    """

    kind: str
    key: str
    expected: int
    document: str | None


class AlertStore(Protocol):
    """Remembers documents by instance, kind and key."""

    @property
    def lasting(self) -> bool:
        """Whether it survives the process."""
        ...

    def read(self, instance: str) -> list[Row]:
        """Every document of one instance, in the order of kind and key.

        :raises StoreError: the store can't be read.
        """
        ...

    def write(self, instance: str, changes: Sequence[Change]) -> bool:
        """Store all of it, or nothing because one of the documents is not as expected any more.

        :return: whether it was stored.
        :raises StoreError: the store can't be written.
        """
        ...

    def close(self) -> None:
        """Let go of the store."""
        ...


class BadState(AuditorError):
    """What is stored of an alert cannot be read."""


@dataclass(frozen=True)
class Mark:
    """How far a chain was judged."""

    position: int


@dataclass(frozen=True)
class Known:
    """One alert as it is known.

    :param alert: as it was last seen to fire.
    :param active: whether it counts as firing.
    :param bad: times in a row that it was seen; ``good`` that it was seen to be over.
    :param seen_at: when it was last seen to fire; ``ended_at`` when it ended.
    :param flips: when it lately began and ended.
    """

    alert: Alert
    active: bool
    bad: int
    good: int
    seen_at: datetime
    ended_at: datetime | None = None
    flips: tuple[datetime, ...] = ()
    ending: str = ""


@dataclass(frozen=True)
class Told:
    """What a channel was told about a group, and who is telling it something right now.

    :param alerts: severity by key of the alerts it was told of, and not yet told the end of.
    :param at: when it was last told anything; ``receipt`` see the channel's interface.
    :param waiting_since: when something new came up that waits for others to join it.
    :param telling: keys of the message that a sender began to send and did not note the end of.
    :param trying_since: when something was first sent of which nobody knows whether it arrived.
    :param doubts: how often in a row a channel could not say whether it did.
    :param owner: of the claim, ``""`` when nobody holds it; it is void after ``lease``.
    :param retry_at: not before; after a failure that waiting a moment does not mend, or in doubt.
    """

    group: str
    channel: str
    alerts: dict[str, Severity] = field(default_factory=dict)
    at: datetime | None = None
    receipt: str = ""
    waiting_since: datetime | None = None
    telling: tuple[str, ...] = ()
    trying_since: datetime | None = None
    doubts: int = 0
    owner: str = ""
    lease: datetime | None = None
    retry_at: datetime | None = None
    failure: str = ""


@dataclass(frozen=True)
class Silence:
    """Alerts that somebody does not want to hear of for a while."""

    id: str
    match: Match
    starts: datetime
    ends: datetime
    author: str
    comment: str

    def covers(self, alert: Alert, moment: datetime) -> bool:
        """Whether it holds for ``alert`` at ``moment``."""
        return self.starts <= moment < self.ends and self.match.fits(alert)


_D = TypeVar("_D")


class Form(Generic[_D]):
    """How one kind of document is written as text."""

    def __init__(self, kind: type[_D]) -> None:
        self._adapter: TypeAdapter[_D] = TypeAdapter(kind)

    def write(self, document: _D) -> str:
        """Return the document as JSON."""
        return self._adapter.dump_json(document).decode()

    def read(self, row: Row) -> _D:
        """Return the document of a row.

        :raises BadState: it is none.
        """
        try:
            return self._adapter.validate_json(row.document)
        except ValidationError:
            raise BadState(
                f"What the alert store has as {row.kind} {row.key} cannot be read.",
                "It was edited, or written by another release: upgrade this auditor, or remove "
                "that row from the table alert_state.",
            ) from None


MARKS = Form(Mark)
ALERTS = Form(Known)
TOLDS = Form(Told)
SILENCES = Form(Silence)


@dataclass(frozen=True)
class Memory:
    """Everything that is remembered of one instance, with the versions that were seen."""

    marks: dict[str, Mark]
    alerts: dict[str, Known]
    tolds: dict[str, Told]
    silences: dict[str, Silence]
    versions: dict[tuple[str, str], int]

    @property
    def told(self) -> set[str]:
        """Keys of the alerts that some channel was told of, or may have been."""
        return {key for each in self.tolds.values() for key in (*each.alerts, *each.telling)}

    def version(self, kind: str, key: str) -> int:
        """The version that was seen, 0 when there was none."""
        return self.versions.get((kind, key), 0)

    def change(self, kind: str, key: str, document: str | None) -> Change:
        """Return the change of a document that is still as it was seen."""
        return Change(kind, key, self.version(kind, key), document)


def told_key(group: str, channel: str) -> str:
    """The key of what ``channel`` was told about ``group``."""
    return f"{channel} {group}"


def remember(store: AlertStore, instance: str) -> Memory:
    """Read everything of one instance.

    :raises StoreError: the store can't be read.
    :raises BadState: what is in it can't.
    """
    memory = Memory({}, {}, {}, {}, {})
    for row in store.read(instance):
        memory.versions[row.kind, row.key] = row.version
        if row.kind == MARK:
            memory.marks[row.key] = MARKS.read(row)
        elif row.kind == ALERT:
            memory.alerts[row.key] = ALERTS.read(row)
        elif row.kind == TOLD:
            memory.tolds[row.key] = TOLDS.read(row)
        elif row.kind == SILENCE:
            memory.silences[row.key] = SILENCES.read(row)
    return memory


class Forgetful:
    """Remembers as long as the process lives: for when the store itself is what is broken.

    :param lasting: taken for one that survives, when there is nothing to remember yet.
    """

    def __init__(self, *, lasting: bool = False) -> None:
        self.lasting = lasting
        self._rows: dict[tuple[str, str, str], Row] = {}

    def read(self, instance: str) -> list[Row]:
        """See the interface."""
        return [row for (of, _kind, _key), row in sorted(self._rows.items()) if of == instance]

    def write(self, instance: str, changes: Sequence[Change]) -> bool:
        """See the interface."""
        for change in changes:
            row = self._rows.get((instance, change.kind, change.key))
            if (row.version if row else 0) != change.expected:
                return False
        for kind, key, expected, document in changes:
            place = (instance, kind, key)
            if document is None:
                self._rows.pop(place, None)
            else:
                self._rows[place] = Row(kind, key, expected + 1, document)
        return True

    def forget(self, instance: str) -> None:
        """Remove everything of one instance."""
        self._rows = {place: row for place, row in self._rows.items() if place[0] != instance}

    def close(self) -> None:
        """See the interface."""
