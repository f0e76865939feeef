"""Repair: what a live run does to records that are trouble."""

from .marks import close_marks


class Repair:
    """Applies the task's operation; done when the record is no trouble any more.

    :param task: the task's abstract model, in the environment of the run-as user
    :param operation: the operation's abstract model, in the same environment
    :param selection: what the task selects, with the plan's ``as_of``
    :param run: the run that repairs
    """

    is_repair = True

    def __init__(self, task, operation, selection, run, ctx):
        self.task = task
        self.operation = operation
        self.selection = selection
        self.run = run
        self.ctx = ctx
        self.model = selection.model
        self.names = task._recorded_fields(ctx)

    def wanted(self, records):
        """Those of the locked records that are trouble still."""
        return self.selection.still_matching(records)

    def act(self, records, planned):
        """Make the change, inside the savepoint of the batch.

        :param planned: lines of the plan by record id
        """
        close_marks(records.env, self.run.job_ref, records._name, records.ids, "acted")
        self.operation._apply(records, self.ctx)

    def without_effect(self, records, planned):
        """Those that the change did not help."""
        return self.selection.still_matching(records)

    def ineffective_message(self):
        """What is said of those."""
        return self.task.env._("It was still the same trouble afterwards, so it was undone.")
