"""Who works on a run, and whether they are still alive.

A session-level advisory lock on a connection of its own: PostgreSQL frees it the moment the
process dies, however it dies. Rejected: age (a slow run is not a dead one) and a lock on the
run's row (``FOR UPDATE`` on it would block its own lines through their foreign key).
"""

import uuid
from contextlib import contextmanager

import psycopg2

from odoo import sql_db

from .cursors import commit
from .errors import OwnershipLost

# First key of the two-key advisory locks, so that ours cannot meet another addon's.
LOCK_SPACE = 0x5E47


@contextmanager
def lock_connection(dbname):
    """A connection for nothing but locks: they last until the body or the process ends.

    :return: a psycopg2 cursor; each statement is a transaction of its own
    """
    _name, dsn = sql_db.connection_info_for(dbname)
    connection = psycopg2.connect(**dsn)
    try:
        connection.autocommit = True
        with connection.cursor() as cr:
            yield cr
    finally:
        connection.close()


@contextmanager
def holding(dbname, run_id):
    """Hold the run's lock for the body; yields False when somebody else holds it."""
    with lock_connection(dbname) as locks:
        locks.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_SPACE, run_id])
        (held,) = locks.fetchone()
        yield held


def take_ownership(cr, run_id) -> str:
    """Put a new owner token on the run and commit it; the caller must hold the lock.

    Whoever owned the run before notices at its next :func:`fence`.
    """
    token = uuid.uuid4().hex
    cr.execute(
        """
        UPDATE sentinel_run
           SET owner_token = %s, state = 'running', slice_count = coalesce(slice_count, 0) + 1,
               started_at = coalesce(started_at,
                                     date_trunc('second', timezone('UTC', clock_timestamp())))
         WHERE id = %s AND state IN ('queued', 'waiting')
        """,
        [token, run_id],
    )
    taken = cr.rowcount == 1
    # The run must show as running, under this owner, before any work of it becomes visible.
    commit(cr)
    return token if taken else ""


def fence(cr, run_id, token, done):
    """Prove inside a batch's own transaction that the run is still ours, and count its progress.

    The last statement before the commit: it locks the run's row, which others read and ask for.

    :param done: how many lines the run has after this batch
    :raises OwnershipLost: when another process took the run over
    """
    cr.execute(
        """
        UPDATE sentinel_run SET progress_done = %s, batch_ceiling = NULL
         WHERE id = %s AND owner_token = %s AND state = 'running'
        """,
        [done, run_id, token],
    )
    if cr.rowcount != 1:
        raise OwnershipLost(f"run {run_id} was taken over by another process")
