"""Runs whose process died."""

import logging
import uuid

from odoo import SUPERUSER_ID, fields

from .cursors import commit, environment, writing_cursor
from .finish import finish, finish_live
from .requests import FOLLOW_UP
from .wake import wake_dispatcher

_logger = logging.getLogger(__name__)

# A scheduled moment whose run dies again and again is a bug or a server that is too small.
MAX_ATTEMPTS = 3
# What the same moment, requested once more, keeps besides.
_MOMENT = ("mode", "source", "reason", "scheduled_for")


def end_interrupted(dbname, run_id):
    """End a run that says running while its lock is free; the caller holds that lock now.

    The lock is free when its holder's connection is gone: the process is dead. What was committed
    stays with its lines; the rest becomes ``not_attempted``. The run of a scheduled moment is
    requested again, so that the moment is not lost.
    """
    with writing_cursor(dbname) as cr:
        token = uuid.uuid4().hex
        cr.execute(
            "UPDATE sentinel_run SET owner_token = %s WHERE id = %s AND state = 'running'",
            [token, run_id],
        )
        if cr.rowcount != 1:
            # It had ended between the look at it and the lock.
            return
        # A process that wakes up again must find the run taken before it can write.
        commit(cr)
        run = environment(cr, SUPERUSER_ID)["sentinel.run"].browse(run_id)
        _logger.warning("Run %s of %s was interrupted", run.uid, run.job_code)
        if run.mode == "live":
            error = run.env._(
                "The process that worked on this run ended before the run did. What was done is "
                "in the lines; the next run of the job takes up the rest."
            )
        else:
            error = run.env._(
                "The process that worked on this run ended before the run did. It was a dry run: "
                "nothing was changed."
            )
        if run.scheduled_for and run.attempt < MAX_ATTEMPTS:
            _request_again(run)
        _withdraw_plan(run)
        if run.mode == "live":
            finish_live(
                cr,
                run,
                token,
                "interrupted",
                reason=run.env._("The run was interrupted."),
                error=error,
            )
        else:
            finish(cr, run, token, "interrupted", error=error)


def _withdraw_plan(run):
    """End the plan that a dead run had asked for and not begun: nobody is going to apply it."""
    plan = run.browse(run.plan_ref or ())
    if plan.state == "queued" and plan.source == "engine":
        plan.write(
            {
                "state": "sealing",
                "final_status": "interrupted",
                "verdict": "not_evaluated",
                "error": run.env._("The run that it was for was interrupted before it began."),
                "ended_at": fields.Datetime.now(),
            }
        )


def _request_again(run):
    """Queue the same scheduled moment once more, in the transaction that ends the dead run."""
    again = run.create(
        {
            **{name: run[name] for name in (*FOLLOW_UP, *_MOMENT)},
            "uid": run.env["sentinel.chain"]._new_uid(),
            "attempt": run.attempt + 1,
            "resumes_uid": run.uid,
            "requested_at": run.env.cr.now().replace(microsecond=0),
        }
    )
    wake_dispatcher(run.env)
    return again
