"""Views of the SQLite store for dashboards.

Names and columns are those of the views in BigQuery, so that a question asked of one store can be
asked of the other. Money is a number here: SQLite knows no decimals.
"""

from __future__ import annotations

_ENDED_ON = "nullif(substr(ended_at, 1, 10), '')"
_SECONDS = "(julianday(ended_at) - julianday(started_at)) * 86400"

DASHBOARDS = (
    f"""
    CREATE VIEW v_runs_daily AS
    SELECT chain, database, {_ENDED_ON} AS day, job, mode, status,
        count(*) AS runs, sum(matched) AS matched, sum(selected) AS selected
    FROM runs
    GROUP BY chain, database, day, job, mode, status
    """,
    # A plan that broke says nothing about what it would have found, so the one before counts. What
    # live runs repaired since is no longer open; what an undo put back is again.
    """
    CREATE VIEW v_open_findings AS
    SELECT chain, database, job, job_name, uid, verdict, matched, repaired,
        matched - repaired AS open, population, amount, currency, ended_at
    FROM (
        SELECT looks.chain, looks.database, looks.job, looks.job_name, looks.uid, looks.verdict,
            looks.matched, looks.population, CAST(nullif(looks.amount, '') AS REAL) AS amount,
            looks.currency, looks.ended_at,
            max(0, ifnull((
                SELECT sum(json_extract(live.content, '$.outcomes.done')
                    * iif(ifnull(json_extract(live.content, '$.undoes'), '') = '', 1, -1))
                FROM runs AS live
                WHERE live.chain = looks.chain AND live.job = looks.job AND live.mode = 'live'
                    AND live.position > looks.position
            ), 0)) AS repaired
        FROM (
            SELECT *, row_number() OVER (PARTITION BY chain, job ORDER BY position DESC) AS newest
            FROM runs
            WHERE mode = 'plan' AND shape IN ('check', 'remedy')
                AND status IN ('success', 'dry_run')
                AND ifnull(verdict, '') NOT IN ('error', 'not_evaluated')
        ) AS looks
        WHERE newest = 1
    )
    WHERE matched > repaired
    """,
    """
    CREATE VIEW v_money AS
    SELECT chain, database, substr(ended_at, 1, 7) || '-01' AS month, job, currency,
        round(sum(iif(mode = 'plan' AND outcome = 'planned', amount, 0)), 6) AS at_stake,
        round(sum(iif(mode = 'live' AND outcome = 'done', amount, 0)), 6) AS saved
    FROM (
        SELECT runs.chain, runs.database, runs.ended_at, runs.job, runs.mode,
            json_extract(lines.content, '$.outcome') AS outcome,
            json_extract(lines.content, '$.currency') AS currency,
            CAST(nullif(json_extract(lines.content, '$.amount'), '') AS REAL) AS amount
        FROM runs
        JOIN chains ON chains.chain = runs.chain
        JOIN lines ON lines.chain = chains.id AND lines.run_position = runs.position
        WHERE lines.content <> ''
    )
    WHERE amount IS NOT NULL
    GROUP BY chain, database, month, job, currency
    """,
    f"""
    CREATE VIEW v_slowest_jobs AS
    SELECT chain, database, job, mode, count(*) AS runs,
        round(avg({_SECONDS}), 3) AS average_seconds, round(max({_SECONDS}), 3) AS longest_seconds
    FROM runs
    WHERE started_at <> '' AND ended_at <> ''
    GROUP BY chain, database, job, mode
    """,
    """
    CREATE VIEW v_who_ran_what AS
    SELECT chain, database, requested_by, job, mode, source, count(*) AS runs,
        sum(iif(mode = 'live', selected, 0)) AS records_live, max(requested_at) AS last_requested_at
    FROM runs
    GROUP BY chain, database, requested_by, job, mode, source
    """,
)
