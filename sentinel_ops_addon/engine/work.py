"""What a run does to its records, as :class:`engine.batch.Batch` needs to know it.

A kind of work has the attributes ``task``, ``operation``, ``ctx``, ``model`` and ``names`` (the
fields that lines keep before and after), ``is_repair`` (whether it changes the records; announcing
does not), and the methods of :class:`engine.repair.Repair`.
"""

from .announce import Announce
from .marks import ANNOUNCE
from .repair import Repair
from .selection import selection_of, task_context
from .undo import Undo


def work_of(env, run, as_of, line_operation=""):
    """The work of a run, on lines of one operation.

    :param env: environment of the user that the run works as
    :param as_of: what "now" means for the run
    :param line_operation: what the plan says of the lines; a run may repair some records and
        announce the repair of others
    """
    task = env[f"sentinel.task.{run.task_code}"]
    operation = env[f"sentinel.operation.{task._task_operation}"]
    ctx = task_context(env, run, as_of)
    if run.undoes_ref:
        return Undo(task, operation, run, ctx)
    kind = Announce if line_operation == ANNOUNCE else Repair
    return kind(task, operation, selection_of(task, ctx), run, ctx)
