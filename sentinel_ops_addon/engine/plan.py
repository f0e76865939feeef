"""Plan: find the records, freeze them, change nothing.

The task reads on a connection that PostgreSQL keeps from writing; the lines are written on
another one, and become visible together when the run is finished.
"""

import datetime
import time
from collections import Counter

import psycopg2

from odoo import fields
from odoo.fields import Domain

from .budget import plan_limit
from .canonical import column, record_values
from .context import worst
from .cursors import environment, plan_cursor
from .effects import declared_effects
from .errors import DryRunViolation, OutOfTime, TaskFailure, TransactionRefused
from .fingerprint import fingerprint_fields, fingerprints
from .guards import judge
from .lines import Line, insert_lines
from .marks import ANNOUNCE, Marks, mark_days, marks_of
from .plan_digest import plan_digest
from .process_guard import watching
from .retry import left_over
from .selection import narrowed, selection_of, task_context
from .withheld import withheld_records
from .work import work_of

# What a task meets that tries to change something or to end the transaction.
REFUSALS = (
    psycopg2.errors.ReadOnlySqlTransaction,
    psycopg2.errors.ActiveSqlTransaction,
    TransactionRefused,
)
# Records read and lines written at a time: memory stays flat however many are selected.
CHUNK = 1000


def plan(cr, run, verdicts):
    """Carry out a plan and leave its lines and figures on the run, uncommitted.

    :param cr: the engine's writing cursor; the caller commits or rolls back
    :param run: the ``sentinel.run`` record on that cursor, state ``running``
    :param verdicts: what guards said about the request
    :return: the status the run ends with
    :raises DryRunViolation: the task tried to change something
    """
    as_of = fields.Datetime.now()
    seconds = plan_limit()
    end = time.monotonic() + seconds
    try:
        with plan_cursor(cr.dbname, seconds) as reading:
            values = _look_in_peace(reading, cr, run, as_of, end)
    except OutOfTime as error:
        raise _took_too_long(run, seconds) from error
    run.write(dict(values, as_of=as_of))
    if run.shape != "remedy":
        return "success"
    hours = (run.limits or {})["plan_hours"]
    run.expires_at = as_of + datetime.timedelta(hours=hours)
    run.plan_digest = plan_digest(cr, run, is_empty=not run.checked_count)
    run.guards = [verdict.as_dict() for verdict in verdicts + judge(run)]
    return "dry_run"


def _look_in_peace(reading, cr, run, as_of, end):
    """Look, with every refusal named as what it is, whatever the task made of it."""
    try:
        with watching():
            return _look(reading, cr, run, as_of, end)
    except OutOfTime:
        raise
    except REFUSALS as error:
        # Past our cursor, or not caught by it: PostgreSQL's own refusal.
        raise DryRunViolation(reading.violation or str(error).strip()) from error
    except Exception as error:
        # Whatever the task made of it: the refusal is the cause to report.
        if reading.violation:
            raise DryRunViolation(reading.violation) from error
        raise


def _took_too_long(run, seconds):
    return TaskFailure(
        run.env._(
            "the plan took more than %(seconds)s seconds, and this server would kill it soon. "
            "Lower the limit of records, narrow what is looked at, or raise limit_time_cpu and "
            "limit_time_real_cron of the server",
            seconds=round(seconds),
        )
    )


def _look(reading, cr, run, as_of, end):
    env = environment(reading, run.run_as_ref, run.company_ref)
    if run.undoes_ref:
        return _look_back(cr, run, work_of(env, run, as_of), end)
    task = env[f"sentinel.task.{run.task_code}"]
    ctx = task_context(env, run, as_of)
    if run.shape == "measure":
        return _measured(task, ctx)
    selection = selection_of(task, ctx)
    order, limit = task._task_order, task._limit(ctx)
    if run.retries_ref:
        selection, limit = narrowed(selection, left_over(run.retries_ref)), None
    found = selection.look(order, limit)
    # What must be left alone matters, and is asked for, only where something was found.
    marks = marks_of(env, run, selection.model._name) if found.matched else Marks()
    withheld = _withheld_matches(env, run, selection, marks) if found.matched else {}
    ids = selection.find(order, limit, without=withheld) if withheld else found.ids
    if mark_days(run):
        # What is acted on comes first: a batch does one or the other.
        ids = sorted(ids, key=lambda record_id: record_id not in marks.due)
    change = _change(task, run, ctx, marks)
    amount, has_amount = _freeze(cr, run, task, ctx, selection.model, ids, end, change)
    _list_withheld(cr, run, selection.model.browse(withheld), withheld, len(ids))
    # Where nothing matches, figures about it need not ask the database.
    measures = task._measures(ctx, selection.matching if found.matched else Domain.FALSE)
    # Somebody answers for what is excluded; it is no finding. What is announced still is one.
    excluded = sum(
        why[0] == "skipped_excluded"
        and (record_id not in marks.waiting or why != marks.withheld[record_id])
        for record_id, why in withheld.items()
    )
    verdict = task._verdict(ctx, found.matched - excluded, found.population, measures)
    # Writes that still wait in the cache must meet PostgreSQL's refusal now, not get lost.
    env.flush_all()
    reading.flush()
    outcome = "planned" if run.shape == "remedy" else "found"
    counts = Counter(kept for kept, _why in withheld.values())
    if ids:
        counts[outcome] = len(ids)
    return {
        "population_count": found.population,
        "matched_count": found.matched,
        "selected_count": len(ids),
        "withheld_count": len(withheld),
        "is_limited": found.matched - len(withheld) > len(ids),
        "amount": amount,
        "currency": run.currency if has_amount else False,
        "kpis": [measure.as_dict() for measure in measures],
        "verdict": verdict,
        "progress_done": len(ids),
        "progress_total": len(ids),
        **run._count_outcomes(dict(counts)),
    }


