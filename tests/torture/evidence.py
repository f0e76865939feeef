"""Counts both sides, past Odoo: what was changed, and what the lines say."""

import json
from dataclasses import dataclass
from typing import Any

_SHOWN = 20

# Each of them finds rows that must not be there, at any moment, runs under way or not.
# `done`: the `done` lines of all runs, about quotations of the round.
_ALWAYS = {
    "changed, but not exactly one done line": """
        SELECT o.id, count(d.id) FROM quotation o LEFT JOIN done d ON d.record_ref = o.id
         WHERE o.state <> 'draft' GROUP BY o.id HAVING count(d.id) <> 1
    """,
    "a done line without its change": """
        SELECT d.run_id, d.position, o.id, o.state FROM done d
          JOIN quotation o ON o.id = d.record_ref
         WHERE o.state <> 'cancel'
    """,
    "before is not what it was": """
        SELECT d.run_id, d.position, d.before FROM done d
          JOIN quotation o ON o.id = d.record_ref
         WHERE d.before IS DISTINCT FROM d.after || '{"state": "draft"}'
    """,
    "after is not what it is": """
        SELECT d.run_id, d.position, d.after, o.id FROM done d
          JOIN quotation o ON o.id = d.record_ref
         WHERE d.after ->> 'state' IS DISTINCT FROM o.state
            OR d.after ->> 'date_order'
               IS DISTINCT FROM to_char(o.date_order, 'YYYY-MM-DD HH24:MI:SS')
            OR (d.after ->> 'amount_total')::numeric IS DISTINCT FROM o.amount_total
            OR (d.after ->> 'currency_id')::integer IS DISTINCT FROM o.currency_id
            OR (d.after ->> 'user_id')::integer IS DISTINCT FROM o.user_id
            OR (d.after ->> 'locked')::boolean IS DISTINCT FROM coalesce(o.locked, false)
    """,
    "changed in part": """
        SELECT o.id, o.state, l.id, l.state FROM quotation o
          JOIN sale_order_line l ON l.order_id = o.id
         WHERE l.state <> o.state
    """,
    "the chatter does not tell of the change, or of one that was not": """
        SELECT o.id, o.state, count(m.id) FROM quotation o
          LEFT JOIN (mail_message m
                     JOIN mail_tracking_value v ON v.mail_message_id = m.id
                     JOIN ir_model_fields f ON f.id = v.field_id AND f.name = 'state')
            ON m.model = 'sale.order' AND m.res_id = o.id
         GROUP BY o.id, o.state
        HAVING count(m.id) <> CASE WHEN o.state = 'cancel' THEN 1 ELSE 0 END
    """,
    "a live run's progress is not the number of its lines": """
        SELECT r.id, r.state, r.progress_done, count(l.id) FROM sentinel_run r
          LEFT JOIN sentinel_run_line l ON l.run_id = r.id
         WHERE r.mode = 'live' AND r.state IN ('running', 'waiting')
         GROUP BY r.id HAVING coalesce(r.progress_done, 0) <> count(l.id)
    """,
    "two lines about one record in one run": """
        SELECT l.run_id, l.record_ref, count(*) FROM sentinel_run_line l
         GROUP BY l.run_id, l.model, l.record_ref HAVING count(*) > 1
    """,
    "the chain has a gap": """
        SELECT * FROM (
            SELECT e.id, e.position, row_number() OVER (ORDER BY e.position) AS due
              FROM sentinel_chain_entry e) AS sealed
         WHERE position <> due
    """,
    "the chain's end is not its last place": """
        SELECT c.position, max(e.position) FROM sentinel_chain c
          LEFT JOIN sentinel_chain_entry e ON e.chain = c.uid
         GROUP BY c.id, c.position HAVING coalesce(max(e.position), 0) <> c.position
    """,
    "ended without a place in the chain, or has one without having ended": """
        SELECT r.id, r.state, r.position FROM sentinel_run r
          LEFT JOIN sentinel_chain_entry e ON e.uid = r.uid AND e.position = r.position
         WHERE (r.state = 'done') <> (e.id IS NOT NULL)
    """,
}

