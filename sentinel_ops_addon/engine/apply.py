"""Live: carry out a plan, batch by batch, in slices that can be resumed."""

import logging
import random
import time
from dataclasses import dataclass

from .attempts import note_attempts
from .batch import TRANSIENT, Batch
from .cursors import commit, environment, roll_back
from .error_budget import ErrorBudget
from .guards import judge_errors, judge_standing
from .lines import insert_lines, last_position, outcome_counts, planned_lines
from .liveness import fence
from .marks import ANNOUNCE, announced_lines, mark_days
from .withheld import withheld_lines
from .work import work_of

_logger = logging.getLogger(__name__)

# The first batches are small, so that a wrong job shows itself before it is everywhere.
RAMP = (1, 5, 25)
# When only so small a part of the last batch fits into the rest of a slice, the next slice is
# cheaper: what a batch costs apart from its records would be paid for ever fewer of them.
WORTH_A_BATCH = 0.25
MAX_TRIES = 5
# Seconds; doubled each time, with as much again at random so that two rivals part.
FIRST_BACK_OFF = 0.05


@dataclass
class Reached:
    """How far a run got: what is committed.

    :param position: of the last line that is settled, in the plan's numbering
    :param settled: how many lines there are; fewer than the position where lines were chosen
    :param counts: lines by outcome, without the repairs that were announced only
    """

    position: int
    settled: int
    counts: dict[str, int]

    def advance(self, lines):
        """Take in the lines of a batch that was committed."""
        self.position = lines[-1].position
        self.settled += len(lines)
        for line in lines:
            if line.outcome != "done" or line.operation != ANNOUNCE:
                self.counts[line.outcome] = self.counts.get(line.outcome, 0) + 1


def apply(cr, run, token, time_slice):
    """Work on a live run whose plan is there, until it is finished or the slice is over.

    :param cr: the engine's writing cursor; committed here after each batch
    :param run: the ``sentinel.run`` record on that cursor
    :param token: proof of ownership, see :mod:`engine.liveness`
    :param time_slice: the :class:`time_slice.TimeSlice` after which to pause
    :return: True when no planned record is left
    :raises GuardStop: somebody stopped it, a window closed, or it made too many errors
    """
    counts = outcome_counts(cr, run.id)
    reached = Reached(last_position(cr, run.id), sum(counts.values()), counts)
    if counts.get("done") and mark_days(run):
        counts["done"] -= announced_lines(cr, run.id)
    limits = run.limits or {}
    full = _full_size(run)
    fits = run.batch_ceiling or RAMP[-1]
    while True:
        size = min(_batch_size(reached.settled, full), fits)
        planned = planned_lines(cr, run.plan_ref, reached.position, size, run.chosen)
        if not planned:
            return True
        judge_standing(run)
        began, before = time.monotonic(), reached.settled
        _one_batch(cr, run, token, planned, time_slice, reached)
        judge_errors(run, ErrorBudget(limits, reached.counts))
        took, done = time.monotonic() - began, reached.settled - before
        if not done:
            # Others were in the way for the whole slice: be smaller in the next one.
            run.batch_ceiling = max(1, len(planned) // 2)  # until a batch succeeds, see fence()
            return False
        fits = _fitting(done, took, time_slice.left())
        if time_slice.left() <= 0 or fits < done * WORTH_A_BATCH:
            if not time_slice.prolong(cr, run.id):
                return not planned_lines(cr, run.plan_ref, reached.position, 1, run.chosen)
            fits = _fitting(done, took, time_slice.left())


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


def _one_batch(cr, run, token, planned, time_slice, reached):
    """Act on a batch and commit it; conflicts with others are tried again, then split.

    :param reached: advanced by what was committed; not at all when the slice ended in conflicts
    """
    for attempt in range(MAX_TRIES):
        try:
            _try_batch(cr, run, token, planned, reached)
            return
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
            if time_slice.left() <= 0:
                break
            time.sleep(FIRST_BACK_OFF * 2**attempt * (1 + random.random()))
    if len(planned) == 1:
        _give_up(cr, run, token, planned, reached)
    elif time_slice.left() > 0:
        # Fewer records at a time meet fewer rivals; it says nothing about any of them.
        _one_batch(cr, run, token, planned[: len(planned) // 2], time_slice, reached)


def _try_batch(cr, run, token, planned, reached):
    env = environment(cr, run.run_as_ref, run.company_ref)
    withheld = withheld_lines(env, run, planned)
    # Counted anew at every try: what a conflict rolled back never happened.
    budget = ErrorBudget(run.limits or {}, reached.counts)
    batch = Batch(work_of(env, run, run.as_of, planned[0].operation), withheld, budget)
    _commit_lines(cr, run, token, batch.act(planned), reached)


def _give_up(cr, run, token, planned, reached):
    """A record that is being changed at every try is in use: leave it to the next run."""
    (line,) = planned
    line.outcome = "skipped_locked"
    line.message = run.env._("Others kept changing it while this run tried.")
    line.at = run.env.cr.now().replace(microsecond=0)
    _commit_lines(cr, run, token, [line], reached)


def _commit_lines(cr, run, token, lines, reached):
    run_id = run.id
    insert_lines(cr, run, lines)
    if not run.undoes_ref:
        note_attempts(cr, run, lines)
    run.env.flush_all()
    fence(cr, run_id, token, reached.settled + len(lines))
    # The change, its line and the proof of ownership become visible together, or none of them.
    commit(cr)
    reached.advance(lines)
