"""The table whose rows PostgreSQL refuses to commit.

A simulation writes a row into it first. The constraint trigger is deferred, so it fires at the
COMMIT, whoever sends it and in whatever language, and always raises: the transaction can only be
rolled back. Neither deleting the row nor dropping, emptying or altering the table helps: the
trigger's event is pending, and PostgreSQL refuses the rest for as long as it is.
"""

from odoo.tools import SQL

TABLE = "sentinel_tripwire"
_NAME = SQL.identifier(TABLE)
# SQLSTATE of our own, so that the refusal is told apart from every other error.
REFUSED = "SO001"

_CREATE = f"""
    CREATE TABLE {TABLE} (id serial PRIMARY KEY);
    COMMENT ON TABLE {TABLE} IS 'A transaction that writes here cannot be committed: simulations';
"""
_FUNCTION = f"""
    CREATE OR REPLACE FUNCTION {TABLE}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'a simulation cannot be committed' USING ERRCODE = '{REFUSED}';
    END
    $$;
"""
_TRIGGER = f"""
    CREATE CONSTRAINT TRIGGER {TABLE} AFTER INSERT ON {TABLE}
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {TABLE}();
    ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {TABLE};
"""


def create(cr):
    """Bring table, function and trigger about; what is there stays."""
    cr.execute("SELECT to_regclass(%s)", [TABLE])
    if cr.fetchone() == (None,):
        cr.execute(_CREATE)
    cr.execute(_FUNCTION)
    if not is_armed(cr):
        cr.execute(SQL("DROP TRIGGER IF EXISTS %s ON %s", _NAME, _NAME))
        cr.execute(_TRIGGER)


def drop(cr):
    """Remove all of it; called when the addon is uninstalled."""
    cr.execute(SQL("DROP TABLE IF EXISTS %s CASCADE", _NAME))
    cr.execute(SQL("DROP FUNCTION IF EXISTS %s()", _NAME))


def is_armed(cr) -> bool:
    """Whether the trigger is there, deferred, and fires always (a session cannot switch it off)."""
    cr.execute(
        """
        SELECT count(*) FROM pg_trigger
         WHERE tgrelid = to_regclass(%s) AND tgname = %s AND tgenabled = 'A'
           AND tgdeferrable AND tginitdeferred
        """,
        [TABLE, TABLE],
    )
    return cr.fetchone() == (1,)
