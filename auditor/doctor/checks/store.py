"""Can the store's file be read and written, and is it one of ours?"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from auditor.doctor.finding import Finding, fail, ok, unused, warn
from auditor.doctor.subject import Subject
from auditor.installing import UPGRADE_AUDITOR
from auditor.stores.migrations import APPLICATION_ID, MIGRATIONS

FULL = 200 * 1024 * 1024
"""Bytes that should be free."""


def check(subject: Subject) -> Iterator[Finding]:
    """Open the file as it is: an older one is not brought forward, a missing one not made."""
    settings = subject.settings
    if settings.bigquery_address is not None:
        yield unused("The store is in BigQuery, see there.")
        return
    path = settings.store_path
    try:
        if not path.exists():
            yield from _missing(subject, path)
            return
        yield from _look(subject, path)
    except (sqlite3.Error, OSError) as error:
        subject.store_closed = "its file cannot be read, see store."
        yield fail(
            f"The store {path} cannot be read: {error}.",
            "Check the file's permissions, and whether it is a store of sentinel-ops.",
        )
        return
    free = shutil.disk_usage(path.parent).free
    if free < FULL:
        yield warn(
            f"Only {free // 2**20} MiB are free where the store is.", "Make room.", free=free
        )


def _missing(subject: Subject, path: Path) -> Iterator[Finding]:
    subject.store_closed = "nothing has been pulled yet."
    folder = next(each for each in path.absolute().parents if each.exists())
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        yield warn(f"Nothing has been pulled yet to {path}.", "sentinel-ops pull makes it.")
    else:
        yield fail(
            f"The store {path} is not there, and cannot be made: {folder} may not be written.",
            "Set SENTINEL_STORE to a file in a folder that you may write to.",
        )


def _look(subject: Subject, path: Path) -> Iterator[Finding]:
    address = f"{path.absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(address, uri=True, timeout=0, isolation_level=None)) as db:
        (identity,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if identity != APPLICATION_ID:
            subject.store_closed = "its file is another program's, see store."
            yield fail(
                f"{path} is a SQLite file of another program.",
                "Set SENTINEL_STORE to another file.",
            )
            return
        if version > len(MIGRATIONS):
            subject.store_closed = "it is of a newer release, see store."
            yield fail(
                f"The store {path} was written by a newer auditor.",
                UPGRADE_AUDITOR,
            )
            return
        if version < len(MIGRATIONS):
            subject.store_closed = "it is of an older release, and opening would change it."
            yield warn(
                f"The store {path} is of an older release.", "sentinel-ops pull brings it forward."
            )
        else:
            yield ok(f"The store {path} can be read.")
        try:
            # Takes the lock that a writer takes, and lets it go.
            db.execute("BEGIN IMMEDIATE")
            db.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                yield ok("The store is being written at this moment.")
                return
            yield fail(
                f"The store cannot be written: {error}.",
                "pull needs to write to the file and to its folder.",
            )
        else:
            yield ok("The store can be written.")
