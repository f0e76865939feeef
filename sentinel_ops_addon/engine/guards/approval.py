"""The consent of other people, by size or money."""

from ..approvals import approvers_needed, decisions
from .verdict import Verdict

NAME = "approval"


def verdict(run):
    """Count those who may decide and did; a live run waits until they are enough."""
    policy = run.policy or {}
    needed, why = approvers_needed(run.env, policy, run.selected_count, run.amount, run.currency)
    approved = denied = ()
    # Also where nobody has to be asked: a part of what was denied may be small enough for that.
    if run.mode == "live" and run.selected_count:
        approved, denied = decisions(run)
    if denied:
        return Verdict(
            NAME,
            "stop",
            run.env._(
                "%(login)s denied it: %(comment)s", login=denied[0].login, comment=denied[0].comment
            ),
        )
    if not needed:
        return Verdict(NAME, "pass", run.env._("No approval is needed."))
    if run.mode != "live":
        return Verdict(
            NAME,
            "wait",
            run.env._(
                "Live needs the approval of %(needed)s other people: %(why)s.",
                needed=needed,
                why=why,
            )
            if needed > 1
            else run.env._("Live needs the approval of one other person: %(why)s.", why=why),
        )
    logins = ", ".join(decision.login for decision in approved)
    if len(approved) >= needed:
        return Verdict(
            NAME, "pass", run.env._("Approved by %(logins)s: %(why)s.", logins=logins, why=why)
        )
    return Verdict(
        NAME,
        "wait",
        run.env._(
            "Waits for approval: %(given)s of %(needed)s so far; %(why)s.",
            given=len(approved),
            needed=needed,
            why=why,
        ),
    )
