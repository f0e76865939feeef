"""Databases of Odoo, each with its filestore, made by copying."""

import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from .errors import SetupError
from .postgres_server import PostgresServer

_NAME = re.compile(r"sentinel_[a-z0-9_]{1,50}")
_VACUUM_SECONDS = 60.0
_NEW_IDENTITY = """
DO $$ BEGIN
    UPDATE ir_config_parameter SET value = gen_random_uuid()::text
        WHERE key IN ('database.uuid', 'database.secret');
    IF to_regclass('sentinel_chain') IS NOT NULL THEN
        UPDATE sentinel_chain SET uid = gen_random_uuid()::text WHERE position = 0;
    END IF;
END $$
"""


@dataclass(frozen=True)
class Databases:
    """The databases on one server.

    :param data_dir: Odoo's `data_dir`, where each database's filestore is.
    """

    server: PostgresServer
    data_dir: Path

    def filestore(self, name: str) -> Path:
        """Return the folder of the attachments of `name`."""
        return self.data_dir / "filestore" / name

    def exists(self, name: str) -> bool:
        """Tell whether the database is there."""
        return name in self.names(name)

    def names(self, prefix: str) -> list[str]:
        """Return the names that start with `prefix`."""
        rows = self.server.sql("SELECT datname FROM pg_database ORDER BY datname")
        return [name for (name,) in rows if name.startswith(prefix)]

    def mark(self, name: str, text: str) -> None:
        """Write `text` on the database, to be read by `mark_of`."""
        self.server.sql("COMMENT ON DATABASE :\"name\" IS :'text'", name=_checked(name), text=text)

    def mark_of(self, name: str) -> str:
        """Return what `mark` wrote, "" when nothing."""
        rows = self.server.sql(
            "SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database"
            " WHERE datname = :'name'",
            name=name,
        )
        return rows[0][0] if rows else ""

    def copy(self, template: str, name: str) -> None:
        """Make `name` as a copy of `template`, filestore included.

        The filestore first: a database that is there always has its files.
        """
        source, target = self.filestore(template), self.filestore(name)
        shutil.rmtree(target, ignore_errors=True)
        if source.is_dir():
            # Odoo never changes a file of the filestore in place, so a second link will do.
            shutil.copytree(source, target, copy_function=_link_or_copy)
        self.server.sql(
            'CREATE DATABASE :"name" TEMPLATE :"template"',
            name=_checked(name),
            template=_checked(template),
        )
        # Two databases with one identity would be one to everything that registers them, the
        # auditor's store among it. A chain that has runs is left as it is: then a copy is meant.
        self.server.sql(_NEW_IDENTITY, name)

    def rename(self, name: str, new: str) -> None:
        """Rename the database and its filestore."""
        shutil.rmtree(self.filestore(new), ignore_errors=True)
        if self.filestore(name).is_dir():
            self.filestore(name).rename(self.filestore(new))
        self.server.sql(
            'ALTER DATABASE :"name" RENAME TO :"new"', name=_checked(name), new=_checked(new)
        )

    def drop(self, name: str) -> None:
        """Remove the database if it is there, cutting its connections, and its filestore.

        :raises SetupError: PostgreSQL refused it.
        """
        end = time.monotonic() + _VACUUM_SECONDS
        while True:
            try:
                self.server.sql('DROP DATABASE IF EXISTS :"name" WITH (FORCE)', name=_checked(name))
                break
            except SetupError as error:
                # An autovacuum worker, which is not ours to cut off, and which goes by itself.
                if "terminate process" not in str(error) or time.monotonic() > end:
                    raise
                time.sleep(0.5)
        shutil.rmtree(self.filestore(name), ignore_errors=True)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _checked(name: str) -> str:
    # Some statements here drop things: never a database that is none of ours.
    if not _NAME.fullmatch(name):
        raise SetupError(f"{name!r} is not the name of a database of this project")
    return name
