"""A run that somebody cancelled."""

from .stops import standing
from .verdict import Verdict

NAME = "cancelled"


def verdict(run):
    """Ask whether this very run was cancelled, in whatever mode; read again between batches."""
    stop = standing(run.env.cr, "run", run.id)
    if not stop:
        return Verdict(NAME, "pass", run.env._("Nobody cancelled the run."))
    return Verdict(
        NAME,
        "stop",
        run.env._("Cancelled by %(login)s: %(reason)s", login=stop.login, reason=stop.reason),
    )
