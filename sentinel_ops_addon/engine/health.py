"""Whether requests will be worked on."""

import os
import time

import psutil

from odoo import fields, release
from odoo.tools import config

from . import bulk_tracking
from .approvals import proof_of
from .canonical import utc_text
from .chain import retention
from .liveness import LOCK_SPACE
from .wake import dispatcher_cron

# The dispatcher is due every minute; three in a row are no accident.
OVERDUE = 180  # seconds
PATIENCE = 10  # seconds that a request may wait before a server without scheduler is to blame


def health(env):
    """Facts, problems and notices, each of the latter two with its remedy.

    A problem keeps requests from being worked on; a notice is about what works, but not as well
    as it could, and leaves ``ok`` alone.

    :return: see ``sentinel.job.health``
    """
    now = fields.Datetime.now()
    runs = env["sentinel.run"].sudo()
    queued = [("state", "=", "queued")]
    first = runs.search(queued, order="requested_at", limit=1)
    oldest = int((now - first.requested_at).total_seconds()) if first else 0
    cron = dispatcher_cron(env).sudo()
    ignored = oldest > PATIENCE and not (cron.lastcall and cron.lastcall > first.requested_at)
    found = problems(env, ignored=ignored)
    return {
        "ok": not found,
        "odoo_version": release.version,
        "database": env.cr.dbname,
        "now": utc_text(now),
        "neutralized": _is_neutralized(env),
        "queued": runs.search_count(queued),
        "running": runs.search_count([("state", "in", ["running", "waiting", "sealing"])]),
        "oldest_queued_seconds": oldest,
        "dispatcher_last": utc_text(cron.lastcall),
        "problems": found,
        "notices": list(_notices(env)),
    }


def problems(env, *, ignored=False):
    """What keeps requests from being worked on, each with its remedy; reads only.

    :param ignored: whether a request waits for some seconds already. A server without scheduler is
        to blame for that; without it, minutes have to pass, because another server may be at work.
    """
    return [*_unworked(env, ignored), *_stopped(env), *_trespasses(env)]


def _is_neutralized(env):
    return bool(env["ir.config_parameter"].sudo().get_param("database.is_neutralized"))


def _unworked(env, ignored):
    cron = dispatcher_cron(env).sudo()
    if _is_neutralized(env):
        yield {
            "code": "neutralized",
            "message": env._("This database is a neutralized copy; its jobs are switched off."),
            "remedy": env._("Use the original database."),
        }
    elif not cron or not cron.active:
        yield {
            "code": "dispatcher_off",
            "message": env._("The scheduled action that works on requests is switched off."),
            "remedy": env._(
                "Switch on Sentinel: work on requests under Settings > Technical > Scheduled "
                "Actions; if it is gone, upgrade the module."
            ),
        }
    elif (ignored and not config["max_cron_threads"]) or _is_overdue(env, cron):
        yield {
            "code": "no_cron_worker",
            "message": env._("No scheduler works on this database, so requests stay in the queue."),
            "remedy": env._(
                "Start Odoo with --max-cron-threads=1 or more, and check that the database is "
                "among those it serves."
            ),
        }


def _stopped(env):
    for stop in env["sentinel.stop"]._standing("all"):
        yield {
            "code": "kill_switch",
            "message": env._(
                "Everything is stopped since %(at)s UTC by %(login)s: %(reason)s",
                at=utc_text(stop.at),
                login=stop.login,
                reason=stop.reason,
            ),
            "remedy": env._("Who has the right can lift it under Sentinel > Emergency stop."),
        }


def _trespasses(env):
    forged = _forged_approvals(env)
    if forged:
        yield {
            "code": "approval_forged",
            "message": env._(
                "%(count)s approvals were put into the database past Sentinel: %(logins)s, plans "
                "%(plans)s. They do not count.",
                count=len(forged),
                logins=", ".join(forged.mapped("login")),
                plans=", ".join(forged.mapped("plan_uid")),
            ),
            "remedy": env._("Find out who has access to the database, and delete these rows."),
        }


def _forged_approvals(env):
    """Decisions about unfinished plans that did not come through a door of this addon."""
    decisions = env["sentinel.approval"].sudo().search([], order="id desc", limit=200)
    return decisions.filtered(lambda decision: decision.proof != proof_of(decision))


def _notices(env):
    yield from retention.notices(env)
    if bulk_tracking.is_wanted(env) and (unknown := bulk_tracking.unknown(env)):
        yield {
            "code": "bulk_tracking_off",
            "message": env._(
                "The chatter is written record by record, which makes live runs slower, because "
                "parts of Odoo are not as they were when the faster way was tested: %(names)s.",
                names=", ".join(unknown),
            ),
            "remedy": env._(
                "Nothing is wrong and nothing is lost. Install a newer Sentinel-Ops when there is "
                "one; to hear no more of it, set the system parameter %(name)s to 0.",
                name=bulk_tracking.SETTING,
            ),
        }


def server_uptime() -> float:
    """Seconds since this Odoo server was started."""
    # With workers, the one that answers is young; its parent is the server.
    process = psutil.Process(os.getppid() if config["workers"] else None)
    return time.time() - process.create_time()


def _is_overdue(env, cron):
    late = (fields.Datetime.now() - cron.nextcall).total_seconds()
    # A server that was down is late in everything when it comes up, and needs a minute.
    if min(late, server_uptime()) <= OVERDUE:
        return False
    env.cr.execute(
        """
        SELECT count(*) FROM pg_locks
         WHERE locktype = 'advisory' AND classid = %s
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """,
        [LOCK_SPACE],
    )
    # While a run is worked on, the dispatcher is late but well.
    return not env.cr.fetchone()[0]
