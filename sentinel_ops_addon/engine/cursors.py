"""Cursors of the engine's own, on connections that nobody else uses.

Only :func:`commit` ends a transaction of the engine. Tasks and operations work on these cursors
and are refused when they try, whether through Python or through SQL.
"""

import time
from contextlib import contextmanager, suppress

import psycopg2
import psycopg2.extensions

from odoo import api, sql_db
from odoo.tools import SQL

from . import tripwire
from .errors import DryRunViolation, OutOfTime, TaskFailure, TransactionRefused
from .statements import structure_change, transaction_control

# A mistake (waiting for a row that the caller's transaction holds) becomes an error, not a hang.
LOCK_TIMEOUT = "5s"
# A simulation has no business making others' work wait, nor time to wait for it.
SIMULATION_LOCK_TIMEOUT = "1s"


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


class DryRunCursor(EngineCursor):
    """An engine cursor that is never committed, remembers who tried, and ends in time.

    The first refusal is kept in ``violation``, because a task may catch the exception and go on
    as if nothing had happened.
    """

    # What takes a part back must work after the end, too.
    _ALWAYS = ("ROLLBACK TO", "RELEASE")

    def __init__(self, pool, dbname, dsn):
        self.violation = ""
        self.end = float("inf")  # ``time.monotonic()`` value; later statements are refused
        super().__init__(pool, dbname, dsn)

    def remember(self, error):
        """Keep a refusal, if it is the first one."""
        self.violation = self.violation or str(error).strip()

    def execute(self, query, params=None, log_exceptions=True):
        text = query.code if isinstance(query, SQL) else query
        if time.monotonic() > self.end and not str(text).startswith(self._ALWAYS):
            raise OutOfTime("the dry run reached the time it may take")
        try:
            return super().execute(query, params, log_exceptions=False)
        except psycopg2.errors.QueryCanceled as error:
            raise OutOfTime(str(error).strip()) from error
        except (psycopg2.errors.ReadOnlySqlTransaction, TransactionRefused) as error:
            self.remember(error)
            raise

    def commit(self):
        try:
            return super().commit()
        except TransactionRefused as error:
            self.remember(error)
            raise

    def rollback(self):
        self.forget_hooks()
        try:
            return super().rollback()
        except TransactionRefused as error:
            self.remember(error)
            raise

    def forget_hooks(self):
        """Drop what was put off until the rollback: it is others' code, and may reach anywhere."""
        self.prerollback.clear()
        self.postrollback.clear()

    def limit_statements(self, seconds):
        """Let PostgreSQL cancel each statement that takes longer; infinite for no limit."""
        self._obj.execute(
            "SELECT set_config('statement_timeout', %s, false)", [_milliseconds(seconds)]
        )


def _milliseconds(seconds):
    """A time as PostgreSQL's settings want it; zero is no limit there."""
    return "0" if seconds == float("inf") else str(max(1, round(seconds * 1000)))


class PlanCursor(DryRunCursor):
    """A dry run's cursor that PostgreSQL keeps from writing."""


