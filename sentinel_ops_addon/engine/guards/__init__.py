"""Guards: named conditions that may stop a run before its first change.

One guard a file, one function ``verdict(run)`` each, assembled here in the order in which they
are asked. A dry run shows what live would say; live stops.
"""

from ..errors import GuardStop
from . import cap_required, max_records
from .verdict import Verdict

__all__ = ["Verdict", "judge"]

# Before a live run changes anything, and on the plan of a remedy. Order: cheap and general first.
_GUARDS = (cap_required, max_records)


def judge(run):
    """Ask every guard about a run whose selection is known.

    :param run: the ``sentinel.run`` record, with its counts
    :return: all verdicts, in order
    :raises GuardStop: in live mode, with the first verdict that stops
    """
    verdicts = [guard.verdict(run) for guard in _GUARDS]
    if run.mode == "live":
        for verdict in verdicts:
            if verdict.level == "stop":
                raise GuardStop(verdict)
    return verdicts
