"""The hash that a plan lives with, and that approvals are bound to.

``sha256`` over what was asked (job, task, company, run-as user, parameters, policy, the moment that
"now" means) and over every line: position, model, record, operation, intended change, amount and
fingerprint. PostgreSQL hashes the lines where they are, some thousand at a time, so that a million
of them need neither memory nor a way out.
"""

import hashlib

from .canonical import canonical_json

_CHUNK = 10_000


def plan_digest(cr, plan, is_empty=False) -> str:
    """The hash (hex) of a plan as its rows are now.

    :param plan: the ``sentinel.run`` record of a plan
    :param is_empty: it was made just now and has no line, so there is nothing to look for
    """
    whole = hashlib.sha256(canonical_json(_asked(plan)).encode())
    position = 0
    while not is_empty:
        cr.execute(
            """
            SELECT max(position),
                   encode(sha256(convert_to(string_agg(
                       concat_ws('|', position, model, record_ref, operation, outcome,
                                 intended::text, amount::text, fingerprint),
                       E'\\n' ORDER BY position), 'UTF8')), 'hex')
              FROM sentinel_run_line
             WHERE run_id = %s AND position > %s AND position <= %s
            """,
            [plan.id, position, position + _CHUNK],
        )
        last, digest = cr.fetchone()
        if last is None:
            break
        whole.update(digest.encode())
        position += _CHUNK
    return whole.hexdigest()


def _asked(plan):
    return [
        plan.uid,
        plan.job_ref,
        plan.job_code,
        plan.task_code,
        plan.company_ref,
        plan.run_as_ref,
        plan.parameters or {},
        plan.policy or {},
        plan.as_of.isoformat() if plan.as_of else "",
    ]
