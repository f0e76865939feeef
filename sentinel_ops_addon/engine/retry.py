"""Retry: the records that a live run left without having settled anything about them."""

from odoo.fields import Domain
from odoo.tools import SQL

# Refused and ineffective ones would only be refused again; changed ones are for a new plan.
RETRIED = ("failed", "skipped_locked", "not_attempted")


def left_over(run_id):
    """The records that a run left, as a domain.

    A subquery, because they may be a million.

    :param run_id: record id of the run to retry
    """
    return Domain.custom(
        to_sql=lambda _model, alias, _query: SQL(
            "%s IN (SELECT record_ref FROM sentinel_run_line WHERE run_id = %s AND outcome IN %s)",
            SQL.identifier(alias, "id"),
            run_id,
            RETRIED,
        )
    )
