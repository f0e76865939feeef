"""One slice of work on one run, whatever its mode, with every way it can end."""

import logging
from contextlib import nullcontext

from odoo import SUPERUSER_ID, fields
from odoo.exceptions import AccessError, UserError

from .apply import apply
from .call_off import call_off
from .cursors import commit, environment, roll_back, writing_cursor
from .errors import ApprovalMissing, DryRunViolation, GuardStop, OwnershipLost, SentinelError
from .finish import finish, finish_live
from .guards import judge, judge_request
from .lines import chosen_totals
from .liveness import holding, take_ownership
from .plan import plan
from .requests import FOLLOW_UP
from .simulate import simulate

_logger = logging.getLogger(__name__)

# What a live run takes over from its plan.
_FROM_PLAN = (
    "as_of",
    "population_count",
    "matched_count",
    "withheld_count",
    "selected_count",
    "is_limited",
    "amount",
    "currency",
    "kpis",
    # The policy that the plan was looked at with, whatever became of the job's since.
    "policy",
)


def work(dbname, run_id, time_slice, cr=None):
    """Work on a run until it is finished or the slice is over; the caller holds its lock.

    :param time_slice: the :class:`time_slice.TimeSlice` after which a live run pauses
    :param cr: an engine cursor between two transactions that no operation worked on, to save a
        connection
    """
    with nullcontext(cr) if cr else writing_cursor(dbname) as cr:
        token = take_ownership(cr, run_id)
        if not token:
            return
        run = environment(cr, SUPERUSER_ID)["sentinel.run"].browse(run_id)
        try:
            _work(cr, run, token, time_slice)
        except OwnershipLost as error:
            # Also where its end was to be written: who lost a run often fails before it notices.
            roll_back(cr)
            _logger.warning("Sentinel: %s; this process leaves it alone", error)


def _work(cr, run, token, time_slice):
    try:
        if run.mode == "plan":
            finish(cr, run, token, plan(cr, run, judge_request(run)))
        elif run.mode == "simulate":
            _work_simulate(cr, run, token, time_slice)
        else:
            _work_live(cr, run, token, time_slice)
    except OwnershipLost:
        raise
    except GuardStop as stop:
        roll_back(cr)
        _end_stopped(cr, run, token, stop)
    except Exception as error:
        # Any failure of a task ends its run with a sentence; the dispatcher goes on.
        roll_back(cr)
        _logger.warning("Run %s of %s failed: %s", run.uid, run.job_code, error, exc_info=error)
        _end_failed(cr, run, token, failure_text(run, error))


def _work_live(cr, run, token, time_slice):
    if not run.as_of:
        run.awaits = False
        verdicts = judge_request(run)
        if not _settle_plan(cr, run, token, time_slice):
            return
        try:
            verdicts += judge(run)
        except ApprovalMissing as missing:
            _await_approval(cr, run, token, verdicts + missing.verdicts)
            return
        except GuardStop as stop:
            stop.verdicts[:0] = verdicts
            raise
        run.guards = [verdict.as_dict() for verdict in verdicts]
        if run.selected_count:
            run.env.flush_all()
            # Kept apart from the first batch: that one may be rolled back and tried again.
            commit(cr)
    if not run.selected_count or apply(cr, run, token, time_slice):
        call_off(cr, run, token)
        finish_live(cr, run, token)
        return
    _pause(cr, run, token)


def _await_approval(cr, run, token, verdicts):
    """Let go of a live run until somebody decides; it is judged anew then."""
    run.write(
        {
            "guards": [verdict.as_dict() for verdict in verdicts],
            "as_of": False,
            # Nothing was changed yet: what it is going to do begins when it may.
            "started_at": False,
            "awaits": "approval",
            "heard_count": run.env["sentinel.approval"].search_count(
                [("plan_ref", "=", run.plan_ref)]
            ),
            "expires_at": run.browse(run.plan_ref).expires_at,
        }
    )
    _pause(cr, run, token)


def _work_simulate(cr, run, token, time_slice):
    """A simulation takes its time at a stretch, so it does not begin at the end of a slice."""
    if not run.as_of:
        verdicts = judge_request(run)
        if not _settle_plan(cr, run, token, time_slice):
            return
        run.guards = [verdict.as_dict() for verdict in verdicts + judge(run)]
        if time_slice.left() <= 0:
            _pause(cr, run, token)
            return
    finish(cr, run, token, "dry_run", **simulate(cr, run))


