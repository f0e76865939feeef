"""Typed calls of the RPC contract."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from pydantic import TypeAdapter, ValidationError

from auditor import CONTRACT, __version__
from auditor.installing import UPGRADE_AUDITOR
from auditor.odoo.answers import (
    Acknowledged,
    Answer,
    Cancelled,
    Catalog,
    Decided,
    Health,
    LinePage,
    LinesPage,
    Run,
    RunsPage,
    SealedDay,
    Triggered,
)
from auditor.odoo.errors import Garbled, IncompatibleAddon
from auditor.odoo.faults import UPGRADE_ADDON
from auditor.odoo.interface import Repeat, Transport
from auditor.odoo.packed import entries, lines, unpack
from auditor.odoo.traced import Traced
from auditor.odoo.watching import Watched
from auditor.stores.interface import Entry, LineRow
from auditor.telemetry import span

if TYPE_CHECKING:
    from auditor.settings import Connection

JOB, RUN = "sentinel.job", "sentinel.run"
AFTER_ALL_LINES = 2147483647
"""As ``after_line``: behind the last line of that run, so at the first one of the next."""

_A = TypeVar("_A", bound=Answer)
_days = TypeAdapter(list[SealedDay])


def connect(connection: Connection) -> Client:
    """Return a client that goes the way that ``connection`` names; nothing is sent yet."""
    from auditor.odoo.choosing import transport

    return Client(transport(connection), connection)


class Client:
    """The contract's calls; every answer is checked against it.

    Each method raises a subclass of :class:`~auditor.odoo.errors.OdooError`.

    :param connection: for what does not go through the transport, the stream of lines.
    """

    def __init__(self, transport: Transport, connection: Connection) -> None:
        self._transport: Transport = Traced(transport)
        self._connection = connection

    def log_in(self) -> None:
        """See that Odoo lets us in, whether Sentinel-Ops is there or not."""
        self._transport.call("res.users", "context_get", repeat=Repeat.READ)

    def catalog(self) -> Catalog:
        """Everything that can be run, with its parameters."""
        raw = self._transport.call(JOB, "catalog", repeat=Repeat.READ)
        _check_contract(raw)
        return _parse(Catalog, raw, "catalog")

    def health(self) -> Health:
        """How Sentinel-Ops is inside that database."""
        raw = self._transport.call(JOB, "health", repeat=Repeat.READ)
        _check_contract(raw)
        return _parse(Health, raw, "health")

    def watch(self) -> Watched:
        """What is late, stuck, stopped or waited for in that database, as it is now."""
        raw = self._transport.call(JOB, "watch", repeat=Repeat.READ)
        _check_contract(raw)
        return _parse(Watched, raw, "watch")

    def trigger(
        self,
        code: str,
        *,
        mode: str,
        parameters: Mapping[str, object],
        idempotency_key: str,
        reason: str = "",
        source: str = "cli",
        request_id: str = "",
        plan: str = "",
        lines: Sequence[int] | None = None,
    ) -> Triggered:
        """Ask for a run. With the same key the same run comes back.

        :param idempotency_key: any text; with ``""`` a lost answer is not asked for again.
        :param lines: numbers of the plan's lines to carry out, all of them when ``None``.
        """
        with span("trigger", job=code, mode=mode, source=source) as note:
            raw = self._transport.call(
                JOB,
                "trigger",
                repeat=Repeat.KEYED if idempotency_key else Repeat.NEVER,
                code=code,
                mode=mode,
                parameters=dict(parameters),
                idempotency_key=idempotency_key,
                reason=reason,
                origin=_origin(source, request_id),
                plan=plan,
                **({} if lines is None else {"lines": list(lines)}),
            )
            triggered = _parse(Triggered, raw, "trigger")
            note.set(run=triggered.uid, repeated=triggered.repeated)
            return triggered

    def follow_up(
        self,
        kind: str,
        uid: str,
        *,
        mode: str,
        idempotency_key: str,
        reason: str = "",
        source: str = "cli",
        request_id: str = "",
    ) -> Triggered:
        """Ask for a run that follows another. With the same key the same run comes back.

        :param kind: ``undo`` or ``retry``.
        :param uid: the run to undo or retry.
        """
        raw = self._transport.call(
            RUN,
            kind,
            repeat=Repeat.KEYED if idempotency_key else Repeat.NEVER,
            uid=uid,
            mode=mode,
            reason=reason,
            idempotency_key=idempotency_key,
            origin=_origin(source, request_id),
        )
        return _parse(Triggered, raw, kind)

    def approve(self, uid: str, *, comment: str = "") -> Decided:
        """Consent to a plan, or to what a live run waits for."""
        raw = self._order(RUN, "approve", uid=uid, comment=comment)
        return _parse(Decided, raw, "approve")

    def deny(self, uid: str, *, comment: str) -> Decided:
        """Refuse a plan, or what a live run waits for."""
        return _parse(Decided, self._order(RUN, "deny", uid=uid, comment=comment), "deny")

    def cancel(self, uid: str, *, reason: str) -> Cancelled:
        """Stop one run, within a batch."""
        return _parse(Cancelled, self._order(RUN, "cancel", uid=uid, reason=reason), "cancel")

    def pause(self, code: str, *, reason: str) -> None:
        """Stop the live runs of one job, within a batch, and let no new one act."""
        self._order(JOB, "pause", code=code, reason=reason)

    def resume(self, code: str, *, reason: str) -> None:
        """Let a paused job act again."""
        self._order(JOB, "resume", code=code, reason=reason)

    def stop_all(self, *, reason: str) -> None:
        """Stop all live runs and simulations in that database, within a batch."""
        self._order(JOB, "stop_all", reason=reason)

    def resume_all(self, *, reason: str) -> None:
        """Lift the stop of everything."""
        self._order(JOB, "resume_all", reason=reason)

    def _order(self, model: str, method: str, **arguments: object) -> object:
        """Call what changes something and has no key: never sent twice."""
        return self._transport.call(model, method, repeat=Repeat.NEVER, **arguments)

    def status(self, uid: str) -> Run:
        """The state of a run."""
        return _parse(
            Run, self._transport.call(RUN, "status", repeat=Repeat.READ, uid=uid), "status"
        )

    def read_lines(
        self, uid: str, *, after: int = 0, limit: int = 500, outcome: str = ""
    ) -> LinePage:
        """Some lines of a run, behind position ``after``."""
        raw = self._transport.call(
            RUN,
            "read_lines",
            repeat=Repeat.READ,
            uid=uid,
            after=after,
            limit=limit,
            outcome=outcome,
        )
        return _parse(LinePage, raw, "read_lines")

    def export_runs(self, *, after: int, limit: int) -> tuple[RunsPage, list[Entry]]:
        """Entries of the chain behind position ``after``, in order."""
        raw = self._transport.call(
            RUN, "export_runs", repeat=Repeat.READ, after=str(after), limit=limit
        )
        page = _parse(RunsPage, raw, "export_runs")
        return page, entries(unpack(page.data, page.count))

    def export_lines(
        self, *, after: int, after_line: int, until: int, limit: int
    ) -> tuple[LinesPage, list[LineRow]]:
        """Lines behind ``(after, after_line)``, of runs up to position ``until``."""
        raw = self._transport.call(
            RUN,
            "export_lines",
            repeat=Repeat.READ,
            after=str(after),
            after_line=after_line,
            until=str(until),
            limit=limit,
        )
        page = _parse(LinesPage, raw, "export_lines")
        return page, lines(unpack(page.data, page.count))

    def stream_lines(
        self, *, chain: str, after: int, after_line: int, until: int
    ) -> Iterator[list[LineRow]]:
        """Lines behind ``(after, after_line)``, of runs up to ``until``, as one long answer.

        :raises NoStream: Odoo does not offer it to us; :meth:`export_lines` gives the same.
        :raises StreamCut: it broke off; what came is good.
        """
        from auditor.odoo.streaming import stream

        for rows in stream(
            self._connection, chain=chain, after=after, after_line=after_line, until=until
        ):
            yield lines(rows)

    def export_days(self, *, since: str, until: str) -> list[SealedDay]:
        """What was sealed on each day from ``since`` to ``until``, both ``YYYY-MM-DD``."""
        raw = self._transport.call(RUN, "export_days", repeat=Repeat.READ, since=since, until=until)
        try:
            return _days.validate_python(raw)
        except ValidationError as error:
            raise _off_contract("export_days", error) from None

    def acknowledge(self, consumer: str, *, position: int, seal: str) -> Acknowledged:
        """Tell Odoo that ``consumer`` has everything up to ``position``, so that it may go there.

        Sent again when the answer is lost: the same position twice changes nothing.
        """
        raw = self._transport.call(
            RUN,
            "acknowledge",
            repeat=Repeat.KEYED,
            consumer=consumer,
            position=str(position),
            seal=seal,
        )
        return _parse(Acknowledged, raw, "acknowledge")


def _origin(source: str, request_id: str) -> dict[str, str]:
    """Say who asks; Odoo keeps it with the run."""
    return {
        "source": source,
        "host": platform.node(),
        "request_id": request_id,
        "version": __version__,
    }


def _check_contract(raw: object) -> None:
    """Stop before anything of another contract is misread."""
    theirs = raw.get("contract") if isinstance(raw, dict) else None
    if not isinstance(theirs, int) or theirs == CONTRACT:
        return  # what is not even a number is reported by the full check that follows
    version = raw.get("addon_version", "?") if isinstance(raw, dict) else "?"
    if theirs < CONTRACT:
        raise IncompatibleAddon(
            f"Sentinel-Ops in Odoo ({version}) is older than this auditor ({__version__}): it "
            f"speaks contract {theirs}, not {CONTRACT}.",
            UPGRADE_ADDON,
        )
    raise IncompatibleAddon(
        f"Sentinel-Ops in Odoo ({version}) is newer than this auditor ({__version__}): it speaks "
        f"contract {theirs}, not {CONTRACT}.",
        UPGRADE_AUDITOR,
    )


def _parse(kind: type[_A], raw: object, what: str) -> _A:
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        raise _off_contract(what, error) from None


def _off_contract(what: str, error: ValidationError) -> Garbled:
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "the whole"
    return Garbled(
        f"Odoo's answer to {what} is not what the contract says: {place}: {first['msg']}.",
        "The addon and the auditor may be of different releases: upgrade both.",
    )
