"""Whether Odoo can work and how far the store is; what could not be checked is no good news."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from pydantic import Field

from auditor.adapters.mcp.door import Door
from auditor.adapters.mcp.foreign import Code, OdooText
from auditor.adapters.mcp.views import Answer, View
from auditor.errors import AuditorError
from auditor.odoo.answers import Health as OdooAnswer
from auditor.odoo.errors import OdooError

Verdict = Literal["good", "problem", "could not check"]


class Trouble(View):
    """Something in the way, and what to do about it."""

    code: Code
    message: OdooText
    remedy: OdooText


class OdooHealth(View):
    """How Sentinel-Ops is inside Odoo; only ``verdict`` and ``problems`` say much if unchecked."""

    verdict: Verdict
    url: str
    database: Code
    odoo_version: Code = ""
    addon_version: Code = ""
    neutralized: bool = False
    queued: int = 0
    running: int = 0
    oldest_queued_seconds: int = 0
    position: Code = Field(default="", description="Of the newest place in the chain of the trail.")
    problems: list[Trouble] = Field(default_factory=list)
    notices: list[Trouble] = Field(default_factory=list)


class StoredChain(View):
    """How far the store has one chain."""

    database: Code
    chain: Code
    position: int
    runs: int
    pulled_at: Code
    behind: int | None = Field(description="Places that Odoo has and the store not; null: unknown.")


class StoreHealth(View):
    """How far the audit store is."""

    verdict: Verdict
    chains: list[StoredChain] = Field(default_factory=list)
    problems: list[Trouble] = Field(default_factory=list)


class Health(Answer):
    """Odoo and the store."""

    verdict: Verdict = Field(
        description="good only if both were checked and are; 'could not check' is not good."
    )
    odoo: OdooHealth
    store: StoreHealth
    apply_plan: Literal["on", "off"] = Field(
        description="Whether plans may be carried out through this server."
    )


def health(door: Door) -> Callable[..., Health]:
    """Return the tool."""

    def health() -> Health:
        """Check whether Odoo can work on jobs, and how up to date the audit store is."""
        return look(door)

    return health


def look(door: Door) -> Health:
    """Return how things are, as far as it can be found out."""
    answer, odoo = _odoo(door)
    store = _store(door, answer)
    verdicts = {odoo.verdict, store.verdict}
    verdict: Verdict = "good"
    if "problem" in verdicts:
        verdict = "problem"
    elif "could not check" in verdicts:
        verdict = "could not check"
    return Health(
        verdict=verdict, odoo=odoo, store=store, apply_plan="on" if door.may_apply else "off"
    )


def _odoo(door: Door) -> tuple[OdooAnswer | None, OdooHealth]:
    connection = door.connection
    try:
        with door.odoo() as client:
            answer = client.health()
    except OdooError as error:
        return None, OdooHealth(
            verdict="could not check",
            url=connection.shown_url,
            database=connection.database,
            problems=[_trouble(error)],
        )
    same = "database odoo_version addon_version neutralized queued running oldest_queued_seconds"
    return answer, OdooHealth(
        verdict="good" if answer.ok and not answer.problems else "problem",
        url=connection.shown_url,
        **{name: getattr(answer, name) for name in same.split()},
        position=answer.head,
        problems=[_told(each.code, each.message, each.remedy) for each in answer.problems[:20]],
        notices=[_told(each.code, each.message, each.remedy) for each in answer.notices[:20]],
    )


def _store(door: Door, answer: OdooAnswer | None) -> StoreHealth:
    try:
        with door.store() as store:
            chains = store.chains()
    except AuditorError as error:
        return StoreHealth(verdict="could not check", problems=[_trouble(error)])
    head = int(answer.head) if answer and answer.head.isdecimal() else None
    shown = [
        StoredChain(
            database=each.database,
            chain=each.chain,
            position=each.head.position,
            runs=each.runs,
            pulled_at=each.pulled_at,
            behind=max(0, head - each.head.position)
            if head is not None and answer and each.chain == answer.chain
            else None,
        )
        for each in chains[:20]
    ]
    if answer and not any(each.chain == answer.chain for each in chains):
        return StoreHealth(
            verdict="problem",
            chains=shown,
            problems=[
                _told("not_pulled", "The store has nothing of this Odoo.", "sentinel-ops pull")
            ],
        )
    # Without Odoo's word nobody knows how far behind it is.
    return StoreHealth(verdict="good" if answer else "could not check", chains=shown)


def _trouble(error: AuditorError) -> Trouble:
    return _told(type(error).__name__, error.message, error.remedy)


def _told(code: str, message: str, remedy: str) -> Trouble:
    return Trouble(code=code, message=message, remedy=remedy)