# And these once every run has ended.
_AT_THE_END = {
    "left over": "SELECT o.id, o.state FROM quotation o WHERE o.state <> 'cancel'",
    "a run has not ended": """
        SELECT r.id, r.mode, r.state, r.slice_count FROM sentinel_run r WHERE r.state <> 'done'
    """,
    "a run ended otherwise than well or interrupted": """
        SELECT r.id, r.mode, r.final_status, r.error FROM sentinel_run r
         WHERE r.final_status NOT IN ('success', 'dry_run', 'interrupted')
    """,
    "a run's figures are not those of its lines": """
        SELECT r.id, r.outcomes, l.counted FROM sentinel_run r
          LEFT JOIN LATERAL (
                SELECT jsonb_object_agg(outcome, number) AS counted
                  FROM (SELECT outcome, count(*) AS number FROM sentinel_run_line
                         WHERE run_id = r.id GROUP BY outcome) AS c) AS l ON true
         WHERE coalesce(r.outcomes, '{}') <> coalesce(l.counted, '{}')
    """,
    "a planned record without its line, or a line that nobody planned": """
        SELECT r.id, odd.* FROM sentinel_run r
          JOIN LATERAL (
                SELECT 'planned' AS only, p.position, p.record_ref FROM sentinel_run_line p
                 WHERE p.run_id = r.plan_ref AND p.outcome = 'planned'
                   AND NOT EXISTS (SELECT FROM sentinel_run_line l
                                    WHERE l.run_id = r.id AND l.position = p.position
                                      AND l.record_ref = p.record_ref)
                 UNION ALL
                SELECT 'dealt with', l.position, l.record_ref FROM sentinel_run_line l
                 WHERE l.run_id = r.id
                   AND NOT EXISTS (SELECT FROM sentinel_run_line p
                                    WHERE p.run_id = r.plan_ref AND p.position = l.position
                                      AND p.record_ref = l.record_ref)) AS odd ON true
         WHERE r.mode = 'live'
    """,
    "a scheduled action is not active any more": """
        SELECT id, active, failure_count FROM ir_cron WHERE id = ANY (%(crons)s) AND NOT active
    """,
}
_WITH = """
    WITH quotation AS (SELECT * FROM sale_order WHERE client_order_ref = %(mark)s),
         done AS (
            SELECT l.* FROM sentinel_run_line l JOIN quotation o ON o.id = l.record_ref
             WHERE l.outcome = 'done' AND l.model = 'sale.order')
"""


@dataclass(frozen=True)
class Finding:
    """Something that must not be.

    :param rows: some of the rows that show it.
    """

    what: str
    rows: list[Any]

    def __str__(self) -> str:
        return f"{self.what}: {json.dumps(self.rows, default=str)}" if self.rows else self.what


def weigh(cr: Any, ids: range) -> tuple[int, int]:
    """Return how many of the quotations are changed, and how many `done` lines they have.

    Both as of one moment, and quickly: it may be asked hundreds of times a second.
    """
    cr.execute(
        """
        SELECT (SELECT count(*) FROM sale_order
                 WHERE id BETWEEN %(first)s AND %(last)s AND state <> 'draft'),
               (SELECT count(*) FROM sentinel_run_line
                 WHERE model = 'sale.order' AND record_ref BETWEEN %(first)s AND %(last)s
                   AND outcome = 'done')
        """,
        {"first": ids[0], "last": ids[-1]},
    )
    changed, lines = cr.fetchone()
    return changed, lines


def look(cr: Any, mark: str, crons: list[int], *, ended: bool) -> list[Finding]:
    """Compare quotations, lines, runs and chain, all as of one moment.

    :param cr: a cursor of an autocommitting connection.
    :param mark: what `client_order_ref` of the round's quotations says.
    :param crons: scheduled actions that must be active.
    :param ended: every run has ended, and the quotations are to be cancelled all.
    """
    # One snapshot for all of it: runs may go on while we look.
    cr.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        return compare(cr, mark, crons, ended=ended)
    finally:
        cr.execute("COMMIT")


def compare(cr: Any, mark: str, crons: list[int], *, ended: bool) -> list[Finding]:
    """Do what `look` does, in the transaction that is open on `cr`."""
    findings = []
    for what, query in {**_ALWAYS, **(_AT_THE_END if ended else {})}.items():
        cr.execute(f"{_WITH} {query} LIMIT {_SHOWN}", {"mark": mark, "crons": crons})
        if rows := cr.fetchall():
            findings.append(Finding(what, rows))
    return findings
