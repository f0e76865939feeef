"""Marks: what a remedy announced to the owner of a record, and whether it may act by now.

A mark is *waiting* until its day, *objected* once a person dealt with its activity, *acted* when
the job acted, *overtaken* when it lost its meaning, *released* when somebody had an objection
asked again. The first two are open; a job has at most one open mark on a record.
"""

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from odoo import fields

from .canonical import record_values
from .fingerprint import fingerprints
from .selection import task_context

# The operation of lines that announce instead of acting.
ANNOUNCE = "marks.announce"
OPEN = ("waiting", "objected")
# So that a daily schedule, which is never quite on time, acts on the day that it announced; and
# nobody is told in the evening what happens at midnight.
_SLACK = timedelta(hours=12)

# Set while the engine itself works on records; nothing that a caller sends can set it.
_own_hands = ContextVar("sentinel_own_hands", default=False)


@contextmanager
def own_hands():
    """Within this context an activity that goes away is no objection: no person did it."""
    token = _own_hands.set(True)
    try:
        yield
    finally:
        _own_hands.reset(token)


def is_own_hands() -> bool:
    """Whether it is the engine that works right now."""
    return _own_hands.get()


@dataclass(frozen=True)
class Marks:
    """What the open marks of a job say about some records.

    :param withheld: outcome and reason of those that it must leave alone, by ID
    :param waiting: IDs of those of them that are announced for later
    :param due: IDs of those that it may act on
    """

    withheld: dict[int, tuple[str, str]] = field(default_factory=dict)
    waiting: frozenset[int] = frozenset()
    due: frozenset[int] = frozenset()


def mark_days(run) -> int:
    """How many days before it acts a run announces; 0 when it acts at once."""
    return (run.limits or {}).get("mark_days", 0)


def day_of_action(now, days, tz) -> tuple[date, datetime]:
    """The day to announce, and the moment from when on the job may act.

    That day begins at midnight where the owner is; but never do less than ``days`` days, less
    half a day, pass.

    :param now: naive UTC
    :param tz: name of the owner's time zone, empty for UTC
    :return: the day, and a naive UTC time
    """
    zone = ZoneInfo(tz or "UTC")
    day = now.replace(tzinfo=UTC).astimezone(zone).date() + timedelta(days=days)
    midnight = datetime.combine(day, time(), zone).astimezone(UTC).replace(tzinfo=None)
    return day, max(midnight, now + timedelta(days=days) - _SLACK)


def marks_of(env, run, model, ids=None) -> Marks:
    """What the run's job announced about records, and what their owners made of it.

    :param env: environment of the user that the run works as, on the cursor to read with
    :param model: name of the model
    :param ids: only these records; ``None`` for all that have an open mark
    """
    if run.undoes_ref or run.shape != "remedy":
        return Marks()
    rows = {row["record_ref"]: row for row in _open_rows(env.cr, run, model, ids)}
    withheld = {
        ref: ("skipped_excluded", _objection_text(env, row))
        for ref, row in rows.items()
        if row["state"] == "objected"
    }
    if not mark_days(run):
        # It acts at once by now; only somebody's word still stands.
        return Marks(withheld)
    waiting, due, now = set(), set(), fields.Datetime.now()
    for ref, row in _standing(env, run, model, rows):
        if row["due_at"] <= now:
            due.add(ref)
        else:
            waiting.add(ref)
            withheld[ref] = ("skipped_excluded", _waiting_text(env, row))
    return Marks(withheld, frozenset(waiting), frozenset(due))


def marks_for(env, run, planned) -> Marks:
    """The same for the lines of a batch, right before they are carried out.

    Where a line and its mark do not fit together any more, the record is left alone.

    :param planned: lines of one operation on one model
    """
    ids = [line.record_ref for line in planned]
    marks = marks_of(env, run, planned[0].model, ids)
    if run.undoes_ref:
        return marks
    if planned[0].operation == ANNOUNCE:
        if mark_days(run):
            unfit, why = marks.due, env._("It was announced already.")
        else:
            unfit, why = ids, env._("This job does not announce any more what it does.")
    elif mark_days(run):
        unfit = set(ids) - marks.due
        why = env._(
            "What was announced does not hold any more (it changed since, or was called off), so "
            "it will be announced anew."
        )
    else:
        return marks
    mismatched = dict.fromkeys(unfit, ("skipped_changed", why))
    return Marks({**mismatched, **marks.withheld}, marks.waiting, marks.due)


