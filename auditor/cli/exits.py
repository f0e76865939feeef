"""Exit codes: a script must be able to tell "all good" from "could not say"."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from auditor.errors import AuditorError, BadInput

if TYPE_CHECKING:
    from auditor.odoo.answers import Run

GOOD_STATUSES = frozenset({"success", "dry_run"})
GOOD_VERDICTS = frozenset({"", "pass", "warn"})


class Exit(IntEnum):
    """What the command's exit code means."""

    DONE = 0
    """Done as asked; a check that passes or warns."""
    ENDED_BADLY = 1
    """The run ended badly, or the store can't be used."""
    BAD_INPUT = 2
    """What was typed or configured can't be used."""
    NO_ANSWER = 3
    """Odoo could not be reached or understood."""
    REFUSED = 4
    """Wrong login or key, or no rights."""
    NOT_YET = 5
    """Not known yet: still queued or running when the time ended, or it waits for approval."""
    BROKEN_TRAIL = 6
    """The trail is not what was sealed: somebody must look."""
    INTERRUPTED = 130
    """Interrupted by the user."""


class NotYet(AuditorError):
    """The time is over and the run is not."""


class Interrupted(AuditorError):
    """Ctrl-C, with what goes on all the same."""


def for_error(error: AuditorError) -> Exit:
    """Return the exit code of an error."""
    if isinstance(error, NotYet):
        return Exit.NOT_YET
    if isinstance(error, Interrupted):
        return Exit.INTERRUPTED
    if isinstance(error, BadInput):
        return Exit.BAD_INPUT
    from auditor.odoo.errors import BusinessFault, OdooError, Refused

    if isinstance(error, BusinessFault):
        return Exit.BAD_INPUT
    if isinstance(error, Refused):
        return Exit.REFUSED
    if isinstance(error, OdooError):
        return Exit.NO_ANSWER
    from auditor.trail.errors import TrailError

    if isinstance(error, TrailError):
        return Exit.BROKEN_TRAIL
    return Exit.ENDED_BADLY


def for_run(run: Run) -> Exit:
    """Return the exit code of a run as it stands."""
    if run.state != "done":
        return Exit.NOT_YET
    if run.status in GOOD_STATUSES and run.verdict in GOOD_VERDICTS:
        return Exit.DONE
    return Exit.ENDED_BADLY
