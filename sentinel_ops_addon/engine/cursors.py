"""Cursors of the engine's own, on connections that nobody else uses.

Only :func:`commit` ends a transaction of the engine. Tasks and operations work on these cursors
and are refused when they try, whether through Python or through SQL.
"""

from contextlib import contextmanager, suppress

import psycopg2
import psycopg2.extensions

from odoo import api, sql_db
from odoo.tools import SQL

from .errors import DryRunViolation, TransactionRefused
from .statements import transaction_control

# A mistake (waiting for a row that the caller's transaction holds) becomes an error, not a hang.
LOCK_TIMEOUT = "5s"


class EngineCursor(sql_db.Cursor):
    """A cursor whose transaction ends only by :func:`commit` or by closing it."""

    def __init__(self, *args):
        # What was read once and cannot be read differently until the transaction ends.
        self.reads = {}
        super().__init__(*args)

    def commit(self):
        raise TransactionRefused(
            "a task or an operation called commit(); only the engine commits, because a change "
            "and its line must become visible together"
        )

    def rollback(self):
        # Odoo's own close() rolls back; it has removed the psycopg2 cursor by then.
        if "_obj" in self.__dict__:
            raise TransactionRefused(
                "a task or an operation called rollback(); use a savepoint to undo a part"
            )
        return super().rollback()

    def execute(self, query, params=None, log_exceptions=True):
        text = query.code if isinstance(query, SQL) else query
        if found := transaction_control(text):
            raise TransactionRefused(f"a task or an operation sent {found.upper()!r} to PostgreSQL")
        result = super().execute(query, params, log_exceptions)
        if self._cnx.get_transaction_status() == psycopg2.extensions.TRANSACTION_STATUS_IDLE:
            self._cnx.close()
            raise TransactionRefused("a statement of a task or an operation ended the transaction")
        return result


class PlanCursor(EngineCursor):
    """An engine cursor that PostgreSQL keeps from writing, and that remembers who tried."""

    def __init__(self, pool, dbname, dsn):
        self.violation = ""
        super().__init__(pool, dbname, dsn)

    def execute(self, query, params=None, log_exceptions=True):
        try:
            return super().execute(query, params, log_exceptions=False)
        except psycopg2.errors.ReadOnlySqlTransaction as error:
            # Kept, because a task may catch the exception and go on as if nothing had happened.
            self.violation = self.violation or str(error).strip()
            raise
        except TransactionRefused as error:
            self.violation = self.violation or str(error)
            raise

    def commit(self):
        try:
            return super().commit()
        except TransactionRefused as error:
            self.violation = self.violation or str(error)
            raise


def commit(cr):
    """Commit a transaction of the engine: the one place that may.

    Called between whole batches, and for rows that must be visible to others at once (a request,
    a state). It never commits a caller's transaction: the engine does not work in one.

    :param cr: an :class:`EngineCursor` that is not read-only
    :raises TypeError: for any other cursor
    """
    if not isinstance(cr, EngineCursor) or isinstance(cr, PlanCursor):
        raise TypeError("Only the engine's own writing cursors may be committed here")
    # pylint: disable=invalid-commit
    super(EngineCursor, cr).commit()
    cr.reads.clear()


def roll_back(cr):
    """Undo the open transaction of an engine cursor and go on with a new one."""
    if not isinstance(cr, EngineCursor):
        raise TypeError("Only the engine's own cursors may be rolled back here")
    super(EngineCursor, cr).rollback()
    cr.reads.clear()


@contextmanager
def _own_connection(cursor_class, dbname, *, readonly):
    pool = sql_db.ConnectionPool(maxconn=1, readonly=readonly)
    _name, dsn = sql_db.connection_info_for(dbname)
    cr = cursor_class(pool, dbname, dsn)
    try:
        yield cr
    finally:
        # Closed, not returned: whatever a task did to the session ends with it.
        # The connection is gone already where it was cut on purpose, see execute().
        with suppress(psycopg2.InterfaceError):
            cr.close()
        pool.close_all()


@contextmanager
def writing_cursor(dbname):
    """A writing cursor on a connection of its own; what is not committed is rolled back."""
    with _own_connection(EngineCursor, dbname, readonly=False) as cr:
        cr.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT])
        # set_config is transactional: without this commit a rolled-back batch would lose it.
        commit(cr)
        yield cr


@contextmanager
def plan_cursor(dbname, seconds=float("inf")):
    """A cursor on a connection that PostgreSQL keeps read-only for its whole life.

    The session's characteristics are set before anything else: they survive a raw ``COMMIT``,
    which ``SET TRANSACTION READ ONLY`` does not.

    :param seconds: a statement that takes longer is cancelled by PostgreSQL
    :raises DryRunViolation: at the end, when a statement was refused for writing or for ending
        the transaction, even if the task swallowed the error
    """
    with _own_connection(PlanCursor, dbname, readonly=True) as cr:
        # What SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY sets.
        settings = {"default_transaction_read_only": "on", "lock_timeout": LOCK_TIMEOUT}
        if seconds != float("inf"):
            settings["statement_timeout"] = f"{seconds}s"
        # Past the fence on purpose: it keeps others from these settings.
        cr._obj.execute(
            f"SELECT {', '.join(['set_config(%s, %s, false)'] * len(settings))}",
            [text for setting in settings.items() for text in setting],
        )
        cr._cnx.commit()
        cr.execute("SELECT transaction_timestamp()")
        (began,) = cr.fetchone()
        yield cr
        if not cr.violation:
            _check_same_transaction(cr, began)
        if cr.violation:
            raise DryRunViolation(cr.violation)


def _check_same_transaction(cr, began):
    """Find a transaction that was ended and begun again behind the cursor's back."""
    cr.execute("SELECT transaction_timestamp(), current_setting('transaction_read_only')")
    now, read_only = cr.fetchone()
    if now != began or read_only != "on":
        cr.violation = "the transaction of the plan was ended and another one begun"


def environment(cr, user_id, company_id=0, lang=None, tz=None):
    """An environment on an engine cursor for the user that a job runs as.

    :param company_id: the only company the environment may see, 0 for the user's own choice
    """
    context = {}
    if company_id:
        context["allowed_company_ids"] = [company_id]
    if lang:
        context["lang"] = lang
    if tz:
        context["tz"] = tz
    return api.Environment(cr, user_id, context)
