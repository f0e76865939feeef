"""Removing what is old and held elsewhere: lines first, then whole places from the beginning.

Only what every active consumer has acknowledged goes, so without a consumer nothing does. The
chain then begins at a checkpoint, whose seal the first place that is left was made with; it only
moves forward. Each step is one transaction with the event that says what went; without that event
the triggers of :mod:`engine.chain.keeper` would refuse it.
"""

import logging
from dataclasses import dataclass

from odoo import SUPERUSER_ID

from ..cursors import commit, environment, writing_cursor

_logger = logging.getLogger(__name__)

LINES_DAYS = "sentinel_ops_addon.retention_lines_days"
RUNS_DAYS = "sentinel_ops_addon.retention_runs_days"
MOST_DAYS = 36_500

# Removed by one step: what others wait for, and what is lost when it is cut off, stays small.
LINES_AT_ONCE = 20_000
PLACES_AT_ONCE = 2_000


class BadSetting(ValueError):
    """A retention period that is no whole number of days from 1 on; nothing goes until it is."""


@dataclass(frozen=True)
class Periods:
    """Days after which lines and whole runs may go; ``None``: never."""

    lines: int | None
    runs: int | None

    @property
    def any(self):
        """Days after which the first of them may go."""
        return min((days for days in (self.lines, self.runs) if days), default=None)


def periods(env):
    """What is set.

    :raises BadSetting:
    """
    return Periods(_days(env, LINES_DAYS), _days(env, RUNS_DAYS))


def _days(env, name):
    value = (env["ir.config_parameter"].sudo().get_param(name) or "").strip()
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= MOST_DAYS):
        raise BadSetting(f"{name} = {value}")
    return int(value)


def step(dbname):
    """Remove a bounded part of what may go.

    :return: how many rows went, and whether there may be more (1) or not (0)
    """
    with writing_cursor(dbname) as cr:
        env = environment(cr, SUPERUSER_ID)
        try:
            days = periods(env)
        except BadSetting as error:
            _logger.warning("Retention is not set properly, nothing is removed: %s", error)
            return 0, 0
        if not days.any:
            return 0, 0
        commit(cr)
        if count := _remove_lines(env, days):
            return count, 1
        count = _remove_places(env, days)
        return count, int(bool(count))


def _remove_lines(env, days):
    """Remove lines of the oldest runs that have some still; how many."""
    cr = env.cr
    chain = _chain(cr)
    until = min(
        _old_until(cr, chain, chain["lines_position"], days.any),
        _acknowledged(cr),
    )
    until = _before_needed(cr, chain, chain["lines_position"], until)
    if until <= chain["lines_position"]:
        return 0
    cr.execute(
        """
        SELECT count(*), max(position), array_agg(id), array_agg(DISTINCT entry)
          FROM (SELECT line.id, entry.id AS entry, entry.position
                  FROM sentinel_chain_entry AS entry
                  JOIN sentinel_run_line AS line ON line.run_id = entry.ref
                 WHERE entry.chain = %s AND entry.kind = 'run' AND entry.line_count > 0
                   AND entry.position > %s AND entry.position <= %s
                 ORDER BY entry.position
                 LIMIT %s) AS due
        """,
        [chain["uid"], chain["lines_position"], until, LINES_AT_ONCE],
    )
    count, last, lines, entries = cr.fetchone()
    if not count:
        _move_on(cr, until)
        return 0
    _say(env, chain, days.any, count, lines=last)
    # First of all that no place promises lines of which some are gone.
    cr.execute(
        "UPDATE sentinel_chain_entry SET withheld = 'lines' "
        "WHERE id = ANY(%s) AND withheld IS NULL",
        [entries],
    )
    cr.execute("DELETE FROM sentinel_run_line WHERE id = ANY(%s)", [lines])
    commit(cr)
    _logger.info("Retention removed %s lines up to position %s", count, last)
    return count


def _move_on(cr, until):
    """Note that no run up to a position has lines any more; only so that nobody looks again."""
    commit(cr)
    # As the transaction's first statement, like the sealer's: see engine/seal.py.
    cr.execute("LOCK TABLE sentinel_chain IN EXCLUSIVE MODE")
    cr.execute(
        "UPDATE sentinel_chain SET lines_position = greatest(lines_position, %s) "
        "WHERE id = (SELECT min(id) FROM sentinel_chain)",
        [until],
    )
    commit(cr)


