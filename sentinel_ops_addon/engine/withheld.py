"""Records that a job must leave alone for now: excluded, announced for later, tried too often."""

from odoo import fields

from .marks import marks_for

# Outcome and reason by record ID.
Withheld = dict[int, tuple[str, str]]


def withheld_lines(env, run, planned) -> Withheld:
    """Why some of a batch may not be carried out, by record ID.

    :param env: environment of the user that the run works as
    :param planned: lines of one operation on one model
    """
    ids = [line.record_ref for line in planned]
    return withheld_records(env, run, planned[0].model, marks_for(env, run, planned), ids)


def withheld_records(env, run, model, marks, ids=None) -> Withheld:
    """Why some records may not be acted on, by record ID.

    :param env: environment on the cursor to read with; only its language and cursor are used
    :param run: the run that asks; a retry by hand does not wait for the next attempt's time, and
        attempts to repair say nothing about an undo
    :param model: name of the model
    :param marks: what the job's :class:`engine.marks.Marks` say about them
    :param ids: only these records; ``None`` for all that are withheld
    """
    found = dict(marks.withheld)
    if not run.undoes_ref:
        for row in _attempts(env.cr, run, model, ids):
            found[row["record_ref"]] = ("skipped_attempts", _attempt_text(env, row))
    # An exclusion is somebody's word and comes first.
    for row in _exclusions(env.cr, run, model, ids):
        found[row["record_ref"]] = ("skipped_excluded", _exclusion_text(env, row))
    return found


def _exclusions(cr, run, model, ids):
    cr.execute(
        """
        SELECT record_ref, reason, author_login, until
          FROM sentinel_exclusion
         WHERE model = %s AND until > %s AND (job_ref IS NULL OR job_ref = %s)
           AND (%s::int[] IS NULL OR record_ref = ANY(%s::int[]))
         ORDER BY until
        """,
        [model, fields.Datetime.now(), run.job_ref, ids, ids],
    )
    return cr.dictfetchall()


def _attempts(cr, run, model, ids):
    cr.execute(
        """
        SELECT record_ref, attempts, next_at, needs_human, last_message
          FROM sentinel_attempt
         WHERE job_ref = %s AND model = %s AND (needs_human OR (next_at > %s AND NOT %s))
           AND (%s::int[] IS NULL OR record_ref = ANY(%s::int[]))
        """,
        [run.job_ref, model, fields.Datetime.now(), bool(run.retries_ref), ids, ids],
    )
    return cr.dictfetchall()


def _exclusion_text(env, row):
    return env._(
        "Excluded by %(login)s until %(until)s: %(reason)s",
        login=row["author_login"],
        until=row["until"].date(),
        reason=row["reason"],
    )


def _attempt_text(env, row):
    if row["needs_human"]:
        return env._(
            "Tried %(count)s times without success, needs a human: %(message)s",
            count=row["attempts"],
            message=row["last_message"] or "",
        )
    return env._(
        "Tried %(count)s times without success, next attempt after %(next)s UTC: %(message)s",
        count=row["attempts"],
        next=row["next_at"].strftime("%Y-%m-%d %H:%M"),
        message=row["last_message"] or "",
    )
