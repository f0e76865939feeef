"""Taking a record's data out of the trail; what was committed to stays, as a digest."""

from odoo.exceptions import UserError

from . import content, keeper

_FIND = """
    SELECT count(*) FILTER (WHERE line.digest IS NULL),
           array_agg(DISTINCT coalesce(run.company_ref, 0)),
           array_agg(DISTINCT run.uid) FILTER (WHERE run.state <> 'done')
      FROM sentinel_run_line AS line
      JOIN sentinel_run AS run ON run.id = line.run_id
     WHERE line.model = %s AND line.record_ref = %s
"""
# A plan may be sealed while the run that carries it out works.
_AT_WORK = """
    SELECT run.uid
      FROM sentinel_run AS run
      JOIN sentinel_run_line AS line ON line.run_id = run.plan_ref
     WHERE run.state <> 'done' AND line.model = %s AND line.record_ref = %s
     LIMIT 1
"""
_ERASE = f"""
    UPDATE sentinel_run_line AS erased
       SET digest = {content.LINE_DIGEST},
           {", ".join(f"{name} = NULL" for name in keeper.ERASED_COLUMNS)}
      FROM sentinel_run_line AS line
      JOIN sentinel_run AS run ON run.id = line.run_id
     WHERE line.model = %s AND line.record_ref = %s AND line.digest IS NULL
       AND erased.id = line.id
"""
# The engine's working memory of the record, outside the trail.
_FORGET = """
    UPDATE sentinel_attempt SET record_name = NULL, last_message = NULL
     WHERE model = %(model)s AND record_ref = %(record)s;
    UPDATE sentinel_mark SET record_name = NULL
     WHERE model = %(model)s AND record_ref = %(record)s;
"""


def erase(env, model, record, reason):
    """Erase what lines of sealed runs say about a record: names, values, messages and salts.

    Works in the caller's transaction: its event and its effect become visible together.

    :param env: with the rights of who asks; the lines must all be of companies of theirs
    :return: how many lines were erased
    :raises UserError: when there is nothing to erase, or a run works on the record
    """
    env.flush_all()
    env.cr.execute(_FIND, [model, record])
    count, companies, unfinished = env.cr.fetchone()
    if not count:
        raise UserError(
            env._(
                "The trail holds no data of %(model)s %(record)s that could be erased.",
                model=model,
                record=record,
            )
        )
    if not set(companies) <= set(env.user._get_company_ids()):
        raise UserError(
            env._(
                "The trail of %(model)s %(record)s is also in companies that you do not belong "
                "to. Ask somebody who belongs to all of them.",
                model=model,
                record=record,
            )
        )
    if not unfinished:
        env.cr.execute(_AT_WORK, [model, record])
        unfinished = [uid for (uid,) in env.cr.fetchall()]
    if unfinished:
        raise UserError(
            env._(
                "The run %(uid)s works on this record or is going to. Wait for its end or cancel "
                "it, then erase.",
                uid=unfinished[0],
            )
        )
    # First, or the triggers refuse what comes next.
    env["sentinel.event"]._note(
        kind="erased",
        model=model,
        record_ref=record,
        company_ref=companies[0] if len(companies) == 1 else 0,
        after={"reason": reason, "lines": count},
    )
    env.cr.execute(_ERASE, [model, record])
    env.cr.execute(_FORGET, {"model": model, "record": record})
    env.invalidate_all()
    return count
