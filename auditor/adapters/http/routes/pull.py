"""``POST /pull``, for a scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from auditor.adapters.http.message import Response
from auditor.adapters.http.route import Answer, Call, Nothing, Route
from auditor.adapters.http.trouble import HttpError
from auditor.redact import redact

if TYPE_CHECKING:
    from auditor.adapters.http.door import Door
    from auditor.alerts.flow import Decision
    from auditor.stores.interface import TrailStore
    from auditor.trail.pull import Pulled


class Told(BaseModel):
    """What became of one message to people; ``why`` and ``because`` say why it was not sent."""

    group: str
    channel: str
    reason: str
    sent: bool
    why: str
    because: str


class Document(BaseModel):
    """What was copied, and how far the store has the chain now."""

    chain: str
    database: str
    runs: int
    events: int
    lines: int
    position: str
    seal: str
    start: str
    store: str
    alerts: list[Told] = Field(description="Messages to people, those that wait for a reason too.")


def handle(door: Door, _call: Call) -> Response:
    """Copy what was sealed since the last time into the store, every seal checked; tell people."""
    _check_store_lasts(door)
    pulled, decisions = _pull_and_watch(door)
    return Response(
        200,
        Document(
            chain=pulled.chain,
            database=pulled.database,
            runs=pulled.runs,
            events=pulled.events,
            lines=pulled.lines,
            position=str(pulled.head.position),
            seal=pulled.head.seal,
            start=str(pulled.start.position),
            store=door.settings.store_name,
            alerts=[
                Told(
                    group=each.group,
                    channel=each.channel,
                    reason=each.reason.value,
                    sent=each.sent,
                    why=each.why.value if each.why else "",
                    because=redact(each.because),
                )
                for each in decisions
            ],
        ).model_dump(mode="json"),
    )


def _check_store_lasts(door: Door) -> None:
    """Refuse a store that vanishes with the machine.

    Odoo would be told that the trail has landed, and retention could take there what is gone here.
    """
    if not door.check_store():
        raise HttpError(
            500,
            "misconfigured",
            "SENTINEL_STORE is a file, and files of a function vanish with it.",
            "Set SENTINEL_STORE=bigquery: (with GCP_PROJECT and BQ_DATASET), or "
            "bigquery://PROJECT/DATASET.",
        )


def _pull_and_watch(door: Door) -> tuple[Pulled, list[Decision]]:
    """Pull, then judge and tell people, whether the pull went well or not."""
    from auditor.alerts.around import pull_and_watch
    from auditor.trail.pull import pull

    client = door.client()
    decisions: list[Decision] = []

    def once(store: TrailStore) -> Pulled:
        return pull(
            client,
            store,
            url=door.connection().links_url,
            consumer=door.settings.sentinel_consumer,
        )

    opening = door.store(create=True)
    pulled = pull_and_watch(door.settings, client, opening, once, on_decided=decisions.extend)
    return pulled, decisions


ROUTE = Route(
    "POST",
    "/pull",
    "Copy the sealed trail into the store",
    "Does what `sentinel-ops pull` does, for a scheduler to call, and afterwards tells people what "
    "is wrong, where a channel for alerts is configured; also when the pull failed. Safe to repeat "
    "and to kill: nothing is lost, nothing comes twice. A chain that is not what was sealed is the "
    "error `trail_broken`, which names the place.",
    handle,
    {200: Answer("What has landed.", Document)},
    body=Nothing,
    errors={500: ("trail_broken", "store_unusable"), 503: ("store_busy",)},
)
