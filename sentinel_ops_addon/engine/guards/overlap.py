"""Two live runs of one job at once."""

from .verdict import Verdict

NAME = "overlap"


def verdict(run):
    """A scheduled run gives way to an unfinished live run of its job; others wait their turn.

    Who asks by hand wants an answer, so the dispatcher lets that run wait; a schedule that is
    faster than its work must not pile up runs.
    """
    if run.source != "schedule" or run.mode != "live":
        return Verdict(NAME, "pass", run.env._("It waits its turn behind live runs of its job."))
    rival = run.search(
        [
            ("job_ref", "=", run.job_ref),
            ("mode", "=", "live"),
            ("state", "!=", "done"),
            ("id", "<", run.id),
        ],
        limit=1,
    )
    if not rival:
        return Verdict(NAME, "pass", run.env._("No other live run of the job is unfinished."))
    return Verdict(
        NAME,
        "stop",
        run.env._(
            "The live run %(uid)s of this job is not finished yet. Schedule the job less often, "
            "or lower its limit.",
            uid=rival.uid,
        ),
    )
