"""Tables, columns and views. What is derived from the sealed text is said once, for both modes."""

from __future__ import annotations

from typing import NamedTuple

SCHEMA_VERSION = 1
"""Raised with every change; an auditor leaves a dataset of a newer version alone."""
VERSION_LABEL = "sentinel_ops_schema"

CHAINS, ENTRIES, LINES, LOG = "chains", "entries", "lines", "trail_log"
STAGING_PREFIX = "staging_"

HEAD_LINE = -1
"""What stands for a line's number in the row of a batch that says where the chain stands then."""


class Column(NamedTuple):
    """One column.

    :param value: SQL over a row ``r`` of the staging table; "" for a column of that table itself.
    """

    name: str
    kind: str
    description: str
    value: str = ""
    required: bool = False


class Table(NamedTuple):
    """One table; partitioned by the month of ``partition`` when that is not empty."""

    name: str
    description: str
    columns: tuple[Column, ...]
    partition: str = ""
    clustering: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.name for column in self.columns)


# What was erased or withheld is an empty text, which is no JSON.
_DOCUMENT = "NULLIF(r.content, '')"


def _text(name: str, description: str, key: str = "") -> Column:
    return Column(name, "STRING", description, f"JSON_VALUE({_DOCUMENT}, '$.{key or name}')")


def _cast(name: str, kind: str, description: str, key: str = "") -> Column:
    return Column(
        name, kind, description, f"SAFE_CAST(JSON_VALUE({_DOCUMENT}, '$.{key or name}') AS {kind})"
    )


def _json(name: str, description: str) -> Column:
    # Plain PARSE_JSON fails on a number that a double can't hold; the sealed text keeps it anyway.
    return Column(
        name,
        "JSON",
        description,
        f"SAFE.PARSE_JSON(JSON_QUERY({_DOCUMENT}, '$.{name}'), wide_number_mode=>'round')",
    )


_CHAIN = Column("chain", "STRING", "Identity of the chain, one for each database", "r.chain", True)
_SEALED_AT = Column(
    "sealed_at", "TIMESTAMP", "When the entry was sealed; the partition", "r.sealed_at", True
)
_SALT = Column("salt", "STRING", "Random text hashed before the content", "r.salt", True)
_CONTENT = Column(
    "content", "STRING", "What was sealed, byte for byte; JSON text", "r.content", True
)
_DIGEST = Column("digest", "STRING", "SHA-256 of salt and content, hex", "r.digest", True)

STAGED = Table(
    LOG,
    "Rows as they came: entries (line is null), lines, and the head that a batch left (line -1)",
    (
        Column("chain", "STRING", "Identity of the chain", required=True),
        Column("batch", "STRING", "The batch that brought the row", required=True),
        Column("loaded_at", "TIMESTAMP", "When that batch was begun", required=True),
        Column("ordinal", "INT64", "Number of the row in its batch", required=True),
        Column("place", "INT64", "Position in the chain", required=True),
        Column("line", "INT64", "Position of the line in its run"),
        Column("sealed_at", "TIMESTAMP", "When the entry was sealed", required=True),
        Column("sealed_text", "STRING", "The same as it was sealed", required=True),
        Column("kind", "STRING", "run, event, or empty", required=True),
        Column("uid", "STRING", "Identity of the run or event", required=True),
        Column("digest", "STRING", "SHA-256 of salt and content, hex", required=True),
        Column("seal", "STRING", "Seal of the entry", required=True),
        Column("withheld", "STRING", "Why there is no content", required=True),
        Column("salt", "STRING", "Random text hashed before the content", required=True),
        Column("content", "STRING", "What was sealed, byte for byte", required=True),
    ),
    partition="sealed_at",
    clustering=("chain",),
)

CHAINS_TABLE = Table(
    CHAINS,
    "One row for each chain: how far it is stored",
    (
        _CHAIN,
        _text("database", "Name of the Odoo database"),
        _text("url", "Address of that Odoo"),
        Column("position", "INT64", "Position of the last entry stored", "r.place", True),
        Column("seal", "STRING", "Seal of that entry", "r.seal", True),
        _cast("start", "INT64", "Behind this position the stored part begins"),
        _text("start_seal", "Seal of that position"),
        Column("pulled_at", "TIMESTAMP", "When the last batch was begun", "r.loaded_at", True),
    ),
)

