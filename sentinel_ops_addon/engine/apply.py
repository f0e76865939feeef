"""Live: carry out a plan, batch by batch, in slices that can be resumed."""

import logging
import random
import time

from .batch import TRANSIENT, Batch
from .cursors import commit, environment, roll_back
from .lines import insert_lines, last_position, planned_lines
from .liveness import fence
from .work import work_of

_logger = logging.getLogger(__name__)

# The first batches are small, so that a wrong job shows itself before it is everywhere.
RAMP = (1, 5, 25)
MAX_TRIES = 5
# Seconds; doubled each time, with as much again at random so that two rivals part.
FIRST_BACK_OFF = 0.05


def apply(cr, run, token, deadline):
    """Work on a live run whose plan is there, until it is finished or the slice is over.

    :param cr: the engine's writing cursor; committed here after each batch
    :param run: the ``sentinel.run`` record on that cursor
    :param token: proof of ownership, see :mod:`engine.liveness`
    :param deadline: ``time.monotonic()`` value at which to pause
    :return: True when no planned record is left
    """
    position = last_position(cr, run.id)
    full = _full_size(run)
    fits = run.batch_ceiling or RAMP[-1]
    while True:
        planned = planned_lines(cr, run.plan_ref, position, min(_batch_size(position, full), fits))
        if not planned:
            return True
        began, first = time.monotonic(), position
        position = _one_batch(cr, run, token, planned, deadline)
        now = time.monotonic()
        if position == first:
            # Others were in the way for the whole slice: be smaller in the next one.
            run.batch_ceiling = max(1, len(planned) // 2)  # until a batch succeeds, see fence()
            return False
        if now >= deadline:
            return not planned_lines(cr, run.plan_ref, position, 1)
        fits = _fitting(position - first, now - began, deadline - now)


def _fitting(done, took, left):
    """How many records fit into the time that is left, going by the last batch; at least one.

    A slow operation must not hold a transaction for longer than the server lets a scheduled
    action live: it would be killed, and again at every attempt.

    :param took: seconds for ``done`` records
    :param left: seconds until the slice is over
    """
    return max(1, int(left * done / took))


def _full_size(run):
    task = run.env[f"sentinel.task.{run.task_code}"]
    return run.env[f"sentinel.operation.{task._task_operation}"]._operation_batch_size


def _batch_size(done, full):
    """Size of the next batch after ``done`` records: 1, 5, 25, then full."""
    passed = 0
    for size in RAMP:
        passed += size
        if done < passed:
            return min(size, full)
    return full


def _one_batch(cr, run, token, planned, deadline):
    """Act on a batch and commit it; conflicts with others are tried again, then split.

    :return: the position reached; the one before the batch when the slice ended in conflicts
    """
    for attempt in range(MAX_TRIES):
        try:
            return _try_batch(cr, run, token, planned)
        except TRANSIENT as error:
            roll_back(cr)
            _logger.info(
                "Run %s: batch of %s met a conflict (%s), try %s of %s",
                run.uid,
                len(planned),
                type(error).__name__,
                attempt + 1,
                MAX_TRIES,
            )
            if time.monotonic() >= deadline:
                break
            time.sleep(FIRST_BACK_OFF * 2**attempt * (1 + random.random()))
    if len(planned) == 1:
        return _give_up(cr, run, token, planned)
    if time.monotonic() >= deadline:
        return planned[0].position - 1
    # Fewer records at a time meet fewer rivals; it says nothing about any of them.
    return _one_batch(cr, run, token, planned[: len(planned) // 2], deadline)


def _try_batch(cr, run, token, planned):
    env = environment(cr, run.run_as_ref, run.company_ref)
    lines = Batch(work_of(env, run, run.as_of)).act(planned)
    return _commit_lines(cr, run, token, lines)


def _give_up(cr, run, token, planned):
    """A record that is being changed at every try is in use: leave it to the next run."""
    (line,) = planned
    line.outcome = "skipped_locked"
    line.message = run.env._("Others kept changing it while this run tried.")
    line.at = run.env.cr.now().replace(microsecond=0)
    return _commit_lines(cr, run, token, [line])


def _commit_lines(cr, run, token, lines):
    run_id = run.id
    insert_lines(cr, run, lines)
    reached = lines[-1].position
    run.env.flush_all()
    fence(cr, run_id, token, reached)
    # The change, its line and the proof of ownership become visible together, or none of them.
    commit(cr)
    return reached
