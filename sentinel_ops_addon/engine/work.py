"""What a run does to its records, as :class:`engine.batch.Batch` needs to know it.

A kind of work has the attributes ``task``, ``operation``, ``ctx``, ``model`` and ``names`` (the
fields that lines keep before and after), and the methods of :class:`engine.repair.Repair`.
"""

from .repair import Repair
from .selection import selection_of, task_context
from .undo import Undo


def work_of(env, run, as_of):
    """The work of a run.

    :param env: environment of the user that the run works as
    :param as_of: what "now" means for the run
    """
    task = env[f"sentinel.task.{run.task_code}"]
    operation = env[f"sentinel.operation.{task._task_operation}"]
    ctx = task_context(env, run, as_of)
    if run.undoes_ref:
        return Undo(task, operation, run, ctx)
    return Repair(task, operation, selection_of(task, ctx), ctx)