def _withheld_matches(env, run, selection, marks):
    """Those of the records that are trouble which must be left alone, with outcome and reason."""
    withheld = withheld_records(env, run, selection.model._name, marks)
    if not withheld:
        return {}
    matching = selection.still_matching(selection.model.browse(withheld))
    return {record_id: withheld[record_id] for record_id in matching.ids}


def _list_withheld(cr, run, records, withheld, position):
    """Show in the plan which records were kept out, after those that were selected."""
    now = fields.Datetime.now()
    insert_lines(
        cr,
        run,
        [
            Line(
                position=position + number,
                model=records._name,
                record_ref=record.id,
                record_name=record.display_name or f"{records._name},{record.id}",
                outcome=withheld[record.id][0],
                message=withheld[record.id][1],
                at=now,
            )
            for number, record in enumerate(records, start=1)
        ],
    )


def _measured(task, ctx):
    measures = task._measures(ctx, None)
    task.env.flush_all()
    task.env.cr.flush()
    return {
        "kpis": [measure.as_dict() for measure in measures],
        "verdict": task._verdict(ctx, 0, 0, measures) if measures else worst([]),
        "currency": False,
        "checked_count": len(measures),
    }


def _change(task, run, ctx, marks):
    """What is planned for records: a function that gives operation and intended change of each."""
    if run.shape != "remedy":
        return lambda records: [("", {})] * len(records)
    operation = task.env[f"sentinel.operation.{task._task_operation}"]
    declared_effects(operation)
    if not mark_days(run):
        return lambda records: [
            (task._task_operation, operation._intended(record, ctx)) for record in records
        ]
    announce = work_of(task.env, run, ctx.as_of, ANNOUNCE)

    def change(records):
        days = announce.intended(records.filtered(lambda record: record.id not in marks.due))
        return [
            (ANNOUNCE, days[record.id])
            if record.id in days
            else (task._task_operation, operation._intended(record, ctx))
            for record in records
        ]

    return change


def _freeze(cr, run, task, ctx, model, ids, end, change):
    """Write one line for each record; returns the money at stake and whether there is any.

    :param change: as :func:`_change` made it
    """
    names = task._recorded_fields(ctx)
    outcome = "planned" if run.shape == "remedy" else "found"
    # Most models have far more fields than a plan looks at.
    model = model.with_context(prefetch_fields=False)
    total, has_amount = 0.0, False
    for start in range(0, len(ids), CHUNK):
        if time.monotonic() > end:
            raise OutOfTime("the plan reached its limit between two chunks")
        records = model.browse(ids[start : start + CHUNK])
        records.fetch({*names, "display_name", *fingerprint_fields(records)})
        values = record_values(records, names)
        prints = fingerprints(records, values)
        record_names = column(records, "display_name")
        reasons = task._reasons(records, ctx)
        amounts = task._amounts(records, ctx)
        has_amount = has_amount or bool(amounts)
        total += sum(amounts.values())
        changes = change(records)
        now = fields.Datetime.now()
        insert_lines(
            cr,
            run,
            [
                Line(
                    position=position,
                    model=model._name,
                    record_ref=record.id,
                    record_name=name or f"{model._name},{record.id}",
                    operation=operation,
                    outcome=outcome,
                    reason=reasons[record.id],
                    before=values[record.id],
                    intended=intended,
                    amount=amounts.get(record.id),
                    currency=run.currency if record.id in amounts else "",
                    fingerprint=prints[record.id],
                    at=now,
                )
                for position, (record, name, (operation, intended)) in enumerate(
                    zip(records, record_names, changes, strict=True), start=start + 1
                )
            ],
        )
        task.env.flush_all()
        task.env.invalidate_all()
    return total, has_amount


def _look_back(cr, run, undo, end):
    """The figures of an undo's plan; its lines are those of what the old run changed."""
    env = undo.task.env
    counts = {"planned": 0, "refused": 0}
    total, has_amount = 0.0, False
    for lines in undo.freeze(fields.Datetime.now(), CHUNK):
        if time.monotonic() > end:
            raise OutOfTime("the plan reached its limit between two chunks")
        insert_lines(cr, run, lines)
        for line in lines:
            counts[line.outcome] += 1
            if line.outcome == "planned" and line.amount is not None:
                total, has_amount = total + line.amount, True
        env.flush_all()
        env.invalidate_all()
    changed = sum(counts.values())
    return {
        # A share of what the old run looked at: of what it changed, an undo is always the whole.
        "population_count": max(changed, run.browse(run.undoes_ref).population_count),
        "matched_count": changed,
        "selected_count": counts["planned"],
        # What cannot be undone is refused, line by line; no limit cut it off.
        "is_limited": False,
        "amount": total,
        "currency": run.currency if has_amount else False,
        "kpis": [],
        "progress_done": counts["planned"],
        "progress_total": counts["planned"],
        **run._count_outcomes({outcome: count for outcome, count in counts.items() if count}),
    }
