"""One round of watching: look, judge, tell. The one entry for every door that pulls.

Nothing that goes wrong in here makes a pull fail: it is logged, and tried again the next time.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from auditor.alerts import kinds
from auditor.alerts.events import access, approvals, schedules, sight, stops, trail, unworked
from auditor.alerts.events.facts import Facts
from auditor.alerts.flow import Decision, Flow, Held
from auditor.alerts.judging import Observation, forgotten, judge, settle
from auditor.alerts.lifesign import ping_if_well
from auditor.alerts.notification import Status
from auditor.alerts.pipeline import run
from auditor.alerts.post import Post
from auditor.alerts.rules import Rules, read_rules
from auditor.alerts.state import (
    ALERT,
    ALERTS,
    MARK,
    MARKS,
    SILENCE,
    TOLD,
    AlertStore,
    BadState,
    Change,
    Forgetful,
    Known,
    Mark,
    Memory,
    remember,
)
from auditor.errors import AuditorError, BadInput
from auditor.odoo.errors import IncompatibleAddon, OdooError
from auditor.odoo.faults import UPGRADE_ADDON
from auditor.stores.interface import StoreError

if TYPE_CHECKING:
    from auditor.alerts.channels.interface import Channel
    from auditor.alerts.channels.opening import Opened
    from auditor.alerts.notification import Alert
    from auditor.odoo.client import Client
    from auditor.odoo.watching import Watched
    from auditor.settings import Settings
    from auditor.stores.interface import TrailStore

logger = logging.getLogger(__name__)

TRIES = 10
"""Rounds of two auditors that meet: the slower one looks again."""
SILENCES_KEPT = timedelta(days=7)
"""After their end, so that people can see what was silenced."""

_of_this_process = Forgetful()


@dataclass(frozen=True)
class Round:
    """What came of one round.

    :param active: alerts that fire, held back or not.
    :param problems: what kept the round from doing all of its work, each with its remedy.
    :param unwatched: why Odoo's schedules, approvals and stops were not looked at; ``""`` if they
        were.
    """

    active: tuple[Known, ...] = ()
    held: tuple[Held, ...] = ()
    decisions: tuple[Decision, ...] = ()
    problems: tuple[AuditorError, ...] = ()
    unwatched: str = ""
    pinged: bool = False

    def with_problem(self, error: AuditorError) -> Round:
        """Return the round with one more problem, the first to be told of."""
        return replace(self, problems=(error, *self.problems))


def utc_now() -> datetime:
    """Return the current moment."""
    return datetime.now(timezone.utc)


def watch_once(
    settings: Settings,
    client: Client | None,
    store: TrailStore | None,
    trouble: AuditorError | None = None,
) -> list[Decision]:
    """Judge what happened since the last time and tell people; call it after every pull.

    :param client: None when Odoo could not even be addressed; ``store`` None when the store could
        not be opened.
    :param trouble: why the pull failed, None when it went well.
    :return: each message with its reason, sent or not; nothing when no channel is configured.
    """
    try:
        return list(look(settings, client, store, trouble).decisions)
    except AuditorError as error:
        logger.error(  # noqa: TRY400  a person reads the sentence, not the traceback
            "the alerts were not judged", extra={"because": error.message, "remedy": error.remedy}
        )
    except Exception as error:
        logger.error(  # noqa: TRY400
            "a bug kept the alerts from being judged", extra={"because": type(error).__name__}
        )
        logger.debug("the bug", exc_info=error)
    return []


def instance_of(settings: Settings) -> str:
    """Return by what name the store tells this Odoo from others.

    :raises BadInput: settings are missing.
    """
    connection = settings.connection()
    return f"{connection.database}@{urlsplit(connection.shown_url).netloc}"


def look(
    settings: Settings,
    client: Client | None,
    store: TrailStore | None,
    trouble: AuditorError | None = None,
    *,
    pulled: bool = True,
    send: bool = True,
    channels: Sequence[Channel] | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Round:
    """Do one round.

    :param pulled: whether a pull was tried just now, so that no trouble means that all is well.
    :param send: otherwise nothing is sent, and nothing remembered.
    :param channels: those of the settings when None.
    :raises AuditorError: the round could not be made at all.
    """
    broken: dict[str, BadInput] = {}
    if channels is None:
        channels, broken = _open_channels(settings)
    if send and not channels:
        problems = tuple(broken.values())
        seen = client is not None and store is not None
        pinged = ping_if_well(settings, [trouble] if trouble else [], problems, seen=seen)
        return Round(problems=problems, pinged=pinged)
    work = _Work(settings, client, store, channels, broken, send=send, clock=clock)
    with ExitStack() as stack:
        try:
            work.open(stack)
            return work.round(trouble, pulled=pulled)
        except StoreError as error:
            if not (send and sight.away(error)):
                raise
            logger.error(  # noqa: TRY400
                "the alerts were not judged",
                extra={"because": error.message, "remedy": error.remedy},
            )
            return work.alone(error)


def _open_channels(settings: Settings) -> Opened:
    from auditor.alerts.channels.opening import open_channels

    opened = open_channels(settings)
    for name, error in opened.errors.items():
        logger.error(
            "no alert can be sent this way",
            extra={"channel": name, "because": error.message, "remedy": error.remedy},
        )
    return opened


class _Work:
    def __init__(
        self,
        settings: Settings,
        client: Client | None,
        store: TrailStore | None,
        channels: Sequence[Channel],
        broken: Mapping[str, BadInput],
        *,
        send: bool,
        clock: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._client = client
        self._store = store
        self._channels = {channel.name: channel for channel in channels}
        self._broken = broken
        self._send = send
        self._clock = clock
        self._instance = instance_of(settings)
        self._connection = settings.connection()
        self._remembering: AlertStore = _of_this_process
        self._store_trouble: StoreError | BadState | None = None
        self._rules_troubles: list[BadInput] = []
        self._memory: Memory | None = None
        self._ended: set[str] = set()
        self._half = False
        self._rules = self._read_rules()

    def _facts(self, now: datetime, watched: Watched | None = None) -> Facts:
        return Facts(
            self._connection.links_url,
            self._rules,
            self._settings.alert_record_names,
            now,
            {job.code: job for job in watched.jobs} if watched else {},
        )

    def _read_rules(self) -> Rules:
        try:
            rules = read_rules(self._settings.sentinel_alerts)
        except BadInput as error:
            # Alerts by the default rules beat no alerts, and one of them says what is wrong.
            self._rules_troubles = [error]
            logger.error(  # noqa: TRY400
                "the default alert rules are used",
                extra={"because": error.message, "remedy": error.remedy},
            )
            return Rules()
        self._rules_troubles = rules.unknown_channels((*self._channels, *self._broken))
        for unknown in self._rules_troubles:
            logger.error(
                "a route of the alert rules is not followed",
                extra={"because": unknown.message, "remedy": unknown.remedy},
            )
        return rules.only(tuple(self._channels))

    def open(self, stack: ExitStack) -> None:
        """Open what remembers; when that is broken, this process remembers by itself."""
        from auditor.stores.opening import open_alert_store

        try:
            opened = stack.enter_context(open_alert_store(self._settings, create=self._send))
            self._memory = remember(opened, self._instance)
        except (StoreError, BadState) as error:
            if sight.away(error):
                raise
            if isinstance(error, StoreError) and error.missing:
                self._remembering = Forgetful(lasting=True)
                return
            self._store_trouble = error
        else:
            self._remembering = opened

    def round(self, trouble: AuditorError | None, *, pulled: bool) -> Round:
        now = self._clock()
        self._half = trouble is not None
        troubles: list[AuditorError] = [
            *(each for each in (trouble, self._store_trouble) if each is not None),
            *self._rules_troubles,
            *self._broken.values(),
        ]
        well = set(sight.healthy(trouble)) if pulled else set()
        if self._store is not None and not isinstance(trouble, StoreError):
            well.add(sight.STORE)
        watched, unwatched = self._watch(trouble, troubles, well)
        facts = self._facts(now, watched)
        memory = self._judge(watched, troubles, well, facts)
        flow = self._tell(memory, now)
        flow = replace(flow, decisions=(*self._end_alone(facts), *flow.decisions))
        problems = tuple(each for each in troubles if each is not trouble)
        problems += tuple(_not_said(watched))
        return Round(
            tuple(known for known in memory.alerts.values() if known.active),
            flow.held,
            flow.decisions,
            problems,
            unwatched,
            self._send
            and ping_if_well(
                self._settings,
                troubles,
                problems,
                flow.decisions,
                seen=self._store is not None and self._client is not None,
            ),
        )

    def alone(self, trouble: StoreError) -> Round:
        """Count that what remembers alerts is out of reach, and tell of it, in this process alone.

        Of everything else nobody knows what was told already, so nothing is said of it.
        """
        now = self._clock()
        self._remembering, self._memory = _of_this_process, None
        memory = self._judge(None, [trouble], set(), self._facts(now))
        flow = self._tell(memory, now)
        active = tuple(known for known in memory.alerts.values() if known.active)
        return Round(active, flow.held, flow.decisions, (trouble,), "Odoo was not asked.")

    def _end_alone(self, facts: Facts) -> tuple[Decision, ...]:
        """Tell that a store is back to whom this process alone told that it was not."""
        lasting = self._remembering
        if not self._send or lasting is _of_this_process:
            return ()
        if not _of_this_process.read(self._instance):
            return ()
        self._remembering = _of_this_process
        memory = self._judge(None, [], {kinds.AUDITOR_BLIND, sight.STORE}, facts)
        blind = {
            key: known
            for key, known in memory.alerts.items()
            if known.alert.kind == kinds.AUDITOR_BLIND
        }
        flow = self._tell(replace(memory, alerts=blind), facts.now)
        self._remembering = lasting
        if not any(known.active for known in blind.values()) and not any(
            each.why for each in flow.decisions
        ):
            _of_this_process.forget(self._instance)
        return flow.decisions

    def _watch(
        self, trouble: AuditorError | None, troubles: list[AuditorError], well: set[str]
    ) -> tuple[Watched | None, str]:
        """Ask Odoo what it expects; when it cannot be asked, that is unknown, not well."""
        if self._client is None or isinstance(trouble, OdooError):
            # Asking again would only add load, or one more refused login to those Odoo counts.
            return None, "Odoo could not be asked."
        try:
            watched = self._client.watch()
        except IncompatibleAddon as error:
            logger.info("schedules are not watched", extra={"because": error.message})
            return None, error.message
        except OdooError as error:
            troubles.append(error)
            well.discard(sight.kind_of(error))
            return None, error.message
        well.add(kinds.ODOO_UNREACHABLE)
        return watched, ""

    def _judge(
        self,
        watched: Watched | None,
        troubles: list[AuditorError],
        well: set[str],
        facts: Facts,
    ) -> Memory:
        """Bring what is remembered up to date; when another auditor did so first, look again."""
        for _ in range(TRIES):
            memory = self._memory or remember(self._remembering, self._instance)
            self._memory = None
            marks, observations = self._observe(memory, watched, troubles, well, facts)
            alerts = self._judged(memory, observations, facts.now)
            changes = [
                *(
                    memory.change(MARK, chain, MARKS.write(mark))
                    for chain, mark in marks.items()
                    if memory.marks.get(chain) != mark
                ),
                *self._changes(memory, alerts),
                *self._swept(memory, facts.now),
            ]
            judged = replace(memory, marks=marks, alerts=alerts)
            self._ended = {
                key
                for key, known in alerts.items()
                if known.ended_at is not None
                and (key not in memory.alerts or memory.alerts[key].active)
            }
            if not self._send or not changes:
                return judged
            if self._remembering.write(self._instance, changes):
                return judged
        raise StoreError(
            "Other auditors changed the alerts again and again meanwhile.",
            "Nothing is lost, the next round goes on. Start fewer auditors on one store.",
            passing=True,
        )

    def _observe(
        self,
        memory: Memory,
        watched: Watched | None,
        troubles: list[AuditorError],
        well: set[str],
        facts: Facts,
    ) -> tuple[dict[str, Mark], list[Observation]]:
        seen: list[Observation] = []
        marks = dict(memory.marks)
        if self._store is not None and self._remembering.lasting:
            try:
                for chain in self._chains(self._store, watched, memory):
                    walked = trail.walk(
                        self._store,
                        chain,
                        marks.get(chain.uid),
                        facts,
                        stops_seen=watched is not None,
                    )
                    seen += walked.observations
                    marks[chain.uid] = walked.mark
            except StoreError as error:
                if error not in troubles:
                    troubles.append(error)
                well.discard(kinds.AUDITOR_BLIND)
        seen += sight.observe(troubles, well, facts, lasting=self._remembering.lasting)
        if watched is not None:
            seen += self._of_odoo(memory, watched, facts)
        return marks, seen

    def _chains(
        self, store: TrailStore, watched: Watched | None, memory: Memory
    ) -> list[trail.Chain]:
        """The chains of this Odoo; the store is asked for them only when nobody else can say."""
        database, url = self._connection.database, self._connection.links_url
        known = {*memory.marks, *([watched.chain] if watched else [])} or {
            chain.chain
            for chain in store.chains()
            if (chain.database, chain.url) == (database, url)
        }
        if self._half:
            # Of a trail that was only begun to be copied, what comes next may be old.
            known &= memory.marks.keys()
        return [trail.Chain(uid, database, url) for uid in sorted(known)]

    def _of_odoo(self, memory: Memory, watched: Watched, facts: Facts) -> list[Observation]:
        def known(*of: str) -> dict[str, Alert]:
            return {
                key: each.alert
                for key, each in memory.alerts.items()
                if each.alert.kind in of and (each.active or each.bad)
            }

        return [
            *schedules.missed(watched, known(kinds.MISSED_SCHEDULE), facts),
            *schedules.too_long(watched, known(kinds.RUN_TOO_LONG), facts),
            *approvals.observe(
                watched, known(kinds.APPROVAL_WAITING, kinds.APPROVAL_EXPIRING), facts
            ),
            *stops.observe(watched, known(kinds.KILL_SWITCH), facts),
            *unworked.observe(watched, known(kinds.REQUESTS_UNWORKED), facts),
            *access.observe(watched, known(kinds.KEY_EXPIRING), facts),
        ]

    def _judged(
        self, memory: Memory, observations: list[Observation], now: datetime
    ) -> dict[str, Known]:
        alerts = dict(memory.alerts)
        for seen in observations:
            known = judge(alerts.get(seen.key), seen, self._rules)
            if known is not None:
                alerts[seen.key] = known
        told = memory.told
        return {
            key: settled
            for key, known in alerts.items()
            if not forgotten(settled := settle(known, now, self._rules), now, self._rules)
            or key in told
        }

    @staticmethod
    def _changes(memory: Memory, alerts: dict[str, Known]) -> list[Change]:
        changed = [
            memory.change(ALERT, key, ALERTS.write(known))
            for key, known in alerts.items()
            if memory.alerts.get(key) != known
        ]
        gone = [memory.change(ALERT, key, None) for key in memory.alerts if key not in alerts]
        return changed + gone

    @staticmethod
    def _swept(memory: Memory, now: datetime) -> list[Change]:
        return [
            memory.change(SILENCE, key, None)
            for key, silence in memory.silences.items()
            if now - silence.ends > SILENCES_KEPT
        ]

    def _tell(self, memory: Memory, now: datetime) -> Flow:
        told = memory.told
        firing = tuple(known.alert for known in memory.alerts.values() if known.active)
        # Seen again, and not often enough to count as firing, it is over for who was told of it.
        over = tuple(
            replace(known.alert, status=Status.RESOLVED, changed=known.ending)
            for key, known in memory.alerts.items()
            if not known.active and (key in told or key in self._ended)
        )
        post = None
        if self._send:
            post = Post(
                self._remembering,
                self._instance,
                self._channels,
                {key: memory.version(TOLD, key) for key in memory.tolds},
                owner=str(uuid.uuid4()),
                clock=self._clock,
            )
        return run(
            Flow(
                now=now,
                rules=self._rules,
                instance=self._connection.database,
                environment=self._settings.environment,
                channels=tuple(self._channels),
                silences=tuple(memory.silences.values()),
                tolds=memory.tolds,
                firing=firing,
                began={
                    key: known.flips[-1]
                    for key, known in memory.alerts.items()
                    if known.active and known.flips
                },
                alerts=(*firing, *over),
                post=post,
            )
        )


def _not_said(watched: Watched | None) -> list[IncompatibleAddon]:
    """Return what an older addon does not say though it was asked."""
    if watched is None or watched.problems is not None:
        return []
    return [
        IncompatibleAddon(
            "Sentinel-Ops in Odoo is too old to say whether it works on requests.", UPGRADE_ADDON
        )
    ]
