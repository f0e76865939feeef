"""The last step of a run: its place in the chain."""

from .cursors import commit, writing_cursor


def seal(dbname, run_id):
    """Give a run in state ``sealing`` the next position and end it.

    Alone in its transaction, whose first statement is ``LOCK TABLE``: it waits before the
    snapshot of REPEATABLE READ is taken. Waiting in ``SELECT ... FOR UPDATE`` or for an advisory
    lock takes the snapshot first, and then fails as soon as another sealer has committed.

    :return: the position, or 0 when the run was not waiting to be sealed
    """
    with writing_cursor(dbname) as cr:
        cr.execute("LOCK TABLE sentinel_chain IN EXCLUSIVE MODE")
        cr.execute("SELECT id, position FROM sentinel_chain ORDER BY id LIMIT 1")
        chain_id, position = cr.fetchone()
        cr.execute(
            """
            UPDATE sentinel_run SET state = 'done', position = %s, owner_token = NULL
             WHERE id = %s AND state = 'sealing'
            """,
            [position + 1, run_id],
        )
        if cr.rowcount != 1:
            return 0
        cr.execute(
            "UPDATE sentinel_chain SET position = %s WHERE id = %s", [position + 1, chain_id]
        )
        # Position and end become visible together, or not at all.
        commit(cr)
    return position + 1
