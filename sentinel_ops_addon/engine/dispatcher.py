"""Works on queued and waiting runs, a slice of each in turn.

Called by one scheduled action. Odoo kills a scheduled action that runs too long and restarts
threaded servers because of it, so each call stays well below the limits and asks for the next.
"""

import logging
import time

import psycopg2

from odoo import SUPERUSER_ID

from . import recovery
from .budget import budget
from .cursors import commit, environment, writing_cursor
from .liveness import LOCK_SPACE, lock_connection
from .seal import seal
from .slices import work
from .wake import wake_dispatcher

_logger = logging.getLogger(__name__)

SLICE = 5  # seconds for one slice of one run, when others wait


def dispatch(dbname):
    """Work on what is there until the budget is used up.

    :return: how many slices were worked on
    """
    end = time.monotonic() + budget()
    slices = 0
    # Runs that another process works on, or that were dealt with in this call already.
    refused = []
    # At least one slice a call, however small the budget: otherwise nothing would ever move.
    while not slices or time.monotonic() < end:
        # A connection for each turn: the lock ends with it, and so it does when the process dies.
        with lock_connection(dbname) as locks:
            run_id, state, has_events = _take_turn(locks, refused)
            if not run_id:
                if has_events:
                    _seal_events(dbname)
                return slices
            try:
                _turn(dbname, run_id, state, end)
            except psycopg2.errors.LockNotAvailable as error:
                # A process that is dying holds its rows still; the others need not wait for it.
                _logger.info("Run %s is left to the next call: %s", run_id, error)
                refused.append(run_id)
                continue
            if state == "running":
                refused.append(run_id)
                continue
        slices += 1
    _ask_for_another_call(dbname)
    return slices


def _seal_events(dbname):
    """Give definitions that changed their place, where no run ended since and took them along."""
    try:
        seal(dbname, 0)
    except psycopg2.errors.LockNotAvailable as error:
        _logger.info("Events are left to whoever seals now, or to the next call: %s", error)


def _turn(dbname, run_id, state, end):
    if state == "running":
        recovery.end_interrupted(dbname, run_id)
    elif state == "sealing":
        seal(dbname, run_id)
    else:
        work(dbname, run_id, min(end, time.monotonic() + SLICE))


def _take_turn(locks, refused):
    """Find the run whose turn it is and lock it.

    :param locks: an open liveness connection, see :func:`liveness.lock_connection`
    :param refused: IDs to leave alone; those that another process works on are added
    :return: id and state, or nothing when there is none, and whether events wait for the sealer
    """
    while True:
        run_id, state, held, has_events = _next(locks, refused)
        if held or not run_id:
            return run_id, state, has_events
        refused.append(run_id)


def _next(locks, refused):
    """Look for the next run and try its lock, in one statement.

    First those that say running: when the lock of one is free, its process is dead. Then fewest
    slices first, then oldest. Live runs of one job go one after the other: a second one plans
    when the first is done, so they never meet on a record. One that waits for somebody's decision
    holds nobody up; it is looked at again when its plan has expired, when it was cancelled, and
    when there are other decisions than it heard of: one may be made at the very moment when the
    run begins to wait. The plan that a live run makes for itself is worked on with it, by the same
    process. A scheduled one is let through, to the guard that stops it.
    """
    locks.execute(
        """
        SELECT turn.id, turn.state, pg_try_advisory_lock(%s, turn.id), outbox.has_events
          FROM (SELECT EXISTS (SELECT FROM sentinel_event WHERE position IS NULL) AS has_events)
               AS outbox
          LEFT JOIN (
                SELECT run.id, run.state
                  FROM sentinel_run AS run
                 WHERE NOT run.id = ANY(%s)
                   AND (run.state = 'running'
                        OR run.state IN ('queued', 'waiting', 'sealing')
                       AND (run.awaits IS NULL
                            OR run.expires_at < timezone('UTC', clock_timestamp())
                            OR run.heard_count <> (
                                SELECT count(*) FROM sentinel_approval AS decision
                                 WHERE decision.plan_ref = run.plan_ref)
                            OR EXISTS (
                                SELECT FROM sentinel_stop AS stop
                                 WHERE stop.scope = 'run' AND stop.ref = run.id
                                   AND stop.lifted_at IS NULL))
                       AND NOT EXISTS (
                                SELECT FROM sentinel_run AS parent
                                 WHERE parent.plan_ref = run.id AND parent.state <> 'done')
                       AND NOT (run.mode = 'live' AND run.source <> 'schedule' AND EXISTS (
                                SELECT FROM sentinel_run AS other
                                 WHERE other.job_ref = run.job_ref AND other.mode = 'live'
                                   AND other.awaits IS NULL
                                   AND other.state <> 'done' AND other.id < run.id)))
                 ORDER BY run.state = 'running' DESC, coalesce(run.slice_count, 0), run.id
                 LIMIT 1) AS turn ON true
        """,
        [LOCK_SPACE, refused],
    )
    return locks.fetchone()


def _ask_for_another_call(dbname):
    with writing_cursor(dbname) as cr:
        wake_dispatcher(environment(cr, SUPERUSER_ID))
        # The wish must be visible to the scheduler before this call ends.
        commit(cr)
