"""A job that was archived or deleted after the request."""

from .verdict import Verdict, stop_or_warn

NAME = "job_active"


def verdict(run):
    """Ask whether the job is still in use; read again between batches."""
    cr = run.env.cr
    cr.execute("SELECT active FROM sentinel_job WHERE id = %s", [run.job_ref])
    row = cr.fetchone()
    if row and row[0]:
        return Verdict(NAME, "pass", run.env._("The job is in use."))
    return stop_or_warn(
        run,
        NAME,
        run.env._(
            "The job %(code)s was archived or deleted since this was asked for.", code=run.job_code
        ),
    )