def _pause(cr, run, token):
    """Let go of a run between two slices."""
    run.env.flush_all()
    cr.execute(
        "UPDATE sentinel_run SET state = 'waiting' WHERE id = %s AND owner_token = %s",
        [run.id, token],
    )
    if cr.rowcount != 1:
        raise OwnershipLost(f"run {run.id} was taken over by another process")
    # The pause must be visible before the lock is let go, or the run would look interrupted.
    commit(cr)


def _settle_plan(cr, run, token, time_slice):
    """Give a run that carries out a plan its plan and the plan's figures, uncommitted.

    Makes the plan where there is none.

    :return: False when the plan failed and the run ended with it
    """
    plan_id = run.plan_ref
    is_new = not plan_id
    if is_new:
        # The company in the context, or Odoo would look up the superuser's for its defaults.
        runs = run.with_context(allowed_company_ids=[run.company_ref])
        plan_run = runs.create(_plan_request(run))
        plan_id = plan_run.id
        run.write({"plan_ref": plan_id, "plan_uid": plan_run.uid})
        run.env.flush_all()
        # The plan is a run of its own, with its own process state, so it must exist for others.
        commit(cr)
    if is_new or run.browse(plan_id).state == "queued":
        with holding(cr.dbname, plan_id) as held:
            # Between two transactions: nothing was written, or it is committed.
            roll_back(cr)
            if held:
                work(cr.dbname, plan_id, time_slice, cr)
        # A new transaction, so that what the plan committed is seen.
        roll_back(cr)
    # Both are read next, in one statement.
    plan_run = run.browse(plan_id).with_prefetch((plan_id, run.id))
    if plan_run.state == "queued":
        # Somebody looked at it at the very moment it was to be worked on: in the next slice then.
        _pause(cr, run, token)
        return False
    if plan_run.final_status != "dry_run":
        finish_live(
            cr,
            run,
            token,
            "failure",
            error=run.env._(
                "Nothing was done, because its plan failed: %(error)s", error=plan_run.error or ""
            ),
        )
        return False
    run.write({**{name: plan_run[name] for name in _FROM_PLAN}, "progress_done": 0})
    if run.chosen:
        count, amount = chosen_totals(cr, plan_run.id, run.chosen)
        run.write({"selected_count": count, "amount": amount})
    run.progress_total = run.selected_count
    return True


def _plan_request(run):
    return {
        **{name: run[name] for name in FOLLOW_UP},
        "uid": run.env["sentinel.chain"]._new_uid(),
        "mode": "plan",
        "source": "engine",
        "reason": run.env._("Plan of the run %(uid)s", uid=run.uid),
        "requested_at": fields.Datetime.now(),
    }


def _end_stopped(cr, run, token, stop):
    """End a run that a guard stopped, before its first change or between two batches."""
    verdict = stop.verdict
    asked = {given.guard for given in stop.verdicts}
    kept = [given for given in run.guards or [] if given["guard"] not in asked]
    run.guards = kept + [given.as_dict() for given in stop.verdicts]
    status = "aborted"
    if verdict.guard == "cancelled":
        status = "cancelled"
        # It did what it was for; in force for ever, it would be read before every batch of others.
        run.env["sentinel.stop"]._settle("run", run.id, run.env._("The run ended."))
    error = run.env._(
        "Stopped by the guard %(guard)s: %(message)s",
        guard=verdict.guard,
        message=verdict.message,
    )
    if run.mode == "live":
        finish_live(cr, run, token, status, reason=verdict.message, error=error)
    else:
        finish(cr, run, token, status, error=error, verdict="not_evaluated")


def _end_failed(cr, run, token, text):
    if run.mode == "live":
        finish_live(cr, run, token, "failure", reason=text, error=text)
    else:
        finish(cr, run, token, "failure", error=text, verdict="error")


def failure_text(run, error) -> str:
    """What went wrong, naming the task, without a traceback."""
    task = run.task_code
    if isinstance(error, DryRunViolation) and run.mode == "simulate":
        return run.env._(
            "The task %(task)s tried, during a simulation, what no rollback undoes, and was "
            "refused: %(error)s. Nothing was changed. Report it to the author of the task or of "
            "its operation.",
            task=task,
            error=error,
        )
    if isinstance(error, DryRunViolation):
        return run.env._(
            "The task %(task)s tried to change something during a dry run, and was refused: "
            "%(error)s. Nothing was changed. Report it to the author of the task.",
            task=task,
            error=error,
        )
    if isinstance(error, SentinelError | UserError | AccessError):
        return run.env._("The task %(task)s failed: %(error)s", task=task, error=error)
    first_line = str(error).strip().split("\n")[0]
    return run.env._(
        "The task %(task)s broke: %(kind)s: %(error)s. The server log has the details.",
        task=task,
        kind=type(error).__name__,
        error=first_line,
    )
