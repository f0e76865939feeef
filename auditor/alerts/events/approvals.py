"""A plan that waits for somebody's consent, and one whose time is nearly over."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from auditor.alerts.events.facts import Facts, key, moment
from auditor.alerts.events.schedules import LISTED
from auditor.alerts.judging import Observation
from auditor.alerts.kinds import APPROVAL_EXPIRING, APPROVAL_WAITING
from auditor.alerts.spans import NEVER, say_span
from auditor.cli.text import money, plural

if TYPE_CHECKING:
    from datetime import datetime

    from auditor.alerts.notification import Alert
    from auditor.odoo.watching import AwaitedApproval, Watched


def observe(watch: Watched, known: Collection[str], facts: Facts) -> list[Observation]:
    """Return what waits; what is known to have waited and does not any more is over."""
    now = moment(watch.now) or facts.now
    within = facts.rules.approval_expires_within
    seen: dict[str, Alert] = {}
    for approval in watch.approvals:
        left = approval.approvals_needed - approval.approvals_given
        if left <= 0:
            continue
        ends = moment(approval.expires_at)
        who = "one more person" if left == 1 else f"{left} more people"
        said = f"{_name(approval, facts)} needs the approval of {who}"
        waiting = _alert(APPROVAL_WAITING, f"{said}.", approval, now, facts)
        seen[waiting.key] = waiting
        if ends is not None and within != NEVER and ends - now <= within:
            time = f"expires in {say_span(ends - now)}" if ends > now else "is expiring now"
            soon = _alert(APPROVAL_EXPIRING, f"{said}, and {time}.", approval, now, facts)
            seen[soon.key] = soon
    over = [place for place in known if place not in seen]
    if len(watch.approvals) >= LISTED:
        over = []
    return [
        *(Observation(place, facts.now, alert) for place, alert in seen.items()),
        *(Observation(place, facts.now, None, "It waits no longer.") for place in over),
    ]


def _name(approval: AwaitedApproval, facts: Facts) -> str:
    job = facts.jobs.get(approval.job)
    return job.name if job else approval.job


def _alert(
    kind: str, summary: str, approval: AwaitedApproval, now: datetime, facts: Facts
) -> Alert:
    job = facts.jobs.get(approval.job)
    return facts.alert(
        kind,
        summary,
        key=key(kind, job.company if job else "", approval.job, approval.plan),
        since=moment(approval.requested_at) or now,
        job=approval.job,
        run=approval.run or approval.plan,
        details=(
            ("Asked for by", approval.requested_by),
            ("Records", plural(approval.selected, "record")),
            ("Amount", money(approval.amount, approval.currency)),
            ("Approvals", f"{approval.approvals_given} of {approval.approvals_needed}"),
            ("Expires", f"{approval.expires_at} UTC" if approval.expires_at else ""),
        ),
        total=approval.selected,
        url=approval.url,
    )
