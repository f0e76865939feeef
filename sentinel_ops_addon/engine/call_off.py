"""Announcements that nothing will come of: their records are no trouble any more."""

import logging

from odoo import fields
from odoo.exceptions import UserError, ValidationError

from .batch import TRANSIENT
from .cursors import commit, environment, roll_back
from .liveness import fence
from .marks import OPEN, close_marks, mark_days
from .selection import selection_of, task_context

_logger = logging.getLogger(__name__)

# Taken away with one run; the next ones take the rest.
_MOST = 500


def call_off(cr, run, token):
    """Close the open marks of records that are no trouble any more, in a transaction of its own.

    Only a run that looks for what the job looks for: another limit of age, given by hand, says
    nothing about what was announced. Nothing else depends on it, so no failure of it ends a run.

    :param cr: the engine's writing cursor
    :param run: a live run that did all it had to do
    :param token: proof of ownership, see :mod:`engine.liveness`
    """
    if not mark_days(run) or run.undoes_ref or run.retries_ref or not _looks_as_always(run):
        return
    run_id, done = run.id, run.progress_done
    try:
        if _close(cr, run):
            run.env.flush_all()
            fence(cr, run_id, token, done)
            commit(cr)
    except (*TRANSIENT, UserError) as error:
        roll_back(cr)
        _logger.warning("Run %s: announcements were not called off: %s", run.uid, error)


def _looks_as_always(run):
    job = run.env["sentinel.job"].browse(run.job_ref).exists()
    try:
        return bool(job) and job._effective_parameters({}) == (run.parameters or {})
    except ValidationError:
        return False


def _close(cr, run):
    env = environment(cr, run.run_as_ref, run.company_ref)
    task = env[f"sentinel.task.{run.task_code}"]
    # Not the moment of the plan: what was announced since may not have been trouble then.
    selection = selection_of(task, task_context(env, run, fields.Datetime.now()))
    cr.execute(
        "SELECT record_ref FROM sentinel_mark WHERE job_ref = %s AND model = %s AND state = ANY(%s)"
        " ORDER BY record_ref",
        [run.job_ref, selection.model._name, list(OPEN)],
    )
    marked = [ref for (ref,) in cr.fetchall()]
    if not marked:
        return False
    trouble = set(selection.still_matching(selection.model.browse(marked)).ids)
    over = [ref for ref in marked if ref not in trouble][:_MOST]
    if over:
        close_marks(env, run.job_ref, selection.model._name, over, "overtaken", OPEN)
    return bool(over)
