"""The last step of a run: its place in the chain, after the events that came before it."""

from contextlib import nullcontext

from .chain import content
from .cursors import commit, writing_cursor

# Events sealed in one transaction: others who seal wait for it.
EVENTS_AT_ONCE = 500

# Before the lock, because a run may have a million lines; nobody else changes a run in this state.
# OFFSET keeps PostgreSQL from sorting whole lines instead of their digests.
_SUM_UP = f"""
    UPDATE sentinel_run
       SET salt = coalesce(salt, {content.NEW_SALT}),
           line_count = lines.count, lines_digest = lines.digest
      FROM (SELECT count(*) AS count,
                   {content.lines_digest("line.digest", "line.position")} AS digest
              FROM (SELECT line.position, {content.LINE_DIGEST_BYTES} AS digest
                      FROM sentinel_run_line AS line
                      JOIN sentinel_run AS run ON run.id = line.run_id
                     WHERE line.run_id = %(run)s
                    OFFSET 0) AS line) AS lines
     WHERE id = %(run)s AND state = 'sealing'
"""

_SEAL = content.seal(
    chain="chain.uid",
    position="chain.position + due.number",
    kind="due.kind",
    uid="due.uid",
    sealed_at="chain.sealed_at",
    digest="due.digest",
    previous="sealed.seal",
)
_APPEND = f"""
    WITH RECURSIVE chain AS MATERIALIZED (
        SELECT id, uid, position, seal, timezone('UTC', clock_timestamp()) AS sealed_at
          FROM sentinel_chain
         WHERE id = (SELECT min(id) FROM sentinel_chain)
    ), waiting AS MATERIALIZED (
        SELECT 'event' AS kind, event.id, event.uid, 0 AS line_count,
               {content.EVENT_DIGEST} AS digest
          FROM sentinel_event AS event
         WHERE event.position IS NULL
         ORDER BY event.id
         LIMIT {EVENTS_AT_ONCE}
    ), ending AS MATERIALIZED (
        SELECT 'run' AS kind, run.id, run.uid, run.line_count, {content.RUN_DIGEST} AS digest
          FROM sentinel_run AS run
         WHERE run.id = %s AND run.state = 'sealing'
           AND (SELECT count(*) FROM waiting) < {EVENTS_AT_ONCE}
    ), due AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY kind, id) AS number, every.*
          FROM (SELECT * FROM waiting UNION ALL SELECT * FROM ending) AS every
    ), sealed (number, seal) AS (
        SELECT 0::bigint, chain.seal::text FROM chain
         UNION ALL
        SELECT due.number, {_SEAL}
          FROM sealed
          JOIN due ON due.number = sealed.number + 1
         CROSS JOIN chain
    ), entered AS (
        INSERT INTO sentinel_chain_entry (
            chain, position, kind, uid, ref, line_count, digest, seal, sealed_at)
        SELECT chain.uid, chain.position + number, due.kind, due.uid, due.id, due.line_count,
               due.digest, sealed.seal, chain.sealed_at
          FROM due
          JOIN sealed USING (number)
         CROSS JOIN chain
    ), moved AS (
        UPDATE sentinel_chain
           SET position = sentinel_chain.position + last.number, seal = last.seal
          FROM chain, (SELECT number, seal FROM sealed ORDER BY number DESC LIMIT 1) AS last
         WHERE sentinel_chain.id = chain.id AND last.number > 0
    ), told AS (
        UPDATE sentinel_event SET position = chain.position + due.number
          FROM due, chain
         WHERE due.kind = 'event' AND sentinel_event.id = due.id
    ), ended AS (
        UPDATE sentinel_run
           SET state = 'done', position = chain.position + due.number, owner_token = NULL
          FROM due, chain
         WHERE due.kind = 'run' AND sentinel_run.id = due.id
     RETURNING sentinel_run.position
    )
    SELECT (SELECT count(*) FROM waiting), coalesce((SELECT position FROM ended), 0)
"""


def seal(dbname, run_id, cr=None):
    """Append the events that wait, then end a run in state ``sealing`` in the place after them.

    Alone in its transaction, whose first statement is ``LOCK TABLE``: it waits before the
    snapshot of REPEATABLE READ is taken. Waiting in ``SELECT ... FOR UPDATE`` or for an advisory
    lock takes the snapshot first, and then fails as soon as another sealer has committed.

    :param run_id: 0 to seal events only
    :param cr: an engine cursor between two transactions that no operation worked on, to save a
        connection
    :return: the run's position, or 0 when it was not waiting to be sealed
    """
    with nullcontext(cr) if cr else writing_cursor(dbname) as cr:
        if run_id:
            cr.execute(_SUM_UP, {"run": run_id})
            commit(cr)
        while True:
            cr.execute("LOCK TABLE sentinel_chain IN EXCLUSIVE MODE")
            cr.execute(_APPEND, [run_id])
            events, position = cr.fetchone()
            # Position, seal and end become visible together, or not at all.
            commit(cr)
            if events < EVENTS_AT_ONCE:
                return position
