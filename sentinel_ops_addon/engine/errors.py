"""What can go wrong in a run, one class a kind. Messages are for people."""


class SentinelError(Exception):
    """Base of the errors that end a run with a sentence instead of a traceback."""


class DryRunViolation(SentinelError):
    """A task or an operation tried what a dry run may not, whether or not it swallowed the error.

    A plan may change nothing at all; a simulation may do nothing that a rollback does not undo.
    """


class OutOfTime(SentinelError):
    """A dry run reached the time it may take."""


class TransactionRefused(SentinelError):
    """A task or an operation tried to commit or roll back; only the engine may."""


class OwnershipLost(SentinelError):
    """The run belongs to another process now (its owner token changed): stop at once."""


class GuardStop(SentinelError):
    """A guard stopped the run; ``verdict`` says which one and with which numbers.

    :param verdicts: all that were given until then, this one last
    """

    def __init__(self, verdict, verdicts=()):
        super().__init__(verdict.message)
        self.verdict = verdict
        self.verdicts = list(verdicts) or [verdict]


class ApprovalMissing(SentinelError):
    """A live run has to wait for somebody's decision; ``verdicts`` are those given so far."""

    def __init__(self, verdicts):
        super().__init__(verdicts[-1].message)
        self.verdicts = verdicts


class TaskFailure(SentinelError):
    """The task could not do its work; the message names the task and the cause."""
