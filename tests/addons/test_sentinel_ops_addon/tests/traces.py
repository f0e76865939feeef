"""Whatever a dry run could leave behind: in the database, in the filestore, on the wire."""

import os
import socket
import threading
import time
from contextlib import closing

# The trail itself, and what wakes the dispatcher.
_OURS = (
    "sentinel_run",
    "sentinel_run_line",
    "sentinel_event",
    "sentinel_chain",
    "sentinel_chain_entry",
    "ir_cron_trigger",
)


class Listener:
    """A port, TCP and UDP, that counts who calls."""

    def __init__(self):
        self.calls = 0
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._udp.setblocking(False)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                caller, _address = self._tcp.accept()
            except OSError:
                return
            self.calls += 1
            with closing(caller):
                caller.sendall(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")

    def count(self):
        """Calls so far; a connection that is on its way is waited for by making one more."""
        socket.create_connection(("127.0.0.1", self.port), timeout=5).recv(1)
        self.calls -= 1
        try:
            while self._udp.recv(100):
                self.calls += 1
        except BlockingIOError:
            return self.calls

    def close(self):
        # shutdown() wakes the thread that waits in accept(), close() alone does not.
        self._tcp.shutdown(socket.SHUT_RDWR)
        self._tcp.close()
        self._udp.close()
        self._thread.join()


def database(sql):
    """A checksum of every table but the trail's, and of what is no table.

    :param sql: runs a query on a fresh cursor and returns the rows
    """
    names = sql(
        "SELECT relname FROM pg_class WHERE relkind = 'r' "
        "AND relnamespace = 'public'::regnamespace ORDER BY relname"
    )
    # Each row version names the transaction that wrote it.
    sums = " UNION ALL ".join(
        f"SELECT '{name}', count(*), coalesce(sum(xmin::text::bigint), 0) FROM \"{name}\""
        for (name,) in names
        if name not in _OURS
    )
    return {
        **{name: (count, total) for name, count, total in sql(sums)},
        "columns": sql("SELECT count(*) FROM pg_attribute"),
        "triggers": sql(
            "SELECT cron_id FROM ir_cron_trigger WHERE cron_id NOT IN (SELECT res_id "
            "FROM ir_model_data WHERE module = 'sentinel_ops_addon' AND model = 'ir.cron')"
        ),
        "large objects": sql("SELECT count(*) FROM pg_largeobject_metadata"),
        "tripwire": sql("SELECT tgname, tgenabled FROM pg_trigger WHERE tgname LIKE 'sentinel%'"),
    }


def locks(sql):
    """Advisory locks of this database once the connections that are closing are closed."""
    for _try in range(100):
        found = sql(
            "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        if not found:
            break
        time.sleep(0.05)
    return found


def files(root):
    """Every file and folder below ``root`` with its size and time."""
    found = {}
    for folder, _folders, names in os.walk(root):
        for name in ["", *names]:
            status = os.stat(os.path.join(folder, name))
            found[os.path.join(folder, name)] = (status.st_size, status.st_mtime_ns)
    return found
