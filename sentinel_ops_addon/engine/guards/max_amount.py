"""Cap on the money that one run may touch."""

from ..canonical import money_text
from .verdict import Verdict, stop_or_warn

NAME = "max_amount"


def verdict(run):
    """Compare the money at stake, in the company's currency, with the cap."""
    cap = (run.caps or {}).get("max_amount")
    if cap is None:
        return Verdict(NAME, "pass", run.env._("No cap on the amount."))
    if run.selected_count and not run.currency:
        # Not knowing is not "nothing": the task tells no amounts.
        return stop_or_warn(
            run,
            NAME,
            run.env._(
                "The job may touch at most %(cap)s, but its task does not say what money is at "
                "stake, so that cannot be checked. Take this cap away, or use another one.",
                cap=cap,
            ),
        )
    numbers = {"amount": money_text(run.amount), "cap": cap, "currency": run.currency or ""}
    if round(run.amount, 2) > float(cap):
        return stop_or_warn(
            run,
            NAME,
            run.env._(
                "%(amount)s %(currency)s are at stake; this job may touch at most %(cap)s "
                "%(currency)s in one run. Lower the limit, or let a Sentinel manager raise the "
                "cap.",
                **numbers,
            ),
        )
    return Verdict(
        NAME, "pass", run.env._("%(amount)s of at most %(cap)s %(currency)s.", **numbers)
    )
