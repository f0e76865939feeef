"""Whether Odoo works: `python3 -m sentinel_container.health`.

It must answer, reach its database, and have its cron workers. Odoo's threads for crons end for good
when PostgreSQL goes away for a moment, while its pages come back: runs would wait in the queue for
ever. Only a new process has them again, so the old one is ended here; the engine starts a container
that ends.
"""

import os
import signal
import sys
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import psycopg2

from .configuration import Configuration
from .errors import StartError

_URL = "http://127.0.0.1:8069/web/health?db_server_status=1"
# Odoo's cron workers listen on the database `postgres`, on connections that stay; no other part of
# it keeps one there.
_WORKERS = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = 'postgres' AND usename = current_user AND application_name LIKE 'odoo-%'
"""
# Beside Odoo's configuration, which is anew at each start.
_SEEN = "crons-seen"
_MISSED = "crons-missed"


def main() -> int:
    """Return 0 when all is well."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(_URL, timeout=8) as answer:
            said = answer.read(200).decode(errors="replace")
        configuration = Configuration.of(os.environ)
        workers = _workers(configuration)
    except (urllib.error.URLError, OSError) as error:
        sys.stdout.write(f"Odoo does not answer: {error}")
        return 1
    except (StartError, psycopg2.Error) as error:
        sys.stdout.write(f"PostgreSQL does not answer: {error}")
        return 1
    sys.stdout.write(f"{said}, cron workers: {workers}")
    return _judge(workers, configuration.file.parent)


def forget(folder: Path) -> None:
    """Forget what was seen of an earlier process."""
    (folder / _SEEN).unlink(missing_ok=True)
    (folder / _MISSED).unlink(missing_ok=True)


def _workers(configuration: Configuration) -> int:
    with (
        closing(configuration.connect("postgres")) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(_WORKERS)
        return int(cursor.fetchone()[0])


def _judge(workers: int, folder: Path) -> int:
    if workers:
        (folder / _SEEN).touch()
        (folder / _MISSED).unlink(missing_ok=True)
        return 0
    if not (folder / _SEEN).exists():
        # It begins to serve before it has them.
        return 1
    if not (folder / _MISSED).exists():
        # Odoo may be replacing itself at this moment, as it does at its limits.
        (folder / _MISSED).touch()
        return 1
    sys.stdout.write(": they are gone for good, Odoo is started anew")
    os.kill(1, signal.SIGTERM)
    return 1


if __name__ == "__main__":
    sys.exit(main())
