"""What the chain needs of the database and the ORM does not make."""

from odoo.tools import SQL


def set_default(cr, table, column, expression):
    """Have PostgreSQL itself fill a column of new rows.

    :param expression: SQL, evaluated for each row
    """
    cr.execute(
        SQL(
            "ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s",
            SQL.identifier(table),
            SQL.identifier(column),
            SQL(expression),
        )
    )
