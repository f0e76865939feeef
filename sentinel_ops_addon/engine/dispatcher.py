"""Works on queued and waiting runs, a slice of each in turn.

Called by one scheduled action. Odoo kills a scheduled action that runs too long and restarts
threaded servers because of it, so each call stays well below the limits and asks for the next.
"""

import logging
import time

from odoo import SUPERUSER_ID

from . import recovery
from .budget import budget
from .cursors import commit, environment, writing_cursor
from .liveness import holding
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
    recovery.mark_interrupted(dbname)
    slices = 0
    refused = []
    # At least one slice a call, however small the budget: otherwise nothing would ever move.
    while not slices or time.monotonic() < end:
        run_id, state = _next(dbname, refused)
        if not run_id:
            return slices
        with holding(dbname, run_id) as held:
            if not held:
                # Another process works on it; try the others.
                refused.append(run_id)
                continue
            if state == "sealing":
                seal(dbname, run_id)
            else:
                work(dbname, run_id, min(end, time.monotonic() + SLICE))
        slices += 1
    _ask_for_another_call(dbname)
    return slices


def _next(dbname, refused):
    """The run whose turn it is: fewest slices first, then oldest.

    Live runs of one job go one after the other: a second one plans when the first is done, so
    they never meet on a record. One that waits for somebody's decision holds nobody up; it is
    looked at again when its plan has expired. The plan that a live run makes for itself is worked
    on with it, by the same process. A scheduled one is let through, to the guard that stops it.
    """
    with writing_cursor(dbname) as cr:
        cr.execute(
            """
            SELECT run.id, run.state
              FROM sentinel_run AS run
             WHERE run.state IN ('queued', 'waiting', 'sealing')
               AND NOT run.id = ANY(%s)
               AND (run.awaits IS NULL OR run.expires_at < timezone('UTC', clock_timestamp()))
               AND NOT EXISTS (
                        SELECT FROM sentinel_run AS parent
                         WHERE parent.plan_ref = run.id AND parent.state <> 'done')
               AND NOT (run.mode = 'live' AND run.source <> 'schedule' AND EXISTS (
                        SELECT FROM sentinel_run AS other
                         WHERE other.job_ref = run.job_ref AND other.mode = 'live'
                           AND other.awaits IS NULL
                           AND other.state <> 'done' AND other.id < run.id))
             ORDER BY coalesce(run.slice_count, 0), run.id
             LIMIT 1
            """,
            [refused],
        )
        return cr.fetchone() or (0, "")


def _ask_for_another_call(dbname):
    with writing_cursor(dbname) as cr:
        wake_dispatcher(environment(cr, SUPERUSER_ID))
        # The wish must be visible to the scheduler before this call ends.
        commit(cr)
