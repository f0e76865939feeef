"""The time that one run may take before others get their turn."""

import time

# Seconds; nobody who waits for a turn waits longer for one run.
SLICE = 5

# Which runs wait for their turn. Live runs of one job go one after the other: a second one plans
# when the first is done, so they never meet on a record. One that waits for somebody's decision
# holds nobody up; it is looked at again when its plan has expired, when it was cancelled, and when
# there are other decisions than it heard of: one may be made at the very moment when the run begins
# to wait. The plan that a live run makes for itself is worked on with it, by the same process. A
# scheduled one is let through, to the guard that stops it.
WAITS = """
    run.state IN ('queued', 'waiting', 'sealing')
    AND (run.awaits IS NULL
         OR run.expires_at < timezone('UTC', clock_timestamp())
         OR run.heard_count <> (
             SELECT count(*) FROM sentinel_approval AS decision
              WHERE decision.plan_ref = run.plan_ref)
         OR EXISTS (
             SELECT FROM sentinel_stop AS stop
              WHERE stop.scope = 'run' AND stop.ref = run.id AND stop.lifted_at IS NULL))
    AND NOT EXISTS (
         SELECT FROM sentinel_run AS parent
          WHERE parent.plan_ref = run.id AND parent.state <> 'done')
    AND NOT (run.mode = 'live' AND run.source <> 'schedule' AND EXISTS (
         SELECT FROM sentinel_run AS other
          WHERE other.job_ref = run.job_ref AND other.mode = 'live'
            AND other.awaits IS NULL AND other.state <> 'done' AND other.id < run.id))
"""


class TimeSlice:
    """One turn of one run.

    Who begins a new turn begins with a small batch and with nothing known, so a run that is alone
    keeps its turn.

    :param latest: ``time.monotonic()`` value at which the turn is over in any case, because the
        server would end what takes longer
    """

    def __init__(self, latest):
        self._latest = latest
        self._end = min(latest, time.monotonic() + SLICE)

    def left(self):
        """Seconds until the turn is over; negative or zero when it is."""
        return self._end - time.monotonic()

    def prolong(self, cr, run_id):
        """Begin another turn at once, if nobody else waits for one and the server allows it.

        :return: whether there is time again
        """
        end = min(self._latest, time.monotonic() + SLICE)
        if end <= self._end:
            return False
        cr.execute(
            f"SELECT EXISTS (SELECT FROM sentinel_run AS run WHERE run.id <> %s AND {WAITS})",
            [run_id],
        )
        if cr.fetchone()[0]:
            return False
        self._end = end
        return self.left() > 0
