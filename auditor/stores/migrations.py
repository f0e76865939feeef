"""Steps that bring a SQLite store from one schema version to the next.

The version is SQLite's own ``user_version``. A step is never edited once released: add another.
"""

from __future__ import annotations

APPLICATION_ID = 0x53744F70
"""'StOp' in SQLite's header, so that a wrong file is noticed before anything is written to it."""

FIRST = (
    """
    CREATE TABLE chains (
        chain       TEXT PRIMARY KEY,
        database    TEXT NOT NULL,
        url         TEXT NOT NULL,
        position    INTEGER NOT NULL CHECK (position >= 0),
        pulled_at   TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE runs (
        chain           TEXT NOT NULL REFERENCES chains (chain),
        position        INTEGER NOT NULL CHECK (position > 0),
        uid             TEXT NOT NULL,
        job             TEXT NOT NULL,
        job_name        TEXT NOT NULL,
        mode            TEXT NOT NULL,
        status          TEXT NOT NULL,
        verdict         TEXT NOT NULL,
        shape           TEXT NOT NULL,
        requested_at    TEXT NOT NULL,
        started_at      TEXT NOT NULL,
        ended_at        TEXT NOT NULL,
        requested_by    TEXT NOT NULL,
        requested_by_id INTEGER NOT NULL,
        run_as          TEXT NOT NULL,
        run_as_id       INTEGER NOT NULL,
        company         TEXT NOT NULL,
        source          TEXT NOT NULL,
        reason          TEXT NOT NULL,
        request_id      TEXT NOT NULL,
        plan            TEXT NOT NULL,
        population      INTEGER NOT NULL,
        matched         INTEGER NOT NULL,
        selected        INTEGER NOT NULL,
        amount          TEXT NOT NULL,
        currency        TEXT NOT NULL,
        line_count      INTEGER NOT NULL,
        error           TEXT NOT NULL,
        payload         TEXT NOT NULL,
        pulled_at       TEXT NOT NULL,
        PRIMARY KEY (chain, position),
        UNIQUE (chain, uid)
    ) STRICT
    """,
    "CREATE INDEX runs_by_uid ON runs (uid)",
    "CREATE INDEX runs_by_time ON runs (requested_at)",
    "CREATE INDEX runs_by_job ON runs (job, requested_at)",
    """
    CREATE TABLE lines (
        chain        TEXT NOT NULL,
        run_position INTEGER NOT NULL,
        position     INTEGER NOT NULL,
        model        TEXT NOT NULL,
        record       INTEGER NOT NULL,
        name         TEXT NOT NULL,
        outcome      TEXT NOT NULL,
        reason       TEXT NOT NULL,
        message      TEXT NOT NULL,
        operation    TEXT NOT NULL,
        before       TEXT NOT NULL,
        intended     TEXT NOT NULL,
        after        TEXT NOT NULL,
        amount       TEXT NOT NULL,
        currency     TEXT NOT NULL,
        at           TEXT NOT NULL,
        extra        TEXT NOT NULL,
        PRIMARY KEY (chain, run_position, position),
        FOREIGN KEY (chain, run_position) REFERENCES runs (chain, position)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX lines_by_record ON lines (model, record)",
    "CREATE INDEX lines_by_name ON lines (model, name)",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (FIRST,)
