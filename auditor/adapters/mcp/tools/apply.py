"""Carry a plan out. Registered only where that was switched on.

What keeps it safe stands here and in Odoo, never with the caller:

* Only a plan can be named, and only together with its hash; Odoo is asked for the plan's own hash
  at that moment, and compares plan and hash again before the first change.
* Once for one user of Odoo: the key of the request is made of the plan and its hash, so Odoo gives
  every further call as that user the first one's run, from whatever machine it comes. Another
  choice of lines is refused. Where others carry the same plan out, or another door does, records
  that the first run changed fit their fingerprints no more and are skipped.
* It expires: Odoo refuses it then, unless it is a call for the run that there is already.
* A client that can ask its person is made to ask. Others have shown the person the call itself; the
  hash proves that the plan was read.
* Guards, caps, windows and approvals are Odoo's: a run that needs consent waits for it there.
"""

# No postponed annotations here: the library looks for the resolver in an annotation that names a
# function of its surroundings, which it could not evaluate later.

import hmac
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

from mcp.server.mcpserver import AcceptedElicitation, Context, Elicit, ElicitationResult, Resolve
from mcp_types.version import is_version_at_least
from pydantic import BaseModel, Field

from auditor.adapters.mcp.door import SOURCE, Door, request_id
from auditor.adapters.mcp.foreign import clean
from auditor.adapters.mcp.tools.arguments import Reason, RunUid
from auditor.adapters.mcp.tools.plans import AskedRun, follow, must_be_plan
from auditor.adapters.mcp.waiting import WaitSeconds
from auditor.cli.text import money
from auditor.errors import BadInput
from auditor.odoo.answers import Run, Triggered
from auditor.odoo.client import Client

MOST_LINES = 500
AGAIN = "The same call again is harmless: it finds the run, or makes it once."
_QUESTIONS_IN_ANSWERS = "2026-07-28"
"""The first version of the protocol in which questions need no channel back to the client."""

Digest = Annotated[
    str,
    Field(pattern="^[0-9a-f]{64}$", description="`digest` of the plan, as get_run shows it."),
]
Lines = Annotated[
    list[Annotated[int, Field(ge=1, le=2**31 - 1)]] | None,
    Field(
        min_length=1,
        max_length=MOST_LINES,
        description="Positions of the plan's lines to carry out; all of them when left out.",
    ),
]


class Consent(BaseModel):
    """What the person is asked."""

    apply: bool = Field(title="Carry the plan out", description="Yes changes the records for real.")


def apply_plan(door: Door) -> Callable[..., Awaitable[AskedRun]]:
    """Return the tool."""

    def ask_person(
        plan: RunUid, digest: Digest, lines: Lines, context: Context[Any, Any]
    ) -> Elicit[Consent] | Consent:
        """Ask the person, where the client can; all that can be known to be wrong comes first."""
        with door.odoo() as client:
            planned = _checked(client, plan, digest)
            expired = _is_expired(planned, client.health().now)
        # Of an expired plan Odoo gives the run that there may be, and makes none to consent to.
        if expired or not _can_ask(context):
            return Consent(apply=True)
        return Elicit(_question(planned, lines, door), Consent)

    async def apply_plan(
        plan: RunUid,
        digest: Digest,
        consent: Annotated[ElicitationResult[Consent], Resolve(ask_person)],
        context: Context[Any, Any],
        lines: Lines = None,
        reason: Reason = "",
        wait_seconds: WaitSeconds = 20,
    ) -> AskedRun:
        """Carry a plan out: changes records for real. Only when the person asked for it.

        Takes the plan's uid and the digest that get_run showed; a plan expires. The same call
        again gives the same run. Each record is locked and looked at again, and left alone if it
        changed since the plan, be it that somebody else carried the plan out. Where Odoo's rules
        want people to approve, the run waits for them and `deciders` names them.
        """
        if not isinstance(consent, AcceptedElicitation) or not consent.data.apply:
            raise BadInput(
                "The person did not agree, so nothing was asked of Odoo and nothing was changed.",
                "Do not ask again unless the person wants it.",
            )

        def ask(client: Client) -> Triggered:
            # Once more: between the question and its answer there may lie an hour.
            planned = _checked(client, plan, digest)
            return client.trigger(
                planned.job,
                mode="live",
                parameters={},
                idempotency_key=f"{SOURCE}:apply:{plan}:{digest}",
                reason=reason,
                source=SOURCE,
                request_id=request_id(),
                plan=plan,
                lines=lines,
            )

        return await follow(door, ask, AGAIN, wait_seconds, context)

    return apply_plan


def _checked(client: Client, plan: str, digest: str) -> Run:
    """Return the plan as Odoo has it now, if it is the one that ``digest`` stands for.

    :raises BadInput: it is none, not ready, another one, or empty.
    """
    planned = must_be_plan(client.status(plan))
    if not hmac.compare_digest(planned.digest.encode(), digest.encode()):
        raise BadInput(
            f"The digest does not belong to the plan {plan}, so nothing was done.",
            "Read the plan with get_run, show the person what it says, and use its digest.",
        )
    if not planned.selected:
        raise BadInput(f"The plan {plan} has no records, so there is nothing to carry out.")
    return planned


def _is_expired(planned: Run, now: str) -> bool:
    try:
        return datetime.fromisoformat(now) > datetime.fromisoformat(planned.expires_at)
    except (ValueError, TypeError):
        raise BadInput(
            f"Until when the plan {planned.uid} may be carried out can't be told, so it is not.",
            "Make a new one with plan_job.",
        ) from None


def _can_ask(context: Context[Any, Any]) -> bool:
    """Whether the client can put a form before its person, in this version of the protocol."""
    capabilities = context.client_capabilities
    asks = capabilities.elicitation if capabilities is not None else None
    if asks is None or (asks.form is None and asks.url is not None):
        return False
    version = context.protocol_version
    if version is not None and is_version_at_least(version, _QUESTIONS_IN_ANSWERS):
        return True
    return bool(context.session.can_send_request)


def _question(planned: Run, lines: list[int] | None, door: Door) -> str:
    """Return what the person is asked, without any text that somebody typed into a record."""
    count = planned.selected if lines is None else len(set(lines))
    worth = money(clean(planned.amount), clean(planned.currency)) if lines is None else ""
    return (
        f"Carry out the plan {planned.uid} of the job {clean(planned.job, most=100)} in the "
        f"database {door.connection.database} at {door.connection.shown_url}? It changes "
        f"{count:,} record(s) for real{f', {worth}' if worth else ''}."
    )
