"""How a run ends."""

from odoo import fields

from .cursors import commit
from .errors import OwnershipLost
from .lines import copy_as_not_attempted, copy_refused, outcome_counts
from .seal import seal
from .vocabulary import ERRORS, UPDATED


def finish(cr, run, token, status, **values):
    """Write the end of a run under its owner's token, commit, and seal it.

    :param status: one of ``vocabulary.STATUSES``
    :param values: further columns, such as ``error``
    :raises OwnershipLost: when the run belongs to another process now
    """
    # Read in this transaction, so that a later change of owner fails the write below.
    if run.owner_token != token or run.state != "running":
        raise OwnershipLost(f"run {run.id} was taken over by another process")
    run.write(
        dict(
            values,
            state="sealing",
            final_status=status,
            awaits=False,
            ended_at=fields.Datetime.now(),
        )
    )
    run.env.flush_all()
    run_id = run.id
    # Where an operation worked, its session may not be as it was; a plan's tasks never had it.
    own = None if run.mode == "live" else cr
    # What the run says of itself is complete from here on; only its place is missing.
    commit(cr)
    seal(cr.dbname, run_id, own)


def finish_live(cr, run, token, status="", reason="", **values):
    """End a live run: what was not reached gets a line, the outcomes are summed up.

    :param status: empty to derive it from the outcomes
    :param reason: why the rest was not attempted
    """
    counts, refused = {}, 0
    # Where nothing was selected there is nothing to copy or to count.
    if run.plan_ref and (run.progress_total or run.undoes_ref or not run.as_of):
        copy_as_not_attempted(cr, run, run.plan_ref, reason or None)
        if run.undoes_ref and not run.chosen:
            refused = copy_refused(cr, run, run.plan_ref)
        counts = outcome_counts(cr, run.id)
    totals = run._count_outcomes(counts)
    untouched = counts.get("not_attempted", 0) + refused
    totals["progress_done"] = totals["checked_count"] - untouched
    finish(cr, run, token, status or derived_status(counts), **totals, **values)


def derived_status(counts) -> str:
    """What the outcomes of a live run that went to its end amount to.

    ``success``: no record failed or was refused (skipped ones are none of our failures);
    ``failure``: some did and none was updated; ``partial``: both happened, or the repair was
    without effect on some (no goods to reserve): nothing broke, but the trouble is still there.
    """
    errors = sum(counts.get(outcome, 0) for outcome in ERRORS)
    updated = sum(counts.get(outcome, 0) for outcome in UPDATED)
    if errors:
        return "partial" if updated else "failure"
    return "partial" if counts.get("ineffective") else "success"