ENTRIES_TABLE = Table(
    ENTRIES,
    "Finished runs and events in the order of their chain",
    (
        _CHAIN,
        Column("position", "INT64", "Place in the chain, from 1 without a gap", "r.place", True),
        Column("kind", "STRING", "run or event", "r.kind", True),
        Column("uid", "STRING", "Identity of the run or event", "r.uid", True),
        _SEALED_AT,
        Column("sealed_text", "STRING", "The same as it was sealed", "r.sealed_text", True),
        _DIGEST,
        Column("seal", "STRING", "Binds the entry to all before it", "r.seal", True),
        Column("withheld", "STRING", "Why there is no content", "r.withheld", True),
        _SALT,
        _CONTENT,
        _text("job", "Code of the job"),
        _text("job_name", "Name of the job as it was"),
        _text("mode", "plan, simulate or live"),
        _text("status", "How the run ended"),
        _text("verdict", "pass, warn, fail, error or not_evaluated"),
        _text("shape", "measure, check or remedy"),
        _cast("requested_at", "TIMESTAMP", "When the run was asked for"),
        _cast("started_at", "TIMESTAMP", "When it began"),
        _cast("ended_at", "TIMESTAMP", "When it ended"),
        _text("requested_by", "Login of who asked for it"),
        _cast("requested_by_id", "INT64", "Id of that user"),
        _text("run_as", "Login of the user it ran as"),
        _text("company", "Company of the job"),
        _text("source", "Where it was asked for"),
        _text("reason", "Why, in the words of who asked"),
        _text("plan", "The plan that a simulation or a live run follows"),
        _cast("population", "INT64", "Records looked at"),
        _cast("matched", "INT64", "Records that broke the rule"),
        _cast("selected", "INT64", "Records taken"),
        _cast("amount", "NUMERIC", "Money at stake"),
        _text("currency", "Of that money"),
        _cast("line_count", "INT64", "Lines that were sealed with the run"),
        _text("error", "What broke the run"),
        _text("event_kind", "What kind of event it is", "kind"),
        _text("model", "Model that the event is about"),
        _text("record_name", "Record that the event is about"),
        _text("user", "Login of who caused the event"),
    ),
    partition="sealed_at",
    clustering=("chain", "job"),
)

LINES_TABLE = Table(
    LINES,
    "What each run did to each record",
    (
        _CHAIN,
        Column("run_position", "INT64", "Place of the run in the chain", "r.place", True),
        Column("position", "INT64", "Number of the line in the run", "r.line", True),
        _SEALED_AT,
        _DIGEST,
        _SALT,
        _CONTENT,
        _text("run", "Identity of the run"),
        _text("model", "Model of the record"),
        _cast("record", "INT64", "Id of the record"),
        _text("name", "Name of the record as it was"),
        _text("outcome", "What became of it"),
        _text("reason", "Why it was selected or left"),
        _text("message", "What Odoo said"),
        _text("operation", "What was done to it"),
        _cast("amount", "NUMERIC", "Money at stake"),
        _text("currency", "Of that money"),
        _cast("at", "TIMESTAMP", "When it was done"),
        _json("before", "Its fields before"),
        _json("intended", "What was meant to be"),
        _json("after", "Its fields after"),
    ),
    partition="sealed_at",
    clustering=("chain", "model", "record"),
)

MERGE_TABLES = (CHAINS_TABLE, ENTRIES_TABLE, LINES_TABLE)
APPEND_TABLES = (STAGED,)


class View(NamedTuple):
    """One view; ``{d}`` in ``sql`` stands for the dataset."""

    name: str
    description: str
    sql: str


