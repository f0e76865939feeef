"""A remedy without any cap cannot go live."""

from .verdict import Verdict, stop_or_warn

NAME = "cap_required"


def verdict(run):
    """Refuse a job that nobody bounded: a wrong domain would then reach every record."""
    if run.caps:
        return Verdict(NAME, "pass", run.env._("The job has a cap."))
    return stop_or_warn(
        run,
        NAME,
        run.env._(
            "The job has no cap, so it cannot go live. A Sentinel manager can cap the records, "
            "their share or their amount."
        ),
    )
