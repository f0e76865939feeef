"""Windows of time in which live runs may work."""

import datetime
import zoneinfo

from ..windows import opening
from .verdict import Verdict, stop_or_warn

NAME = "window"


def verdict(run):
    """Ask the windows of the run's job; asked again between batches, so a run stops at its end."""
    windows = run.env["sentinel.window"]._for_job(run.job_ref, run.company_ref)
    if not windows:
        return Verdict(NAME, "pass", run.env._("No window limits the job."))
    now = datetime.datetime.now(datetime.timezone.utc)
    found = opening(windows, now)
    if found.is_open:
        return Verdict(NAME, "pass", _open_text(run.env, found))
    return stop_or_warn(run, NAME, closed_text(run.env, found))


def _open_text(env, found):
    if found.window is None:
        return env._("No window forbids it now.")
    return env._(
        "Inside the window %(window)s, which is open until %(until)s.",
        window=found.window.name,
        until=moment_text(found.until, found.window.tz),
    )


def closed_text(env, found) -> str:
    """Why not now, and when next.

    :param found: a closed :class:`engine.windows.Opening`
    """
    if found.window is not None:
        why = env._(
            "The window %(window)s forbids it until %(until)s.",
            window=found.window.name,
            until=moment_text(found.until, found.window.tz),
        )
    else:
        why = env._("It is outside the windows in which the job may work.")
    if found.next_open is None:
        return env._("%(why)s It is not open within a year: change its windows.", why=why)
    tz = found.window.tz if found.window else "UTC"
    return env._("%(why)s Next possible: %(next)s.", why=why, next=moment_text(found.next_open, tz))


def moment_text(moment, tz) -> str:
    """An aware time for people, in a time zone that is named."""

    return f"{moment.astimezone(zoneinfo.ZoneInfo(tz)):%Y-%m-%d %H:%M} ({tz})"
