"""A savepoint whose rollback keeps what Odoo has read, where nothing was written.

Odoo forgets its whole cache when a savepoint is rolled back. But the business mostly says no
before anything is written, and what was read until then is as true afterwards; to read it all anew
for every look for the record that is to blame was most of what a refusal cost.
"""

from contextlib import contextmanager

from psycopg2.extensions import TRANSACTION_STATUS_INTRANS

from .errors import SentinelError


@contextmanager
def savepoint(cr):
    """Like ``cr.savepoint()``; after an error the cache is empty, or true.

    :param cr: cursor of an environment that Odoo's models work with
    """
    kept, locks = {}, None
    try:
        with cr.savepoint():
            try:
                yield
            except SentinelError:
                # The end of the run, perhaps even of the connection.
                raise
            except Exception:
                kept = _unchanged(cr)
                locks = _own_transactions(cr) if kept else None
                raise
    except Exception:
        # The rollback has ended the savepoint's own transaction, if it had one.
        if kept and _own_transactions(cr) == locks:
            cr.transaction.field_data.update(kept)
        raise


def _unchanged(cr):
    """The cached values of stored fields, when none of them waits to be written.

    What is not stored might have been set by hand, and nothing would tell.
    """
    transaction = cr.transaction
    pending = (transaction.field_dirty, transaction.tocompute, transaction.field_data_patches)
    # Odoo leaves empty sets behind.
    if any(any(waiting.values()) for waiting in pending):
        return {}
    return {field: values for field, values in transaction.field_data.items() if field.store}


def _own_transactions(cr):
    """How many transactions and savepoints of this connection wrote something and are open.

    PostgreSQL gives each its own number with its first write or row lock, and locks the number; so
    not even a write that Odoo knows nothing of is missed.

    :return: ``None`` when the transaction is broken: who knows what happened
    """
    if cr.connection.closed or cr.connection.get_transaction_status() != TRANSACTION_STATUS_INTRANS:
        return None
    cr.execute(
        """
        SELECT count(*) FROM pg_locks
         WHERE pid = pg_backend_pid() AND locktype = 'transactionid' AND mode = 'ExclusiveLock'
        """
    )
    return cr.fetchone()[0]