def _remove_places(env, days):
    """Remove the oldest places with their runs and events; how many."""
    cr = env.cr
    commit(cr)
    cr.execute("LOCK TABLE sentinel_chain IN EXCLUSIVE MODE")
    chain = _chain(cr)
    start = chain["start_position"]
    until = min(
        _old_until(cr, chain, start, days.runs),
        _acknowledged(cr),
        # A run goes after its lines.
        chain["lines_position"],
        start + PLACES_AT_ONCE,
    )
    until = _before_needed(cr, chain, start, until)
    if until <= start:
        commit(cr)
        return 0
    cr.execute(
        "SELECT seal FROM sentinel_chain_entry WHERE chain = %s AND position = %s",
        [chain["uid"], until],
    )
    (seal,) = cr.fetchone()
    count = until - start
    _say(env, chain, days.runs, count, until=until)
    cr.execute(
        """
        CREATE TEMPORARY TABLE sentinel_going ON COMMIT DROP AS
            SELECT kind, ref FROM sentinel_chain_entry
             WHERE chain = %(chain)s AND position > %(start)s AND position <= %(until)s;
        DELETE FROM sentinel_approval
         WHERE plan_ref IN (SELECT ref FROM sentinel_going WHERE kind = 'run');
        DELETE FROM sentinel_stop
         WHERE scope = 'run' AND ref IN (SELECT ref FROM sentinel_going WHERE kind = 'run');
        DELETE FROM sentinel_run
         WHERE id IN (SELECT ref FROM sentinel_going WHERE kind = 'run');
        DELETE FROM sentinel_event
         WHERE id IN (SELECT ref FROM sentinel_going WHERE kind = 'event');
        DELETE FROM sentinel_chain_entry
         WHERE chain = %(chain)s AND position > %(start)s AND position <= %(until)s;
        UPDATE sentinel_chain SET start_position = %(until)s, start_seal = %(seal)s
         WHERE id = %(id)s
        """,
        {"chain": chain["uid"], "start": start, "until": until, "seal": seal, "id": chain["id"]},
    )
    commit(cr)
    _logger.info("Retention removed the places up to %s", until)
    return count


def _say(env, chain, days, count, until=0, lines=0):
    """Write the event that lets rows go, before they do.

    It says how far retention went altogether, so that a verifier needs the last one only.
    """
    env.cr.execute(
        "SELECT coalesce(max(position), 0) FROM sentinel_chain_entry "
        "WHERE chain = %s AND position > %s AND withheld = 'lines'",
        [chain["uid"], chain["lines_position"]],
    )
    (begun,) = env.cr.fetchone()
    env["sentinel.event"]._note(
        kind="retention",
        model="sentinel.chain",
        record_ref=chain["id"],
        record_name=env._("Retention"),
        company_ref=0,
        after={
            "chain": chain["uid"],
            "until": max(until, chain["start_position"]),
            "lines": max(lines, begun, chain["lines_position"]),
            "count": count,
            "days": days,
        },
    )
    env.flush_all()


def _chain(cr):
    cr.execute(
        "SELECT id, uid, position, start_position, lines_position FROM sentinel_chain "
        "ORDER BY id LIMIT 1"
    )
    return cr.dictfetchone()


def _old_until(cr, chain, after, days):
    """The last position with nothing younger up to it; ``after`` when there is none beyond."""
    if not days:
        return after
    cr.execute(
        """
        SELECT min(position) FROM sentinel_chain_entry
         WHERE chain = %s AND position > %s
           AND sealed_at >= timezone('UTC', now()) - make_interval(days => %s)
        """,
        [chain["uid"], after, days],
    )
    (young,) = cr.fetchone()
    return chain["position"] if young is None else young - 1


def _acknowledged(cr):
    """How far all active consumers have the trail; 0 when there are none."""
    cr.execute("SELECT coalesce(min(position), 0) FROM sentinel_consumer WHERE active")
    return cr.fetchone()[0] or 0


def _before_needed(cr, chain, after, until):
    """``until``, or the position before the first run that somebody still needs.

    Needed are plans that may still be applied, and what an unfinished run works from.
    """
    cr.execute(
        """
        SELECT min(entry.position)
          FROM sentinel_chain_entry AS entry
          JOIN sentinel_run AS run ON run.id = entry.ref
         WHERE entry.chain = %s AND entry.kind = 'run'
           AND entry.position > %s AND entry.position <= %s
           AND (run.mode = 'plan' AND run.expires_at > timezone('UTC', now())
                OR run.id IN (SELECT unnest(ARRAY[plan_ref, undoes_ref, retries_ref])
                                FROM sentinel_run WHERE state <> 'done'))
        """,
        [chain["uid"], after, until],
    )
    (needed,) = cr.fetchone()
    return until if needed is None else needed - 1


# --- what managers are told ------------------------------------------------------------------


def notices(env):
    """Why a retention that is set does not remove anything, as ``health()`` tells it."""
    try:
        days = periods(env)
    except BadSetting as error:
        yield {
            "code": "retention_setting",
            "message": env._(
                "A retention period is no whole number of days, so nothing is removed: %(setting)s",
                setting=error,
            ),
            "remedy": env._("Set it under Sentinel > Trail > Retention."),
        }
        return
    if not days.any:
        return
    consumers = env["sentinel.consumer"].sudo().search([])
    if not consumers:
        yield {
            "code": "retention_no_consumer",
            "message": env._(
                "A retention period is set, but nobody else is registered to hold the trail, so "
                "nothing is removed."
            ),
            "remedy": env._(
                "Register the store that the auditor pulls into under Sentinel > Trail > "
                "Consumers, or empty the retention period."
            ),
        }
        return
    chain = _chain(env.cr)
    due = max(
        _old_until(env.cr, chain, chain["lines_position"], days.any),
        _old_until(env.cr, chain, chain["start_position"], days.runs),
    )
    behind = consumers.filtered(lambda consumer: consumer.position < due)
    if behind:
        yield {
            "code": "retention_waits",
            "message": env._(
                "What is older than the retention period stays, because it was not acknowledged "
                "yet by %(names)s.",
                names=", ".join(behind.mapped("name")),
            ),
            "remedy": env._(
                "Let the auditor pull and acknowledge. Archive a consumer that does not exist any "
                "more, under Sentinel > Trail > Consumers."
            ),
        }