DASHBOARDS = (
    View(
        "v_runs_daily",
        "Runs a day by job, mode and status",
        """
        SELECT e.chain, c.database, DATE(e.ended_at) AS day, e.job, e.mode, e.status,
            COUNT(*) AS runs, SUM(e.matched) AS matched, SUM(e.selected) AS selected
        FROM `{d}.entries` AS e JOIN `{d}.chains` AS c ON c.chain = e.chain
        WHERE e.kind = 'run' AND e.job IS NOT NULL
        GROUP BY e.chain, c.database, DATE(e.ended_at), e.job, e.mode, e.status
        """,
    ),
    View(
        "v_open_findings",
        "Jobs whose newest plan or check found records that no live run has repaired since",
        """
        SELECT chain, database, job, job_name, uid, verdict, matched, repaired,
            matched - repaired AS open, population, amount, currency, ended_at
        FROM (
            SELECT k.chain, k.database, k.job, k.job_name, k.uid, k.verdict, k.matched,
                k.population, k.amount, k.currency, k.ended_at,
                GREATEST(0, IFNULL(SUM(
                    SAFE_CAST(JSON_VALUE(NULLIF(v.content, ''), '$.outcomes.done') AS INT64)
                    * IF(IFNULL(JSON_VALUE(NULLIF(v.content, ''), '$.undoes'), '') = '', 1, -1)
                ), 0)) AS repaired
            FROM (
                SELECT e.chain, c.database, e.job, e.job_name, e.uid, e.verdict, e.matched,
                    e.population, e.amount, e.currency, e.ended_at, e.position,
                    ROW_NUMBER() OVER (
                        PARTITION BY e.chain, e.job ORDER BY e.position DESC) AS newest
                FROM `{d}.entries` AS e JOIN `{d}.chains` AS c ON c.chain = e.chain
                WHERE e.kind = 'run' AND e.mode = 'plan' AND e.shape IN ('check', 'remedy')
                    AND e.status IN ('success', 'dry_run')
                    AND IFNULL(e.verdict, '') NOT IN ('error', 'not_evaluated')
            ) AS k
            LEFT JOIN `{d}.entries` AS v ON v.chain = k.chain AND v.job = k.job
                AND v.kind = 'run' AND v.mode = 'live' AND v.position > k.position
            WHERE k.newest = 1
            GROUP BY k.chain, k.database, k.job, k.job_name, k.uid, k.verdict, k.matched,
                k.population, k.amount, k.currency, k.ended_at
        )
        WHERE matched > repaired
        """,
    ),
    View(
        "v_money",
        "Money by month, job and currency: at_stake in plans, saved by live runs",
        """
        SELECT e.chain, c.database, DATE_TRUNC(DATE(e.ended_at), MONTH) AS month, e.job,
            l.currency,
            SUM(IF(e.mode = 'plan' AND l.outcome = 'planned', l.amount, 0)) AS at_stake,
            SUM(IF(e.mode = 'live' AND l.outcome = 'done', l.amount, 0)) AS saved
        FROM `{d}.entries` AS e
        JOIN `{d}.chains` AS c ON c.chain = e.chain
        JOIN `{d}.lines` AS l ON l.chain = e.chain AND l.run_position = e.position
            AND l.sealed_at = e.sealed_at
        WHERE e.kind = 'run' AND l.amount IS NOT NULL
        GROUP BY e.chain, c.database, DATE_TRUNC(DATE(e.ended_at), MONTH), e.job, l.currency
        """,
    ),
    View(
        "v_slowest_jobs",
        "How long runs take, by job and mode",
        """
        SELECT e.chain, c.database, e.job, e.mode, COUNT(*) AS runs,
            AVG(TIMESTAMP_DIFF(e.ended_at, e.started_at, MILLISECOND)) / 1000 AS average_seconds,
            MAX(TIMESTAMP_DIFF(e.ended_at, e.started_at, MILLISECOND)) / 1000 AS longest_seconds
        FROM `{d}.entries` AS e JOIN `{d}.chains` AS c ON c.chain = e.chain
        WHERE e.kind = 'run' AND e.started_at IS NOT NULL AND e.ended_at IS NOT NULL
        GROUP BY e.chain, c.database, e.job, e.mode
        """,
    ),
    View(
        "v_who_ran_what",
        "Who asked for which runs, from where",
        """
        SELECT e.chain, c.database, e.requested_by, e.job, e.mode, e.source, COUNT(*) AS runs,
            SUM(IF(e.mode = 'live', e.selected, 0)) AS records_live,
            MAX(e.requested_at) AS last_requested_at
        FROM `{d}.entries` AS e JOIN `{d}.chains` AS c ON c.chain = e.chain
        WHERE e.kind = 'run' AND e.job IS NOT NULL
        GROUP BY e.chain, c.database, e.requested_by, e.job, e.mode, e.source
        """,
    ),
)


def derived(table: Table) -> str:
    """Return the select list that makes ``table`` of staged rows ``r``."""
    return ", ".join(f"{column.value} AS {column.name}" for column in table.columns)


# A batch counts once its head row is there, which its last load brings; of several batches with
# one place the newest counts, with all of its lines and no other's.
_WHOLE = "r.batch IN (SELECT batch FROM `{d}.trail_log` WHERE line = -1)"
APPEND_VIEWS = (
    View(
        CHAINS,
        CHAINS_TABLE.description,
        f"""
        SELECT {derived(CHAINS_TABLE)} FROM `{{d}}.trail_log` AS r WHERE r.line = -1
        QUALIFY ROW_NUMBER() OVER (
            PARTITION BY r.chain ORDER BY r.place DESC, r.loaded_at DESC, r.batch, r.ordinal) = 1
        """,
    ),
    View(
        ENTRIES,
        ENTRIES_TABLE.description,
        f"""
        SELECT {derived(ENTRIES_TABLE)} FROM `{{d}}.trail_log` AS r
        WHERE r.line IS NULL AND {_WHOLE}
        QUALIFY ROW_NUMBER() OVER (
            PARTITION BY r.chain, r.place ORDER BY r.loaded_at DESC, r.batch, r.ordinal DESC) = 1
        """,
    ),
    View(
        LINES,
        LINES_TABLE.description,
        f"""
        SELECT {derived(LINES_TABLE)} FROM `{{d}}.trail_log` AS r
        JOIN (
            SELECT r.chain, r.place, r.batch FROM `{{d}}.trail_log` AS r
            WHERE r.line IS NULL AND {_WHOLE}
            QUALIFY ROW_NUMBER() OVER (
                PARTITION BY r.chain, r.place
                ORDER BY r.loaded_at DESC, r.batch, r.ordinal DESC) = 1
        ) AS e ON e.chain = r.chain AND e.place = r.place AND e.batch = r.batch
        WHERE r.line > 0
        QUALIFY ROW_NUMBER() OVER (
            PARTITION BY r.chain, r.place, r.line ORDER BY r.ordinal DESC) = 1
        """,
    ),
)
