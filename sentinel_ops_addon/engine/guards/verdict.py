"""What a guard says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """The answer of one guard.

    :param guard: its name, as users see it
    :param level: ``pass``, ``warn`` (a dry run that live would stop), ``wait`` (live waits for
        somebody's decision) or ``stop``
    :param message: a sentence with the numbers in it
    """

    guard: str
    level: str
    message: str

    def as_dict(self):
        """The verdict as it is stored on the run and sent to clients."""
        return {"guard": self.guard, "verdict": self.level, "message": self.message}


def stop_or_warn(run, guard, message) -> Verdict:
    """A refusal: it stops a live run and is a warning in a dry run, which may always look."""
    return Verdict(guard, "stop" if run.mode == "live" else "warn", message)
