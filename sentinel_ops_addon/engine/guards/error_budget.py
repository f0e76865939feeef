"""The errors that one live run may make."""

from ..error_budget import ErrorBudget
from ..lines import outcome_counts
from ..marks import announced_lines
from .verdict import Verdict

NAME = "error_budget"


def verdict(run):
    """Compare the errors so far with the budget; asked after every batch."""
    counts = outcome_counts(run.env.cr, run.id)
    counts["done"] = counts.get("done", 0) - announced_lines(run.env.cr, run.id)
    return judged(run, ErrorBudget(run.limits or {}, counts))


def judged(run, budget) -> Verdict:
    """The verdict on outcomes that were counted already.

    :param budget: an :class:`engine.error_budget.ErrorBudget`
    """
    numbers = {"errors": budget.errors, "tried": budget.tried}
    if not budget.is_exceeded:
        return Verdict(NAME, "pass", run.env._("%(errors)s errors in %(tried)s tries.", **numbers))
    limits = []
    if budget.max_errors is not None:
        limits.append(run.env._("at most %(count)s errors", count=budget.max_errors))
    if budget.max_share is not None:
        limits.append(
            run.env._(
                "at most %(share)g %% from the %(sample)s. try on",
                share=budget.max_share,
                sample=budget.sample,
            )
        )
    return Verdict(
        NAME,
        "stop",
        run.env._(
            "%(errors)s errors in %(tried)s tries; allowed are %(limits)s. Look at the lines that "
            "failed, then retry what was left.",
            limits=", ".join(limits),
            **numbers,
        ),
    )
