"""What a transaction that is about to be rolled back touched, without patching the ORM.

Two sources. PostgreSQL's counters of the running transaction say how often rows of each table were
written; they count what a savepoint took back, too, so they are *attempts*. The rows themselves
say which records are different: every version that the transaction or one of its savepoints wrote
carries its number (``xmin``).
"""

import time
from contextlib import suppress

import psycopg2

from .errors import OutOfTime, SentinelError

# How many ids of one model are looked at: the rest is said, not listed.
MAX_RECORDS = 10_000
# How many records of one model are named.
MAX_EXAMPLES = 5

# Transaction numbers are 32 bit and wrap around. No other transaction that began after ours is
# visible to us, so rows with our number or a later one are ours; this many later is enough.
_WINDOW = 2**24
_DISTANCE = "((xmin::text::bigint - %(xid)s + 4294967296) %% 4294967296)"


def attempts(cr):
    """Rows inserted, updated and deleted so far in the transaction of ``cr``, by table."""
    cr.execute(
        """
        SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_xact_user_tables
         WHERE schemaname = current_schema() AND n_tup_ins + n_tup_upd + n_tup_del > 0
        """
    )
    return {name: tuple(counts) for name, *counts in cr.fetchall()}


def footprint(env, before, after):
    """The difference of two :func:`attempts`, with the models that the tables belong to.

    :return: a list of dicts for the run, most rows first
    """
    models = _models_by_table(env)
    rows = []
    for table, counts in after.items():
        difference = [
            new - old for new, old in zip(counts, before.get(table, (0, 0, 0)), strict=True)
        ]
        if not any(difference):
            continue
        inserted, updated, deleted = difference
        model = models.get(table, "")
        rows.append(
            {
                "table": table,
                "model": model,
                "name": env["ir.model"].sudo()._get(model).name if model else "",
                "inserted": inserted,
                "updated": updated,
                "deleted": deleted,
            }
        )
    return sorted(rows, key=lambda row: (-sum(row[key] for key in _KINDS), row["table"]))


_KINDS = ("inserted", "updated", "deleted")


def other_records(acting, outside, rows, planned_model, planned_ids, end):
    """The records that are different now, besides the planned ones.

    :param acting: the simulation's cursor
    :param outside: a cursor that sees what is committed, opened after the work was done
    :param rows: as :func:`footprint` returns them; only their tables are searched
    :param end: ``time.monotonic()`` value after which no further table is looked at
    :return: dicts with ``model``, ``created``, ``changed`` and ``deleted`` ids, and ``complete``:
        false where there are more than were looked at, or the time was over
    """
    found = []
    for row in rows:
        if not row["model"]:
            continue
        skipped = planned_ids if row["model"] == planned_model else []
        # What could not be found out is said on the run; the other tables' figures are still true.
        entry = {"created": [], "changed": [], "deleted": [], "complete": False}
        if time.monotonic() < end:
            with suppress(OutOfTime, psycopg2.Error):
                with acting.savepoint(flush=False), outside.savepoint(flush=False):
                    entry = _different(acting, outside, row, skipped)
        if not entry["complete"] or any(entry[kind] for kind in _DIFFERENCES):
            found.append({"model": row["model"], "name": row["name"], **entry})
    return found


_DIFFERENCES = ("created", "changed", "deleted")


def _different(acting, outside, row, skipped):
    table = f'"{row["table"]}"'
    own = {"xid": acting.xid % 2**32, "window": _WINDOW, "skipped": skipped}
    ids, complete = [], True
    if row["inserted"] or row["updated"]:
        acting.execute(
            f"SELECT id FROM {table} WHERE {_DISTANCE} < %(window)s AND NOT id = ANY(%(skipped)s) "
            f"ORDER BY id LIMIT {MAX_RECORDS + 1}",
            own,
        )
        ids = [record_id for (record_id,) in acting.fetchall()]
        complete = len(ids) <= MAX_RECORDS
        ids = ids[:MAX_RECORDS]
    known = set()
    if row["updated"]:
        outside.execute(f"SELECT id FROM {table} WHERE id = ANY(%s)", [ids])
        known = {record_id for (record_id,) in outside.fetchall()}
    deleted = []
    if row["deleted"]:
        deleted, all_seen = _deleted(acting, outside, table, own)
        complete = complete and all_seen
    return {
        "created": [record_id for record_id in ids if record_id not in known],
        "changed": [record_id for record_id in ids if record_id in known],
        "deleted": deleted,
        "complete": complete,
    }


def _deleted(acting, outside, table, own):
    """Rows that others still see and the simulation does not."""
    # Whoever deletes or locks a row marks it, whether or not that is committed later; a row that
    # others made after the simulation began is new, not deleted.
    outside.execute(
        f"SELECT id FROM {table} WHERE xmax::text <> '0' AND {_DISTANCE} >= %(window)s "
        f"AND NOT id = ANY(%(skipped)s) ORDER BY id LIMIT {10 * MAX_RECORDS + 1}",
        own,
    )
    marked = [record_id for (record_id,) in outside.fetchall()]
    acting.execute(f"SELECT id FROM {table} WHERE id = ANY(%s)", [marked])
    there = {record_id for (record_id,) in acting.fetchall()}
    gone = [record_id for record_id in marked if record_id not in there]
    return gone[:MAX_RECORDS], len(marked) <= 10 * MAX_RECORDS and len(gone) <= MAX_RECORDS


def described(found, env, env_outside):
    """What :func:`other_records` found, as it is kept on the run: counts, and some names.

    :param env: environment of the run-as user in the simulation; what this user may not read is
        counted, but not named
    :param env_outside: the same user where nothing was changed, for what was deleted
    """
    return [
        {
            "model": entry["model"],
            "name": entry["name"],
            **{kind: len(entry[kind]) for kind in _DIFFERENCES},
            "complete": entry["complete"],
            "examples": [
                {"id": record_id, "name": name, "what": kind}
                for kind in _DIFFERENCES
                for record_id, name in _names(
                    (env_outside if kind == "deleted" else env)[entry["model"]],
                    entry[kind][:MAX_EXAMPLES],
                )
            ],
        }
        for entry in found
    ]


def _names(model, ids):
    named = []
    for record in model.browse(ids):
        name = ""
        try:
            with model.env.cr.savepoint(flush=False):
                if record._filtered_access("read"):
                    name = record.display_name or ""
        except SentinelError:
            raise
        except Exception:  # noqa: BLE001 - a record without a readable name is still one
            name = ""
        named.append((record.id, name))
    return named


def _models_by_table(env):
    return {
        model._table: model._name
        for model in map(env.__getitem__, sorted(env.registry))
        if model._auto and not model._abstract
    }
