"""How many errors a live run may make before it stops itself.

The rule, in full. *Errors* are lines that are ``refused`` or ``failed``; *tried* are those and the
ones that are ``done`` or ``ineffective``. The run stops as soon as

* ``errors > max_errors``: a budget of 3 stops at the fourth error, a budget of 0 at the first; or
* ``tried >= error_sample`` and ``errors / tried > max_error_share / 100``: half of ten is within a
  share of 50 %, six of ten is not.

It is asked after every single record that fails, also while a batch is halved, so nothing is tried
after the error that exceeds it. Records that are skipped count for nothing, and neither do those
whose repair was announced: well announced is not yet well done.
"""

from .vocabulary import ERRORS

_TRIED = ERRORS | {"done", "ineffective"}


class ErrorBudget:
    """Counts the outcomes of one live run against its limits.

    :param limits: ``max_errors``, ``max_error_share`` (percent, as text) and ``error_sample``; a
        missing key is no limit
    :param counts: lines by outcome so far
    """

    def __init__(self, limits, counts):
        self.max_errors = limits.get("max_errors")
        share = limits.get("max_error_share")
        self.max_share = None if share is None else float(share)
        self.sample = limits.get("error_sample", 0)
        self.errors = sum(counts.get(outcome, 0) for outcome in ERRORS)
        self.tried = sum(counts.get(outcome, 0) for outcome in _TRIED)

    def note(self, outcome, records=1):
        """Count records that ended so."""
        if outcome in ERRORS:
            self.errors += records
        if outcome in _TRIED:
            self.tried += records

    @property
    def is_exceeded(self) -> bool:
        if self.max_errors is not None and self.errors > self.max_errors:
            return True
        return (
            self.max_share is not None
            and self.tried >= self.sample
            and self.errors * 100 > self.max_share * self.tried
        )
