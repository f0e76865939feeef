"""The request: committed before anything is done about it.

A run that is killed at once is then still known, and so are who asked for it, from where and why.
"""

from dataclasses import dataclass
from typing import Any

import psycopg2

from odoo import SUPERUSER_ID, fields
from odoo.exceptions import UserError

from .canonical import digest
from .cursors import commit, environment, roll_back, writing_cursor
from .vocabulary import CLAIMED_SOURCES
from .wake import wake_dispatcher

# What a run that the engine requests for another one takes over from it.
FOLLOW_UP = (
    "job_ref",
    "job_code",
    "job_name",
    "task_code",
    "shape",
    "target_model",
    "target_model_name",
    "requested_by_ref",
    "requested_by_login",
    "run_as_ref",
    "run_as_login",
    "company_ref",
    "company_name",
    "currency",
    "currency_digits",
    "request_uid",
    "parameters",
    "caps",
    "limits",
    "policy",
    "undoes_ref",
    "undoes_uid",
    "retries_ref",
    "retries_uid",
)


@dataclass(frozen=True)
class Request:
    """What shall be done, in values that no later change of the job can alter.

    :param values: columns of the run
    :param asked: what the caller asked for, as given; the idempotency key is bound to it
    """

    values: dict[str, Any]
    asked: dict[str, Any]


def claimed_origin(origin):
    """What a remote caller says about itself; never that it is the schedule, a menu or the engine.

    :param origin: as given; what is no mapping is left for others to refuse
    """
    if isinstance(origin, dict) and origin.get("source") not in CLAIMED_SOURCES:
        return {**origin, "source": "rpc"}
    return origin


def cleaned_origin(origin, sources):
    """What the caller says about itself, cut to what is kept.

    :return: a dict with at least ``source``
    """
    known = {
        key: str(value)[:200]
        for key, value in origin.items()
        if key in ("host", "version", "request_id") and value
    }
    source = origin.get("source")
    known["source"] = source if source in sources else "rpc"
    return known


def find_repeated(env, key, asked):
    """The answer to a request that was made before under the same key, else ``None``.

    :raises UserError: when the key was used for another request
    """
    if not key:
        return None
    values = {
        "requested_by_ref": env.user.id,
        "idempotency_key": key,
        "request_digest": digest(asked),
    }
    with writing_cursor(env.cr.dbname) as cr:
        run = _same_request(env, environment(cr, SUPERUSER_ID)["sentinel.run"], values)
        return _answer(run, repeated=True) if run else None


def submit(env, request):
    """Commit the request in a transaction of its own and wake the dispatcher.

    The caller's transaction is neither used nor ended; the new run is invisible to it, so what
    the caller needs is returned.

    :param env: environment of the requester
    :return: ``{"uid", "id", "job", "mode", "state", "status", "repeated", "message"}``
    :raises UserError: when the idempotency key was used for another request
    """
    values = dict(
        request.values,
        uid=env["sentinel.chain"]._new_uid(),
        request_digest=digest(request.asked),
        requested_at=fields.Datetime.now(),
    )
    with writing_cursor(env.cr.dbname) as cr:
        runs = environment(cr, SUPERUSER_ID)["sentinel.run"]
        run = _same_request(env, runs, values)
        if run:
            return _answer(run, repeated=True)
        try:
            run = runs.create(values)
            run.flush_recordset()
        except psycopg2.errors.UniqueViolation:
            # Somebody with the same key, or the same scheduled moment, was faster.
            roll_back(cr)
            run = _same_request(env, runs, values)
            if not run:
                raise
            return _answer(run, repeated=True)
        answer = _answer(run, repeated=False)
        wake_dispatcher(runs.env)
        # The request must survive whatever happens to its execution and to the caller.
        commit(cr)
    return answer


def _same_request(env, runs, values):
    if values.get("scheduled_for"):
        return runs.search(
            [
                ("job_ref", "=", values["job_ref"]),
                ("scheduled_for", "=", values["scheduled_for"]),
                ("attempt", "=", values.get("attempt", 1)),
            ],
            limit=1,
        )
    if not values.get("idempotency_key"):
        return runs
    run = runs.search(
        [
            ("requested_by_ref", "=", values["requested_by_ref"]),
            ("idempotency_key", "=", values["idempotency_key"]),
        ],
        limit=1,
    )
    if run and run.request_digest != values["request_digest"]:
        raise UserError(
            env._(
                "The idempotency key %(key)s belongs to another request (run %(uid)s of "
                "%(job)s). Use a new key for a new request.",
                key=values["idempotency_key"],
                uid=run.uid,
                job=run.job_code,
            )
        )
    return run


def _answer(run, *, repeated):
    if repeated:
        message = run.env._("This request was made before; here is its run.")
    else:
        message = run.env._("Queued.")
    return {
        "uid": run.uid,
        "id": run.id,
        "job": run.job_code,
        "mode": run.mode,
        "state": run.state,
        "status": run.final_status or "",
        "repeated": repeated,
        "message": message,
    }
