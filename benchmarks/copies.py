"""Very many records in a few seconds: copies of one row, made by SQL."""

from collections.abc import Callable, Mapping

_COPY = """
DO $do$
DECLARE columns text;
BEGIN
    SELECT string_agg(quote_ident(column_name), ', ') INTO columns
      FROM information_schema.columns
     WHERE table_schema = current_schema() AND table_name = {table}
       AND column_name <> 'id' AND NOT column_name = ANY ({names});
    EXECUTE format(
        'INSERT INTO %I (%s, {assigned}) SELECT %s, {values} FROM %I AS original,'
        ' generate_series(1, {count}) AS n WHERE original.id = {original}',
        {table}, columns, columns, {table});
END $do$;
ANALYZE {bare};
"""


def copy_row(
    sql: Callable[..., list[list[str]]],
    table: str,
    original: int,
    count: int,
    changes: Mapping[str, str],
) -> None:
    """Copy a row, past Odoo.

    :param sql: runs a statement.
    :param original: ID of the row.
    :param count: how many copies.
    :param changes: SQL expressions by column; `n` counts the copies from 1.
    :raises SetupError: PostgreSQL refused it.
    """
    # Each reference that is left out saves PostgreSQL a look-up for every copy.
    changes = {"create_uid": "NULL", "write_uid": "NULL", **changes}
    names = ", ".join(f"'{name}'" for name in changes)
    sql(
        _COPY.format(
            table=f"'{table}'",
            bare=table,
            names=f"ARRAY[{names}]",
            assigned=", ".join(changes),
            # Doubled twice over: for the text that EXECUTE gets, and for its format().
            values=", ".join(changes.values()).replace("'", "''").replace("%", "%%"),
            count=count,
            original=original,
        )
    )
