"""Guards: named conditions that may stop a run before its first change, or later.

One guard a file, one function ``verdict(run)`` each, assembled here in the order in which they
are asked; the one about errors is given their count besides. A dry run shows what live would say;
live stops.
"""

from ..errors import ApprovalMissing, GuardStop
from . import (
    approval,
    cancelled,
    cap_required,
    error_budget,
    job_active,
    kill_switch,
    max_amount,
    max_records,
    max_share,
    overlap,
    paused,
    plan_intact,
    window,
    withheld,
)
from .verdict import Verdict

__all__ = ["Verdict", "judge", "judge_request", "judge_errors", "judge_standing"]

# Order: what people ordered first, then what is general and cheap. Those that need no plan are
# asked before one is made; approval comes last, so that nobody is asked in vain.
_BEFORE_THE_PLAN = (cancelled, kill_switch, paused, job_active, window, overlap)
_ON_THE_SELECTION = (
    plan_intact,
    withheld,
    cap_required,
    max_records,
    max_share,
    max_amount,
    approval,
)
# Asked again before every batch.
_STANDING = (cancelled, kill_switch, paused, job_active, window)


def judge_request(run):
    """Ask the guards that need not know what the run would select.

    :return: all verdicts, in order
    :raises GuardStop: with the first verdict that stops
    """
    return _ask(_BEFORE_THE_PLAN, run)


def judge(run):
    """Ask the guards about a run whose selection is known.

    :param run: the ``sentinel.run`` record, with its counts
    :return: all verdicts, in order
    :raises GuardStop: with the first verdict that stops
    :raises ApprovalMissing: in live mode, when somebody has to decide first
    """
    return _ask(_ON_THE_SELECTION, run)


def judge_standing(run):
    """Ask, before every batch, whether somebody stopped it since, or a window closed.

    :raises GuardStop: with the first verdict that stops
    """
    _ask(_STANDING, run)


def judge_errors(run, budget):
    """Ask, after every batch, whether the run made too many errors.

    :param budget: an :class:`engine.error_budget.ErrorBudget`
    :raises GuardStop: when it did
    """
    if budget.is_exceeded:
        raise GuardStop(error_budget.verdict(run, budget))


def _ask(guards, run):
    verdicts = []
    for guard in guards:
        verdicts.append(guard.verdict(run))
        if verdicts[-1].level == "stop":
            raise GuardStop(verdicts[-1], verdicts)
    if run.mode == "live" and any(verdict.level == "wait" for verdict in verdicts):
        raise ApprovalMissing(verdicts)
    return verdicts
