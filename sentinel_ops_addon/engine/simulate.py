"""Simulate: do what a plan says, for real, in one transaction that cannot be committed.

The records, the locks, the tests and the business methods are those of a live run; the lines say
what became of each record, with the real values before and after. They are written on another
connection, and become visible when the simulation has ended well and everything is undone.
"""

import logging
import time
from dataclasses import replace

from odoo import fields

from .batch import TRANSIENT, Batch
from .budget import plan_limit
from .cursors import environment, plan_cursor, simulation_cursor
from .effects import declared_effects
from .error_budget import ErrorBudget
from .errors import OutOfTime, TaskFailure
from .footprint import attempts, described, footprint, other_records
from .lines import copy_as_not_attempted, insert_lines, outcome_counts, planned_lines
from .own_caches import own_caches
from .process_guard import watching
from .withheld import withheld_lines
from .work import work_of

_logger = logging.getLogger(__name__)

# The records stay locked until the end, and all is undone at once: not for masses.
MAX_RECORDS = 10_000
# What is lost when the time ends in the middle of one.
MAX_BATCH = 100
# The part of the time that is for the work; the rest is for looking at what it touched.
WORKING_SHARE = 0.8


def simulate(cr, run):
    """Carry out the plan of a run and undo it; leave lines on the run, uncommitted.

    :param cr: the engine's writing cursor; the caller commits or rolls back
    :param run: the ``sentinel.run`` record on that cursor, with its plan's figures
    :return: values for the end of the run
    :raises DryRunViolation: something was tried that a rollback would not undo
    :raises TaskFailure: there was not even time for the first record
    """
    task = run.env[f"sentinel.task.{run.task_code}"]
    operation = run.env[f"sentinel.operation.{task._task_operation}"]
    if declared_effects(operation) == "inline":
        # The plan has shown the selection; further it cannot go.
        return _end(
            cr,
            run,
            run.env._(
                "The operation reaches other systems while it works, which nothing can undo; so "
                "it was not simulated."
            ),
        )
    end = time.monotonic() + plan_limit()
    working = plan_limit() * WORKING_SHARE
    with own_caches(run.env.registry), simulation_cursor(cr.dbname) as acting:
        acting.limit_statements(working)
        before = attempts(acting)
        acting.end = time.monotonic() + working
        with watching(simulates=True):
            rest = _act(acting, cr, run)
        # What follows is the engine's own, and has the rest of the time.
        acting.end = float("inf")
        touched = _touched(acting, cr, run, before, end)
    return dict(_end(cr, run, rest), **touched)


def _end(cr, run, rest):
    """Give what was not reached its lines, and count.

    :param rest: why it was not reached
    """
    copy_as_not_attempted(cr, run, run.plan_ref, rest or None)
    counts = outcome_counts(cr, run.id)
    totals = run._count_outcomes(counts)
    totals["progress_done"] = totals["checked_count"] - counts.get("not_attempted", 0)
    return totals


def _act(acting, cr, run):
    """Work on the planned records until all are done or a bound is reached.

    :return: why the rest was not attempted; empty when there is no rest
    """
    position, reached, size = 0, 0, 1
    while planned := planned_lines(cr, run.plan_ref, position, size, run.chosen):
        if reached + len(planned) > MAX_RECORDS:
            return run.env._(
                "A simulation takes at most %(most)s records; this one was beyond.",
                most=MAX_RECORDS,
            )
        began = time.monotonic()
        try:
            lines = _batch(acting, run, planned)
        except OutOfTime as error:
            if not reached:
                raise _took_too_long(run) from error
            return run.env._("The time of the simulation was over before its turn came.")
        insert_lines(cr, run, lines)
        position, reached = planned[-1].position, reached + len(planned)
        now = time.monotonic()
        fits = int((acting.end - now) * len(planned) / max(now - began, 1e-6))
        size = max(1, min(5 * len(planned), _full_size(run), fits))
    return ""


def _full_size(run):
    task = run.env[f"sentinel.task.{run.task_code}"]
    operation = run.env[f"sentinel.operation.{task._task_operation}"]
    return min(MAX_BATCH, operation._operation_batch_size)


def _batch(acting, run, planned):
    """Act on a batch; in a conflict with others it is halved until the record in use stands alone.

    Trying again, as a live run does, would not help: the one transaction of a simulation goes on
    seeing what there was when it began.
    """
    try:
        with acting.savepoint():
            env = environment(acting, run.run_as_ref, run.company_ref)
            withheld = withheld_lines(env, run, planned)
            # No budget: a simulation is there to show every refusal.
            work = work_of(env, run, run.as_of, planned[0].operation)
            batch = Batch(work, withheld, ErrorBudget({}, {}))
            lines = batch.act(planned)
    except TRANSIENT as error:
        _logger.info("Run %s: %s records met %s", run.uid, len(planned), type(error).__name__)
        if len(planned) > 1:
            middle = len(planned) // 2
            return _batch(acting, run, planned[:middle]) + _batch(acting, run, planned[middle:])
        message = run.env._("Others were changing it while this run tried.")
        return [
            replace(line, outcome="skipped_locked", message=message, at=fields.Datetime.now())
            for line in planned
        ]
    # Memory must not grow with the number of records.
    env.invalidate_all()
    return [
        replace(line, outcome="simulated") if line.outcome == "done" else line for line in lines
    ]


def _touched(acting, cr, run, before, end):
    """What the simulation wrote, for the run's form, measured while it is still there.

    :param end: ``time.monotonic()`` value until when this may take
    """
    seconds = max(end - time.monotonic(), 1.0)
    acting.limit_statements(seconds)
    env = environment(acting, run.run_as_ref, run.company_ref)
    rows = footprint(env, before, attempts(acting))
    cr.execute(
        "SELECT record_ref FROM sentinel_run_line WHERE run_id = %s AND outcome = 'simulated'",
        [run.id],
    )
    planned = [record_id for (record_id,) in cr.fetchall()]
    # Opened now, so that it sees at least what the simulation began with.
    with plan_cursor(cr.dbname) as outside:
        outside.limit_statements(seconds)
        found = other_records(acting, outside, rows, run.target_model, planned, end)
        env_outside = environment(outside, run.run_as_ref, run.company_ref)
        with watching(simulates=True):
            others = described(found, env, env_outside)
    return {"footprint": rows, "side_effects": others}


def _took_too_long(run):
    return TaskFailure(
        run.env._(
            "the simulation of the first record took more than %(seconds)s seconds, and this "
            "server would kill it soon",
            seconds=round(plan_limit() * WORKING_SHARE),
        )
    )
