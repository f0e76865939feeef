"""The switch that stops every live run and every simulation."""

from .stops import standing
from .verdict import Verdict, stop_or_warn

NAME = "kill_switch"


def verdict(run):
    """Ask whether everything is stopped; read again between batches."""
    stop = standing(run.env.cr, "all")
    if not stop:
        return Verdict(NAME, "pass", run.env._("The kill switch is off."))
    message = run.env._(
        "Everything is stopped since %(at)s UTC by %(login)s: %(reason)s. Who has the right "
        "Emergency stop can lift it under Sentinel > Emergency stop.",
        at=stop.at.strftime("%Y-%m-%d %H:%M"),
        login=stop.login,
        reason=stop.reason,
    )
    if run.mode == "simulate":
        return Verdict(NAME, "stop", message)
    return stop_or_warn(run, NAME, message)
