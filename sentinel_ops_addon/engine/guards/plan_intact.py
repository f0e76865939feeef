"""A plan that is still the one that was looked at."""

from ..plan_digest import plan_digest
from .verdict import Verdict, stop_or_warn

NAME = "plan_intact"


def verdict(run):
    """Compare the plan's hash with its lines as they are now, and its end with the clock."""
    if run.mode == "plan":
        return Verdict(
            NAME,
            "pass",
            run.env._("Valid until %(until)s UTC.", until=run.expires_at),
        )
    plan = run.browse(run.plan_ref)
    if reason := plan._why_expired():
        return stop_or_warn(run, NAME, reason)
    if plan_digest(run.env.cr, plan) != plan.plan_digest:
        return Verdict(
            NAME,
            "stop",
            run.env._(
                "The lines of the plan %(uid)s are not those that it was made with: somebody "
                "changed them in the database. Make a new plan.",
                uid=plan.uid,
            ),
        )
    return Verdict(
        NAME,
        "pass",
        run.env._(
            "The plan is unchanged (%(digest)s) and valid until %(until)s UTC.",
            digest=plan.plan_digest[:12],
            until=plan.expires_at,
        ),
    )