def close_marks(env, job_ref, model, ids, state, states=("waiting",)):
    """Close open marks of a job and take their activities away, which nobody takes as objection.

    :param ids: of the records; ``None`` for all of the model
    :param state: what they become
    :param states: which are closed
    """
    env["sentinel.mark"].flush_model()
    env.cr.execute(
        """
        UPDATE sentinel_mark SET state = %s, ended_at = %s
         WHERE job_ref = %s AND model = %s AND state = ANY(%s)
           AND (%s::int[] IS NULL OR record_ref = ANY(%s::int[]))
     RETURNING activity_ref
        """,
        [state, fields.Datetime.now(), job_ref, model, list(states), ids, ids],
    )
    refs = [ref for (ref,) in env.cr.fetchall()]
    env["sentinel.mark"].invalidate_model()
    if refs:
        activities = env["mail.activity"].sudo().browse(refs).exists()
        with own_hands():
            # One that was done is somebody's history.
            activities.filtered("active").unlink()


def announced_lines(cr, run_id) -> int:
    """How many lines of a run announced something, or would."""
    cr.execute(
        "SELECT count(*) FROM sentinel_run_line WHERE run_id = %s AND operation = %s "
        "AND outcome IN ('done', 'simulated', 'planned')",
        [run_id, ANNOUNCE],
    )
    return cr.fetchone()[0]


def _open_rows(cr, run, model, ids):
    cr.execute(
        """
        SELECT mark.record_ref, mark.state, mark.operation, mark.fingerprint, mark.owner_login,
               mark.objected_login, mark.objected_at, mark.objection,
               activity.id IS NOT NULL AS is_told,
               -- Who gives the activity a later day puts it off until then.
               greatest(mark.due_at, CASE WHEN activity.date_deadline > mark.due_on
                                          THEN activity.date_deadline END) AS due_at
          FROM sentinel_mark AS mark
          LEFT JOIN mail_activity AS activity
                 ON activity.id = mark.activity_ref AND activity.active
                    AND activity.res_model = mark.model AND activity.res_id = mark.record_ref
         WHERE mark.job_ref = %s AND mark.model = %s AND mark.state = ANY(%s)
           AND (%s::int[] IS NULL OR mark.record_ref = ANY(%s::int[]))
        """,
        [run.job_ref, model, list(OPEN), ids, ids],
    )
    return cr.dictfetchall()


def _standing(env, run, model, rows):
    """The marks that wait and still mean what they say: same record, same repair, still told."""
    task = env[f"sentinel.task.{run.task_code}"]
    names = task._recorded_fields(task_context(env, run, run.as_of or fields.Datetime.now()))
    told = [
        ref
        for ref, row in rows.items()
        if row["state"] == "waiting" and row["is_told"] and row["operation"] == task._task_operation
    ]
    # Those that the run's user does not find are none that it could select.
    records = env[model].search([("id", "in", told)])
    prints = fingerprints(records, record_values(records, names))
    return [(ref, rows[ref]) for ref in records.ids if prints[ref] == rows[ref]["fingerprint"]]


def _objection_text(env, row):
    if not row["objection"]:
        return env._(
            "%(login)s objected on %(at)s.",
            login=row["objected_login"],
            at=row["objected_at"].date(),
        )
    return env._(
        "%(login)s objected on %(at)s: %(why)s",
        login=row["objected_login"],
        at=row["objected_at"].date(),
        why=row["objection"],
    )


def _waiting_text(env, row):
    return env._(
        "Announced to %(login)s, waits until %(until)s UTC.",
        login=row["owner_login"],
        until=row["due_at"].strftime("%Y-%m-%d %H:%M"),
    )
