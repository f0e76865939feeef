"""Guards: named conditions that may stop a run before its first change.

One guard a file, one function ``verdict(run)`` each, assembled here in the order in which they
are asked. A dry run shows what live would say; live stops.
"""

from ..errors import GuardStop
from . import cap_required, max_records, overlap
from .verdict import Verdict

__all__ = ["Verdict", "judge", "judge_request"]

# Order: cheap and general first. Those that need no plan are asked before one is made.
_BEFORE_THE_PLAN = (overlap,)
_ON_THE_SELECTION = (cap_required, max_records)


def judge_request(run):
    """Ask the guards that need not know what the run would select.

    :return: all verdicts, in order
    :raises GuardStop: in live mode, with the first verdict that stops
    """
    return _ask(_BEFORE_THE_PLAN, run)


def judge(run):
    """Ask the guards about a run whose selection is known.

    :param run: the ``sentinel.run`` record, with its counts
    :return: all verdicts, in order
    :raises GuardStop: in live mode, with the first verdict that stops
    """
    return _ask(_ON_THE_SELECTION, run)


def _ask(guards, run):
    verdicts = [guard.verdict(run) for guard in guards]
    if run.mode == "live":
        for verdict in verdicts:
            if verdict.level == "stop":
                raise GuardStop(verdict)
    return verdicts
