"""Act on one batch of planned records, inside one transaction that the caller commits."""

import logging
from dataclasses import replace

import psycopg2

from odoo import fields
from odoo.exceptions import (
    AccessError,
    ConcurrencyError,
    LockError,
    RedirectWarning,
    UserError,
)

from .bulk_tracking import bulk_tracking
from .canonical import record_values
from .errors import SentinelError
from .fingerprint import fingerprints
from .marks import own_hands
from .savepoint import savepoint
from .suspects import suspects

_logger = logging.getLogger(__name__)

# The same work may well succeed a moment later; never held against a record.
TRANSIENT = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
    ConcurrencyError,
)


class _Ineffective(Exception):
    """Raised inside a savepoint so that the records it names are rolled back with the rest."""

    def __init__(self, records):
        super().__init__()
        self.ids = records.ids


def _until_suspect(records, suspected):
    """Those before the first suspect; the suspect alone, when it is the first of all."""
    for number, record_id in enumerate(records.ids):
        if record_id in suspected:
            return records[: number or 1]
    return records


class Batch:
    """Locks, tests again, acts, tests the effect, and says what became of each record.

    :param work: what is done to the records, see :mod:`engine.work`
    :param withheld: outcome and reason of records that must be left alone, by ID
    :param budget: the run's :class:`engine.error_budget.ErrorBudget` so far
    """

    def __init__(self, work, withheld, budget):
        self.work = work
        self.task = work.task
        self.operation = work.operation
        self.ctx = work.ctx
        self.names = work.names
        self.withheld = withheld
        self.budget = budget
        self.planned = {}

    def act(self, planned):
        """Carry out the planned lines.

        :param planned: lines of the plan, see :mod:`engine.lines`
        :return: one line for each, with its outcome
        :raises psycopg2.Error: one of :data:`TRANSIENT`; the transaction is lost then
        """
        by_id = self.planned = {line.record_ref: line for line in planned}
        records = self.work.model.browse(by_id)
        locked = records.try_lock_for_update()
        ready, settled, before = self._test_again(records, locked, by_id)
        verdicts = self._attempt(ready) if ready else {}
        done = ready.filtered(lambda record: verdicts[record.id][0] == "done")
        after = record_values(done, self.names)
        prints = self._prints_after(done, after)
        now = fields.Datetime.now()
        results = []
        for line in planned:
            outcome, message = settled.get(line.record_ref) or verdicts[line.record_ref]
            results.append(
                replace(
                    line,
                    outcome=outcome,
                    message=message,
                    before=before.get(line.record_ref, line.before),
                    after=after.get(line.record_ref, {}),
                    after_fingerprint=prints.get(line.record_ref, ""),
                    at=now,
                )
            )
        return results

    def _test_again(self, records, locked, by_id):
        """Sort out what must not be touched: gone, in use, no longer trouble, edited.

        :return: the records to act on; outcome and message of the others; values as they are now
            of the former, by ID
        """
        settled = {}
        env = records.env
        free = records - locked
        existing = free.exists()
        for record in free:
            if record in existing:
                settled[record.id] = ("skipped_locked", env._("Somebody is working on it."))
            else:
                settled[record.id] = ("skipped_changed", env._("It was deleted since the plan."))
        for record in locked.filtered(lambda record: record.id in self.withheld):
            settled[record.id] = self.withheld[record.id]
            locked -= record
        matching = self.work.wanted(locked) if locked else locked
        for record in locked - matching:
            settled[record.id] = (
                "skipped_changed",
                env._("It does not meet the condition any more."),
            )
        values = record_values(matching, self.names)
        prints = fingerprints(matching, values)
        # In the order of the plan: oldest first, whatever order the search gives.
        ready = records.browse(
            [
                record_id
                for record_id, line in by_id.items()
                if prints.get(record_id) == line.fingerprint
            ]
        ).with_prefetch(matching._prefetch_ids)
        for record in matching - ready:
            settled[record.id] = (
                "skipped_changed",
                self._difference(record, by_id[record.id].before, values[record.id]),
            )
        return ready, settled, {record.id: values[record.id] for record in ready}

    def _prints_after(self, done, after):
        # The flush stamps computed changes with a write_date that the cache does not know.
        done.invalidate_recordset(["write_date"])
        return fingerprints(done, after)

    def _difference(self, record, planned, current):
        # Names only: whoever reads the message may not be allowed to read the record.
        changed = [
            record._fields[name]._description_string(self.task.env)
            for name, value in current.items()
            if planned.get(name) != value
        ]
        if changed:
            return self.task.env._("Changed since the plan: %(what)s", what=", ".join(changed))
        return self.task.env._("Somebody edited it since the plan.")

    def _attempt(self, records):
        """Apply the operation, in the order of the plan; whoever makes it fail is found.

        Together where that works. A failure costs less than a success, since the business says no
        before there is much to write, so it is cheaper to close in on one culprit and then to try
        all that follow together than to work off the two halves each for themselves. Cheaper still
        is to take those apart whom the error seems to be about; but each is tried alone, and the
        first of them that does well, or failure of those before them, ends all guessing.

        :return: outcome and message by record id
        """
        verdicts = {}
        waiting, size = records, len(records)
        suspected, guesses = set(), True
        while waiting:
            if self.budget.is_exceeded:
                message = self.task.env._("The run had made too many errors by then.")
                verdicts.update(dict.fromkeys(waiting.ids, ("not_attempted", message)))
                break
            together = _until_suspect(waiting[:size], suspected)
            later = waiting[len(together) :]
            is_suspect = waiting.ids[0] in suspected
            error = self._act(together, verdicts)
            if error is None:
                waiting, size = later, 2 * size
                if is_suspect:
                    suspected, guesses = set(), False
            elif is_suspect:
                self._blame(together, error, verdicts)
                suspected.discard(together.id)
                waiting = later
            else:
                # Where one is, others may be: with many culprits it comes down to one by one.
                size = size // 2 or 1
                if suspected:
                    # Those before whom it seemed to be about fail as well, so it says little.
                    suspected, guesses = set(), False
                found = suspects(error, together) if guesses else set()
                suspected |= found
                if not found:
                    waiting = self._close_in(together, error, verdicts) + later
        return verdicts

    def _close_in(self, records, error, verdicts):
        """Find the first culprit among records that failed together, and judge it.

        What comes before it is acted upon, on the way.

        :return: the records after it, of which nothing is known yet
        """
        after = records.browse()
        while len(records) > 1:
            middle = len(records) // 2
            first, second = records[:middle], records[middle:]
            found = self._act(first, verdicts)
            if found is None:
                # So it is among the others, which need not be tried as a whole.
                records, error = second, None
            else:
                records, error, after = first, found, second + after
        # None when it was only in the company of others that it failed.
        error = error or self._act(records, verdicts)
        if error is not None:
            self._blame(records, error, verdicts)
        return after

    def _blame(self, record, error, verdicts):
        verdicts[record.id] = verdict = self._judge(record, error)
        self.budget.note(verdict[0])

    def _act(self, records, verdicts):
        """Act on records together, in a savepoint.

        :param verdicts: gets outcome and message of each by id, unless it fails
        :return: the error they failed with, None for success
        """
        cr = records.env.cr
        # Or whatever is asked of a few would be found out for the whole batch.
        records = records.with_prefetch()
        try:
            with savepoint(cr):
                with bulk_tracking(records.env), own_hands():
                    self.work.act(records, self.planned)
                    # Chatter is written when flushing: its failures belong to this batch too.
                    cr.flush()
                stuck = self.work.without_effect(records, self.planned)
                if stuck:
                    raise _Ineffective(stuck)
        except _Ineffective as error:
            self._without_effect(records, records.browse(error.ids), verdicts)
        except TRANSIENT:
            raise
        except SentinelError:
            # The operation broke the engine's own rules; that ends the run, not the record.
            raise
        except Exception as error:  # noqa: BLE001 - one record must not stop the others
            return error
        else:
            if self.work.is_repair:
                self.budget.note("done", len(records))
            verdicts.update(dict.fromkeys(records.ids, ("done", "")))
        return None

    def _without_effect(self, records, stuck, verdicts):
        verdicts.update(dict.fromkeys(stuck.ids, ("ineffective", self.work.ineffective_message())))
        self.budget.note("ineffective", len(stuck))
        rest = records - stuck
        if rest:
            verdicts.update(self._attempt(rest))

    def _judge(self, record, error):
        if isinstance(error, LockError):
            return "skipped_locked", str(error)
        if isinstance(error, UserError | AccessError):
            return "refused", str(error)
        if isinstance(error, RedirectWarning):
            # The same no, with a button for a screen that nobody looks at here.
            return "refused", str(error.args[0])
        _logger.warning("%s failed on %s: %s", self.operation._name, record, error, exc_info=error)
        first_line = str(error).strip().split("\n")[0]
        return "failed", f"{type(error).__name__}: {first_line}"
