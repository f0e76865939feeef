"""Triggers that keep what is sealed as it is, against SQL too.

Whoever owns the tables can drop them; what is changed then no longer fits its digest, and whoever
rewrites the digests as well contradicts every head that was seen before. So they are a fence
against accidents and against roles that are no owners; the seals are the proof.

The one way through is an event of the outbox, written by the same transaction, that says what
goes: ``erased`` (of which record) or ``retention`` (up to which position). It is no switch: the
event is sealed like any other, so nothing goes without a place in the chain that says so.
"""

from odoo.tools import SQL

from . import content

TABLES = (
    "sentinel_run",
    "sentinel_run_line",
    "sentinel_event",
    "sentinel_chain_entry",
    "sentinel_chain",
)
# SQLSTATE of our own, so that the refusal is told apart from every other error.
REFUSED = "SO002"
# What an erased line loses; of what it was there remains the digest.
ERASED_COLUMNS = (
    "record_name",
    "reason",
    "message",
    "before",
    "intended",
    "after",
    "fingerprint",
    "after_fingerprint",
    "salt",
)

_REFUSE = f"""
    CREATE OR REPLACE FUNCTION sentinel_refuse(what text) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is sealed: it cannot be changed or removed', what
            USING ERRCODE = '{REFUSED}',
                  HINT = 'To remove the data of a person, a manager calls erase on sentinel.run or '
                      || 'uses Sentinel > Configuration > Erase data of a record. Old runs go '
                      || 'after the retention period. Both are noted in the trail.';
    END
    $$;
"""

# Events of this very transaction: what is not committed is not sealed, and has no position.
_SAID = """
    SELECT FROM sentinel_event AS said
     WHERE said.position IS NULL AND said.transaction = pg_current_xact_id()::text
"""


def _by_retention(position, key="until"):
    return f"""
        EXISTS ({_SAID} AND said.kind = 'retention'
                    AND {position} <= (said.after->>'{key}')::int
                    AND said.after->>'chain' = (SELECT uid FROM sentinel_chain
                                                 ORDER BY id LIMIT 1))
    """


_ERASED = ", ".join(f"'{name}', NULL" for name in ERASED_COLUMNS)
# By table: the events of the trigger, further conditions, the body of its function.
_KEEP = {
    "sentinel_run": (
        "BEFORE UPDATE OR DELETE",
        "FOR EACH ROW WHEN (OLD.state = 'done')",
        f"""
        IF TG_OP = 'DELETE' AND {_by_retention("OLD.position")} THEN
            RETURN OLD;
        END IF;
        PERFORM sentinel_refuse('Run ' || OLD.uid);
        """,
    ),
    "sentinel_run_line": (
        "BEFORE UPDATE OR DELETE",
        "FOR EACH ROW",
        f"""
        IF TG_OP = 'DELETE' THEN
            IF {_by_retention("(SELECT position FROM sentinel_run WHERE id = OLD.run_id)", "lines")}
            THEN
                RETURN OLD;
            END IF;
        ELSIF EXISTS ({_SAID} AND said.kind = 'erased' AND said.model = OLD.model
                          AND said.record_ref = OLD.record_ref)
           AND (SELECT to_jsonb(OLD)
                    || jsonb_build_object('digest', {content.LINE_DIGEST}, {_ERASED})
                  FROM sentinel_run AS run, (SELECT OLD.*) AS line
                 WHERE run.id = OLD.run_id AND run.state = 'done') = to_jsonb(NEW) THEN
            RETURN NEW;
        END IF;
        PERFORM sentinel_refuse('Line ' || OLD.position || ' of run '
                                || (SELECT uid FROM sentinel_run WHERE id = OLD.run_id));
        """,
    ),
    "sentinel_event": (
        "BEFORE UPDATE OR DELETE",
        "FOR EACH ROW",
        f"""
        IF TG_OP = 'DELETE' THEN
            IF {_by_retention("OLD.position")} THEN
                RETURN OLD;
            END IF;
        ELSIF OLD.position IS NULL
          AND to_jsonb(NEW) = to_jsonb(OLD) || jsonb_build_object('position', NEW.position) THEN
            RETURN NEW;
        END IF;
        PERFORM sentinel_refuse('Event ' || OLD.uid);
        """,
    ),
    "sentinel_chain_entry": (
        "BEFORE UPDATE OR DELETE",
        "FOR EACH ROW",
        f"""
        IF TG_OP = 'DELETE' THEN
            IF {_by_retention("OLD.position")} THEN
                RETURN OLD;
            END IF;
        ELSIF (NEW.withheld = 'lines' AND {_by_retention("OLD.position", "lines")}
               OR NEW.withheld = 'retention' AND {_by_retention("OLD.position")})
          AND to_jsonb(NEW) = to_jsonb(OLD) || jsonb_build_object('withheld', NEW.withheld) THEN
            RETURN NEW;
        END IF;
        PERFORM sentinel_refuse('Position ' || OLD.position || ' of the chain');
        """,
    ),
}
# An event is only done with when it has its place: the sealer's statement gives it both.
_PLACED = """
    IF NOT EXISTS (SELECT FROM sentinel_chain_entry AS entry
                    WHERE entry.uid = NEW.uid AND entry.position = NEW.position) THEN
        PERFORM sentinel_refuse('Event ' || NEW.uid);
    END IF;
"""
_NO_MORE_LINES = """
    IF EXISTS (SELECT FROM sentinel_run AS run
                WHERE run.id = ANY(ARRAY(SELECT DISTINCT run_id FROM added))
                  AND run.state IN ('sealing', 'done')) THEN
        PERFORM sentinel_refuse('A run whose lines were added to');
    END IF;
"""


def create(cr):
    """Bring functions and triggers about, as they are in this version."""
    drop(cr)
    cr.execute(_REFUSE)
    for table, (moment, scope, body) in _KEEP.items():
        _create_trigger(cr, f"{table}_keep", table, moment, scope, body)
    for table in TABLES:
        # TRUNCATE of a table goes unseen by the triggers of its rows.
        _create_trigger(
            cr,
            f"{table}_whole",
            table,
            "BEFORE TRUNCATE",
            "FOR EACH STATEMENT",
            f"PERFORM sentinel_refuse('Table {table}');",
        )
    _create_trigger(
        cr, "sentinel_event_placed", "sentinel_event", "AFTER UPDATE", "FOR EACH ROW", _PLACED
    )
    _create_trigger(
        cr,
        "sentinel_run_line_added",
        "sentinel_run_line",
        "AFTER INSERT",
        "REFERENCING NEW TABLE AS added FOR EACH STATEMENT",
        _NO_MORE_LINES,
    )


def _create_trigger(cr, name, table, moment, scope, body):
    # Names and bodies are constants of this file.
    # pylint: disable=sql-injection
    cr.execute(
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            {body}
            RETURN NULL;
        END
        $$;
        CREATE TRIGGER {name} {moment} ON {table} {scope} EXECUTE FUNCTION {name}();
        ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name};
        """
    )


def drop(cr):
    """Remove all of it; called when the addon is uninstalled, and before it is made anew."""
    names = [f"{table}_{kind}" for table in TABLES for kind in ("keep", "whole")]
    for name in (*names, "sentinel_event_placed", "sentinel_run_line_added"):
        cr.execute(SQL("DROP FUNCTION IF EXISTS %s() CASCADE", SQL.identifier(name)))
    cr.execute("DROP FUNCTION IF EXISTS sentinel_refuse(text)")
