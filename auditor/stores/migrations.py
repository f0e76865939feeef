"""Steps that bring a SQLite store from one schema version to the next.

The version is SQLite's own ``user_version``. A step is never edited once released: add another.
"""

from __future__ import annotations

from auditor.stores.dashboards import DASHBOARDS

APPLICATION_ID = 0x53744F70
"""'StOp' in SQLite's header, so that a wrong file is noticed before anything is written to it."""

_RUN_KEYS = (
    "job job_name mode status verdict shape requested_at started_at ended_at requested_by "
    "requested_by_id run_as run_as_id company source reason request_id plan population matched "
    "selected amount currency line_count error"
).split()
_LINE_KEYS = (
    "model record name outcome reason message operation before intended after amount currency at"
).split()
_EVENT_KEYS = "at kind user user_id model model_name record record_name before after".split()


def _columns(table: str, keys: list[str]) -> str:
    return ", ".join(f"json_extract({table}.content, '$.{key}') AS {key}" for key in keys)


FIRST = (
    """
    CREATE TABLE chains (
        id          INTEGER PRIMARY KEY,
        chain       TEXT NOT NULL UNIQUE,
        database    TEXT NOT NULL,
        url         TEXT NOT NULL,
        position    INTEGER NOT NULL CHECK (position >= 0),
        seal        TEXT NOT NULL,
        start       INTEGER NOT NULL CHECK (start >= 0),
        start_seal  TEXT NOT NULL,
        pulled_at   TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE entries (
        chain       INTEGER NOT NULL REFERENCES chains (id),
        position    INTEGER NOT NULL CHECK (position > 0),
        kind        TEXT NOT NULL,
        uid         TEXT NOT NULL,
        sealed_at   TEXT NOT NULL,
        digest      TEXT NOT NULL,
        seal        TEXT NOT NULL,
        withheld    TEXT NOT NULL,
        salt        TEXT NOT NULL,
        content     TEXT NOT NULL,
        PRIMARY KEY (chain, position)
    ) STRICT
    """,
    "CREATE INDEX entries_by_uid ON entries (uid)",
    "CREATE INDEX entries_by_day ON entries (chain, sealed_at)",
    """
    CREATE INDEX runs_by_time ON entries (json_extract(content, '$.requested_at'))
    WHERE kind = 'run' AND content <> ''
    """,
    """
    CREATE INDEX runs_by_job
    ON entries (json_extract(content, '$.job'), json_extract(content, '$.requested_at'))
    WHERE kind = 'run' AND content <> ''
    """,
    # No reference to entries: it would cost every line a look-up, and verify finds what lacks it.
    """
    CREATE TABLE lines (
        chain        INTEGER NOT NULL,
        run_position INTEGER NOT NULL,
        position     INTEGER NOT NULL,
        digest       TEXT NOT NULL,
        salt         TEXT NOT NULL,
        content      TEXT NOT NULL,
        PRIMARY KEY (chain, run_position, position)
    ) STRICT
    """,
    # Without the model, which few records' ids share: each key takes time with every line.
    """
    CREATE INDEX lines_by_record ON lines (json_extract(content, '$.record')) WHERE content <> ''
    """,
    "CREATE INDEX lines_by_name ON lines (json_extract(content, '$.name')) WHERE content <> ''",
    f"""
    CREATE VIEW runs AS
    SELECT chains.chain, chains.database, entries.position, entries.uid, entries.sealed_at,
        {_columns("entries", _RUN_KEYS)}, entries.seal, entries.withheld, entries.content
    FROM entries JOIN chains ON chains.id = entries.chain
    WHERE entries.kind = 'run' AND entries.content <> ''
    """,
    f"""
    CREATE VIEW events AS
    SELECT chains.chain, chains.database, entries.position, entries.uid, entries.sealed_at,
        {_columns("entries", _EVENT_KEYS)}, entries.seal, entries.content
    FROM entries JOIN chains ON chains.id = entries.chain
    WHERE entries.kind = 'event' AND entries.content <> ''
    """,
    f"""
    CREATE VIEW run_lines AS
    SELECT chains.chain, chains.database, lines.run_position, lines.position,
        json_extract(lines.content, '$.run') AS run, {_columns("lines", _LINE_KEYS)}, lines.content
    FROM lines JOIN chains ON chains.id = lines.chain
    WHERE lines.content <> ''
    """,
)

SECOND = (
    """
    CREATE TABLE alert_state (
        instance    TEXT NOT NULL,
        kind        TEXT NOT NULL,
        key         TEXT NOT NULL,
        version     INTEGER NOT NULL CHECK (version > 0),
        document    TEXT NOT NULL,
        changed_at  TEXT NOT NULL,
        PRIMARY KEY (instance, kind, key)
    ) STRICT, WITHOUT ROWID
    """,
)

# Asked for by each pull that acknowledges.
THIRD = ("CREATE INDEX entries_unseen ON entries (chain, position) WHERE withheld = 'company'",)

MIGRATIONS: tuple[tuple[str, ...], ...] = ((*FIRST, *DASHBOARDS), SECOND, THIRD)