class SimulateCursor(DryRunCursor):
    """A dry run's cursor that writes, and that PostgreSQL keeps from committing."""

    xid = None  # of the one transaction that it lives for

    def begin(self):
        """Arm the connection: one transaction that may write and cannot be committed.

        Every other transaction of the session is read-only, so that even who rolls this one back
        behind the cursor's back changes nothing.

        :raises TaskFailure: when the database lacks what refuses the commit
        """
        # The session's default must count, and psycopg2 would name a mode with every BEGIN.
        self._cnx.readonly = None
        # Past the fence on purpose: these are statements that it refuses to others.
        self._obj.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
        self._obj.execute("SELECT set_config('lock_timeout', %s, false)", [SIMULATION_LOCK_TIMEOUT])
        self._cnx.commit()
        self._obj.execute("SET TRANSACTION READ WRITE")
        if not tripwire.is_armed(self._obj):
            raise TaskFailure(
                "the database lacks what keeps a simulation from being committed; upgrade the "
                "module Sentinel-Ops"
            )
        self._obj.execute(f"INSERT INTO {tripwire.TABLE} DEFAULT VALUES")
        self._watcher = self._cnx.cursor()
        self.xid = self._current_xid()

    def execute(self, query, params=None, log_exceptions=True):
        text = query.code if isinstance(query, SQL) else query
        if found := structure_change(text):
            refused = TransactionRefused(
                f"a task or an operation sent {found.upper()!r} to PostgreSQL; that would lock "
                "others out for as long as the simulation lasts"
            )
            self.remember(refused)
            raise refused
        try:
            result = super().execute(query, params, log_exceptions)
        except psycopg2.errors.InvalidSavepointSpecification as error:
            # Savepoints go with their transaction, and with nothing else.
            raise self._ended() from error
        except psycopg2.Error as error:
            if error.pgcode == tripwire.REFUSED:
                refused = TransactionRefused(
                    "a task or an operation tried to commit, or to have constraints tested early"
                )
                self.remember(refused)
                raise refused from error
            self.check_transaction()
            raise
        self.check_transaction()
        return result

    def check_transaction(self):
        """Find a transaction that was ended behind the cursor's back, and cut the connection.

        :raises TransactionRefused:
        """
        if self._cnx.closed:
            return
        status = self._cnx.get_transaction_status()
        if status == psycopg2.extensions.TRANSACTION_STATUS_INERROR:
            # It can only be rolled back: to a savepoint, and be tested then, or as a whole.
            return
        if (
            status != psycopg2.extensions.TRANSACTION_STATUS_INTRANS
            or self._current_xid() != self.xid
        ):
            raise self._ended()

    def _ended(self):
        self._cnx.close()
        refused = TransactionRefused("the transaction of the simulation was ended")
        self.remember(refused)
        return refused

    def _current_xid(self):
        # On a second psycopg2 cursor: the first one holds the results that the task waits for.
        self._watcher.execute("SELECT pg_current_xact_id_if_assigned()::text")
        (xid,) = self._watcher.fetchone()
        return int(xid or 0)


def commit(cr):
    """Commit a transaction of the engine: the one place that may.

    Called between whole batches, and for rows that must be visible to others at once (a request,
    a state). It never commits a caller's transaction: the engine does not work in one.

    :param cr: an :class:`EngineCursor` that is not a dry run's
    :raises TypeError: for any other cursor
    """
    if not isinstance(cr, EngineCursor) or isinstance(cr, DryRunCursor):
        raise TypeError("Only the engine's own writing cursors may be committed here")
    # pylint: disable=invalid-commit
    super(EngineCursor, cr).commit()
    cr.reads.clear()


def roll_back(cr):
    """Undo the open transaction of an engine cursor and go on with a new one."""
    if not isinstance(cr, EngineCursor):
        raise TypeError("Only the engine's own cursors may be rolled back here")
    if isinstance(cr, DryRunCursor):
        cr.forget_hooks()
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
            settings["statement_timeout"] = _milliseconds(seconds)
        # Past the fence on purpose: it keeps others from these settings.
        cr._obj.execute(
            f"SELECT {', '.join(['set_config(%s, %s, false)'] * len(settings))}",
            [text for setting in settings.items() for text in setting],
        )
        # Settings are transactional: without this they would go with a rollback.
        cr._cnx.commit()
        cr.end = time.monotonic() + seconds
        cr.execute("SELECT transaction_timestamp()")
        (began,) = cr.fetchone()
        yield cr
        if not cr.violation:
            _check_same_transaction(cr, began)
        if cr.violation:
            raise DryRunViolation(cr.violation)


@contextmanager
def simulation_cursor(dbname):
    """A cursor whose one transaction does everything for real and is rolled back at the end.

    Work that waits for the commit (mails, webhooks, messages to browsers, triggers of scheduled
    actions) is dropped with it.

    :raises DryRunViolation: at the end, when something was tried that a simulation may not, even
        if the task swallowed the error; it takes precedence over the error that the body raised
    """
    with _own_connection(SimulateCursor, dbname, readonly=False) as cr:
        cr.begin()
        try:
            yield cr
            cr.check_transaction()
        except Exception as error:
            if cr.violation:
                raise DryRunViolation(cr.violation) from error
            raise
        finally:
            if not cr._cnx.closed:
                roll_back(cr)
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
