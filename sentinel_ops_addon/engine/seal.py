"""The last step of a run: its place in the chain."""

from contextlib import nullcontext

from .cursors import commit, writing_cursor


def seal(dbname, run_id, cr=None):
    """Give a run in state ``sealing`` the next position and end it.

    Alone in its transaction, whose first statement is ``LOCK TABLE``: it waits before the
    snapshot of REPEATABLE READ is taken. Waiting in ``SELECT ... FOR UPDATE`` or for an advisory
    lock takes the snapshot first, and then fails as soon as another sealer has committed.

    :param cr: an engine cursor between two transactions that no operation worked on, to save a
        connection
    :return: the position, or 0 when the run was not waiting to be sealed
    """
    with nullcontext(cr) if cr else writing_cursor(dbname) as cr:
        cr.execute("LOCK TABLE sentinel_chain IN EXCLUSIVE MODE")
        cr.execute(
            """
            WITH chain AS (
                UPDATE sentinel_chain SET position = position + 1
                 WHERE id = (SELECT min(id) FROM sentinel_chain)
                   AND EXISTS (SELECT FROM sentinel_run WHERE id = %s AND state = 'sealing')
             RETURNING position)
            UPDATE sentinel_run AS run
               SET state = 'done', position = chain.position, owner_token = NULL
              FROM chain
             WHERE run.id = %s
         RETURNING run.position
            """,
            [run_id, run_id],
        )
        (position,) = cr.fetchone() or (0,)
        # Position and end become visible together, or not at all.
        commit(cr)
    return position
