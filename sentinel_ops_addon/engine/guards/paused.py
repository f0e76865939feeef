"""A job that somebody paused."""

from .stops import standing
from .verdict import Verdict, stop_or_warn

NAME = "paused"


def verdict(run):
    """Ask whether the run's job is paused; read again between batches."""
    stop = standing(run.env.cr, "job", run.job_ref)
    if not stop:
        return Verdict(NAME, "pass", run.env._("The job is not paused."))
    return stop_or_warn(
        run,
        NAME,
        run.env._(
            "The job is paused since %(at)s UTC by %(login)s: %(reason)s. A Sentinel manager can "
            "resume it on the job.",
            at=stop.at.strftime("%Y-%m-%d %H:%M"),
            login=stop.login,
            reason=stop.reason,
        ),
    )
