"""The errors that one live run may make."""

from .verdict import Verdict

NAME = "error_budget"


def verdict(run, budget) -> Verdict:
    """Compare the errors so far, which whoever asks has counted, with what is allowed.

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
