"""What a dry run may not do outside its database connection: reach other systems, start work
that nobody watches, open another connection, touch the filestore.

Python raises *audit events* for these (PEP 578) before it does them; one hook in the process
listens, and refuses those of a thread that is in a dry run. Connections to PostgreSQL are made in
C, unseen, and Python before 3.12 says nothing of threads: the functions that make them raise an
event of ours.

A net for accidents, not a sandbox: C code, a socket that was open before, and a thread that runs
already are out of its sight.
"""

import functools
import os
import sys
import threading
from contextlib import contextmanager

import psycopg2

from odoo import sql_db
from odoo.tools import config

from .errors import DryRunViolation

# Audit hooks cannot be removed and outlive this module: what is installed is kept on ``sys``.
_INSTALLED = "_sentinel_ops_process_guard"
_CONNECTION = "sentinel_ops.database_connection"
_THREAD = "sentinel_ops.thread"

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_thread = threading.local()


def _to(position):
    def describe(watch, args):
        return f"tried to reach {args[position]!r} over the network"

    return describe


def _host(watch, args):
    return f"tried to look up {args[0]!r} in the network"


def _process(watch, args):
    return "tried to start a process"


def _new_thread(watch, args):
    return "tried to start a thread, whose work nobody could take back"


def _connection(watch, args):
    return "tried to open a database connection of its own"


def _opened(watch, args):
    path, _mode, flags = args
    if isinstance(flags, int) and flags & _WRITING:
        return watch.file_written(path)
    return ""


def _paths(count):
    def describe(watch, args):
        return next(filter(None, map(watch.file_written, args[:count])), "")

    return describe


_REFUSED = {
    "socket.connect": _to(1),
    "socket.sendto": _to(1),
    "socket.sendmsg": _to(1),
    "socket.getaddrinfo": _host,
    "socket.gethostbyname": _host,
    "subprocess.Popen": _process,
    "os.system": _process,
    "os.fork": _process,
    "os.forkpty": _process,
    "os.exec": _process,
    "os.spawn": _process,
    "os.posix_spawn": _process,
    "_thread.start_new_thread": _new_thread,
    "_thread.start_joinable_thread": _new_thread,
    _THREAD: _new_thread,
    _CONNECTION: _connection,
    "open": _opened,
    "os.mkdir": _paths(1),
    "os.remove": _paths(1),
    "os.rmdir": _paths(1),
    "os.truncate": _paths(1),
    "os.rename": _paths(2),
    "os.link": _paths(2),
    "os.symlink": _paths(2),
}


class Watch:
    """One dry run's watch over its thread; ``violation`` is the first thing it refused."""

    def __init__(self, *, simulates):
        self.violation = ""
        self.simulates = simulates
        root = os.path.join(config["data_dir"], "filestore")
        self._roots = {os.path.abspath(root) + os.sep, os.path.realpath(root) + os.sep}

    def file_written(self, path):
        """What is wrong with writing to a path; empty for files outside the filestore."""
        if not isinstance(path, str | bytes | os.PathLike):
            return ""
        full = os.path.abspath(os.fsdecode(path))
        if any(full.startswith(root) for root in self._roots):
            return "tried to write into the filestore"
        return ""

    def refuse(self, what):
        """Remember and raise.

        :raises DryRunViolation: always
        """
        self.violation = self.violation or what
        raise DryRunViolation(what)


def _audit(event, args):
    watch = getattr(_thread, "watch", None)
    if watch is None:
        return
    what = _REFUSED[event](watch, args)
    if what and not _is_logging():
        watch.refuse(what)


def _is_logging():
    """Whether a log handler is at work: what the server does with its log is its own affair."""
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_globals.get("__name__") == "logging":
            return True
        frame = frame.f_back
    return False


class _Hook:
    """What was installed in this process, once; the code behind it may be loaded anew."""

    def __init__(self):
        self.events = frozenset()
        self.audit = None

        def hook(event, args):
            # Called for every audit event of the process, so it decides on the name first.
            if event in self.events:
                self.audit(event, args)

        sys.addaudithook(hook)
        threading.Thread.start = _announced(threading.Thread.start, _THREAD)
        sql_db.ConnectionPool.borrow = _announced(sql_db.ConnectionPool.borrow, _CONNECTION)
        # The private one: it is what psycopg2.connect calls, however that was imported.
        psycopg2._connect = _announced(psycopg2._connect, _CONNECTION)


def _announced(function, event):
    @functools.wraps(function)
    def announced(*args, **kwargs):
        sys.audit(event)
        return function(*args, **kwargs)

    return announced


def install():
    """Listen to the process; a second call, or a second import, adds nothing."""
    hook = getattr(sys, _INSTALLED, None)
    if hook is None:
        hook = _Hook()
        setattr(sys, _INSTALLED, hook)
    hook.audit = _audit
    hook.events = frozenset(_REFUSED)


@contextmanager
def watching(*, simulates=False):
    """Refuse what a dry run may not do, for this thread and this body.

    :param simulates: the body may write to its database, which is rolled back
    :raises DryRunViolation: at the end, when something was refused, even if it was swallowed; it
        takes precedence over what the body raised
    """
    install()
    outer = getattr(_thread, "watch", None)
    watch = _thread.watch = Watch(simulates=simulates)
    try:
        yield watch
    except Exception as error:
        if watch.violation:
            raise DryRunViolation(watch.violation) from error
        raise
    finally:
        _thread.watch = outer
    if watch.violation:
        raise DryRunViolation(watch.violation)


def is_simulating() -> bool:
    """Whether this thread is in a simulation, which leaves files alone."""
    watch = getattr(_thread, "watch", None)
    return watch is not None and watch.simulates
