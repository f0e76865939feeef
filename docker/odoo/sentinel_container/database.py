"""Whose the database is and how far it got, noted on the database itself.

A comment on the database is there from its first second, long before Odoo has tables in it, and it
is no part of Odoo's data. A first start that died is begun again, and nothing but what was begun
here is ever dropped.
"""

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

from psycopg2 import sql

from .configuration import ADDON, DATA, Configuration
from .errors import StartError

_BEGUN = "Sentinel-Ops: the first start is not over yet"
_ADDON_MARK = "Sentinel-Ops: addon "
# Any number will do that nobody else takes: two containers must not set up one database at once.
_LOCK = 7_361_001


class State(Enum):
    """What there is."""

    NOTHING = "nothing"
    BEGUN = "a first start that did not come to its end"
    OLDER = "a database with another version of the addon"
    CURRENT = "a database with this version of the addon"


class Database:
    """The one that the configuration names."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self.name = configuration.database

    @contextmanager
    def alone(self, on_wait: Callable[[], None]) -> Iterator[None]:
        """Keep other containers from setting up in the block; wait for one that does.

        The lock ends with its connection, so a container that is killed holds nobody up.

        :param on_wait: called once, before waiting.
        :raises StartError: PostgreSQL cannot be reached.
        """
        waiting = False
        with closing(self._connect("postgres")) as connection, connection.cursor() as cursor:
            # Nothing interrupts a wait inside psycopg2, `docker stop` neither.
            while not self._takes_lock(cursor):
                if not waiting:
                    on_wait()
                waiting = True
                time.sleep(1)
            yield

    @staticmethod
    def _takes_lock(cursor: Any) -> bool:  # psycopg2 has no types
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])

    def state(self) -> State:
        """Return what is there.

        :raises StartError: a database that is none of ours.
        """
        comment = self._comment()
        if comment is None:
            return State.NOTHING
        if comment == _BEGUN:
            return State.BEGUN
        if comment.startswith(_ADDON_MARK):
            return State.CURRENT if comment == _ADDON_MARK + addon_digest() else State.OLDER
        with closing(self._connect(self.name)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('ir_module_module')")
            if cursor.fetchone()[0] is None:
                cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
                if cursor.fetchone()[0] == 0:
                    # It died between the creation and the comment.
                    return State.BEGUN
            else:
                cursor.execute(
                    "SELECT 1 FROM ir_module_module WHERE name = %s AND state <> 'uninstalled'",
                    [ADDON],
                )
                if cursor.fetchone():
                    # A backup that was restored: it has everything but the comment.
                    return State.OLDER
        raise StartError(
            f"the database {self.name} is there, was not made by this image, and has no {ADDON}",
            "name another one in SENTINEL_DATABASE; or install the addon in it yourself: "
            f"docker compose run --rm odoo odoo -d {self.name} -i {ADDON} --stop-after-init",
        )

    def create(self) -> None:
        """Make it new and empty; what a first start left half done is removed before."""
        name = sql.Identifier(self.name)
        with closing(self._connect("postgres")) as connection, connection.cursor() as cursor:
            if self._comment() is not None:
                cursor.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
            # As Odoo makes its own: the collation C serves indexes on text best.
            cursor.execute(
                sql.SQL(
                    "CREATE DATABASE {} ENCODING 'unicode' LC_COLLATE 'C' TEMPLATE template0"
                ).format(name)
            )
        self._note(_BEGUN)
        shutil.rmtree(DATA / "filestore" / self.name, ignore_errors=True)
        with closing(self._connect(self.name)) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")

    def note_current(self) -> None:
        """Note that it has this version of the addon, and is complete."""
        self._note(_ADDON_MARK + addon_digest())

    def _note(self, comment: str) -> None:
        with closing(self._connect("postgres")) as connection, connection.cursor() as cursor:
            cursor.execute(
                sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                    sql.Identifier(self.name), sql.Literal(comment)
                )
            )

    def _comment(self) -> str | None:
        """Return the comment, "" when it has none, None when there is no such database."""
        with closing(self._connect("postgres")) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(shobj_description(oid, 'pg_database'), '')"
                " FROM pg_database WHERE datname = %s",
                [self.name],
            )
            row = cursor.fetchone()
            return None if row is None else str(row[0])

    def _connect(self, database: str) -> Any:
        return self._configuration.connect(database)


def addon_digest(folder: Path = Path("/opt/sentinel-ops/addons") / ADDON) -> str:
    """Return what tells this version of the addon's files from others."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(f"{file.relative_to(folder)}\0{file.stat().st_size}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
