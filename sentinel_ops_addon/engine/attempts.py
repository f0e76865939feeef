"""Attempts without success, counted per job and record in the transaction of the batch."""

from datetime import timedelta

from .marks import ANNOUNCE
from .vocabulary import ERRORS

# After so many doublings the wait stays the same.
_MOST_DOUBLINGS = 6


def note_attempts(cr, run, lines):
    """Count the records that a batch did not repair, and forget those that it did.

    The wait before the next attempt doubles each time (``limits["retry_after_hours"]``, then
    twice as long, ...); after ``limits["max_attempts"]`` the record needs a human.

    :param lines: lines of the batch, with their outcomes
    """
    done = [
        line.record_ref for line in lines if line.outcome == "done" and line.operation != ANNOUNCE
    ]
    if done:
        cr.execute(
            "DELETE FROM sentinel_attempt WHERE job_ref = %s AND model = %s "
            "AND record_ref = ANY(%s)",
            [run.job_ref, lines[0].model, done],
        )
    failed = [line for line in lines if line.outcome in ERRORS | {"ineffective"}]
    if not failed:
        return
    limits = run.limits or {}
    cr.execute_values(
        """
        INSERT INTO sentinel_attempt AS known (
            job_ref, job_code, job_name, company_ref, model, record_ref, record_name, attempts,
            last_at, last_outcome, last_message, last_run_uid, next_at, needs_human)
        VALUES %s
        ON CONFLICT (job_ref, model, record_ref) DO UPDATE
           SET attempts = known.attempts + 1,
               record_name = excluded.record_name,
               last_at = excluded.last_at,
               last_outcome = excluded.last_outcome,
               last_message = excluded.last_message,
               last_run_uid = excluded.last_run_uid,
               next_at = excluded.last_at + (excluded.next_at - excluded.last_at)
                         * power(2, least(known.attempts, {doublings})),
               needs_human = known.attempts + 1 >= {most}
        """.format(doublings=_MOST_DOUBLINGS, most=int(limits["max_attempts"])),
        [
            (
                run.job_ref,
                run.job_code,
                run.job_name,
                run.company_ref,
                line.model,
                line.record_ref,
                line.record_name,
                1,
                line.at,
                line.outcome,
                line.message,
                run.uid,
                line.at + timedelta(hours=limits["retry_after_hours"]),
                limits["max_attempts"] <= 1,
            )
            for line in failed
        ],
    )
