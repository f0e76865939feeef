"""The canonical form of what is sealed, version 1, as SQL expressions.

PostgreSQL makes it from the stored columns, wherever it is needed: for sealing, exporting, erasing
and verifying alike, so that the four cannot differ. The aliases ``run``, ``line`` and ``event``
stand for the rows; a line needs its ``run`` besides.

docs/chain.md says the same to whoever verifies a trail with other means. A change of any text here
is a new version of the form: what is sealed stays as it was sealed.
"""

VERSION = "sentinel-ops/1"
# The seal before the first one.
NO_SEAL = "0" * 64
# What a new row's salt is by default: 32 lower-case hex characters.
NEW_SALT = "replace(gen_random_uuid()::text, '-', '')"


def _text(column):
    return f"to_json(coalesce({column}, ''))::text"


def _number(column):
    return f"coalesce({column}, 0)::text"


def _truth(column):
    return f"coalesce({column}, false)::text"


def _object(column):
    return f"coalesce({column}, '{{}}')::text"


def _list(column):
    return f"coalesce({column}, '[]')::text"


def utc(column):
    """A time as ``YYYY-MM-DDTHH:MM:SS.ffffffZ``, empty when there is none."""
    return f"""coalesce(to_char({column}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '')"""


def _time(column):
    return f"""'"' || {utc(column)} || '"'"""


def _money(amount, currency):
    # All the digits that are stored, two at least. No money and no currency: no amount.
    return f"""
        CASE WHEN {amount} IS NULL OR {amount} = 0 AND coalesce({currency}, '') = '' THEN '""'
             ELSE '"' || round({amount}, greatest(2, min_scale({amount}))) || '"' END
    """.strip()


def _content(values):
    """One JSON object: keys in alphabetical order, no spaces but those within a value."""
    pairs = [f"""'"{name}":' || {values[name]}""" for name in sorted(values)]
    return "('{' || " + " || ',' || ".join(pairs) + " || '}')"


RUN = _content(
    {
        "amount": _money("run.amount", "run.currency"),
        "as_of": _time("run.as_of"),
        "attempt": _number("run.attempt"),
        "caps": _object("run.caps"),
        "checked": _number("run.checked_count"),
        "chosen": _list("run.chosen"),
        "company": _text("run.company_name"),
        "company_id": _number("run.company_ref"),
        "currency": _text("run.currency"),
        "digest": _text("run.plan_digest"),
        "ended_at": _time("run.ended_at"),
        "error": _text("run.error"),
        "error_count": _number("run.error_count"),
        "expires_at": _time("run.expires_at"),
        "footprint": _list("run.footprint"),
        "guards": _list("run.guards"),
        "idempotency_key": _text("run.idempotency_key"),
        "job": _text("run.job_code"),
        "job_id": _number("run.job_ref"),
        "job_name": _text("run.job_name"),
        "kpis": _list("run.kpis"),
        "limited": _truth("run.is_limited"),
        "limits": _object("run.limits"),
        "line_count": _number("run.line_count"),
        "lines_digest": _text("run.lines_digest"),
        "matched": _number("run.matched_count"),
        "missed": _number("run.missed_count"),
        "mode": _text("run.mode"),
        "model": _text("run.target_model"),
        "model_name": _text("run.target_model_name"),
        "origin": _object("run.origin"),
        "outcomes": _object("run.outcomes"),
        "parameters": _object("run.parameters"),
        "plan": _text("run.plan_uid"),
        "policy": _object("run.policy"),
        "population": _number("run.population_count"),
        "reason": _text("run.reason"),
        "request_id": _text("run.request_uid"),
        "requested_at": _time("run.requested_at"),
        "requested_by": _text("run.requested_by_login"),
        "requested_by_id": _number("run.requested_by_ref"),
        "resumes": _text("run.resumes_uid"),
        "retries": _text("run.retries_uid"),
        "run_as": _text("run.run_as_login"),
        "run_as_id": _number("run.run_as_ref"),
        "scheduled_for": _time("run.scheduled_for"),
        "selected": _number("run.selected_count"),
        "shape": _text("run.shape"),
        "side_effects": _list("run.side_effects"),
        "skipped": _number("run.skipped_count"),
        "source": _text("run.source"),
        "started_at": _time("run.started_at"),
        "status": _text("run.final_status"),
        "task": _text("run.task_code"),
        "uid": _text("run.uid"),
        "undoes": _text("run.undoes_uid"),
        "updated": _number("run.updated_count"),
        "verdict": _text("run.verdict"),
        "withheld": _number("run.withheld_count"),
    }
)

LINE = _content(
    {
        "after": _object("line.after"),
        "after_fingerprint": _text("line.after_fingerprint"),
        "amount": _money("line.amount", "line.currency"),
        "at": _time("line.at"),
        "before": _object("line.before"),
        "currency": _text("line.currency"),
        "fingerprint": _text("line.fingerprint"),
        "intended": _object("line.intended"),
        "message": _text("line.message"),
        "model": _text("line.model"),
        "name": _text("line.record_name"),
        "operation": _text("line.operation"),
        "outcome": _text("line.outcome"),
        "position": _number("line.position"),
        "reason": _text("line.reason"),
        "record": _number("line.record_ref"),
        "run": _text("run.uid"),
    }
)

EVENT = _content(
    {
        "after": _object("event.after"),
        "at": _time("event.at"),
        "before": _object("event.before"),
        "company_id": _number("event.company_ref"),
        "kind": _text("event.kind"),
        "model": _text("event.model"),
        "model_name": _text("event.model_name"),
        "record": _number("event.record_ref"),
        "record_name": _text("event.record_name"),
        "uid": _text("event.uid"),
        "user": _text("event.login"),
        "user_id": _number("event.user_ref"),
    }
)


def _sha256(text):
    return f"sha256(convert_to({text}, 'UTF8'))"


def _hex(data):
    return f"encode({data}, 'hex')"


# SHA-256 of salt and content, hexadecimal.
RUN_DIGEST = _hex(_sha256(f"run.salt || {RUN}"))
EVENT_DIGEST = _hex(_sha256(f"event.salt || {EVENT}"))
LINE_DIGEST = _hex(_sha256(f"line.salt || {LINE}"))
# The same as bytes; a line that was erased has kept its own.
LINE_DIGEST_BYTES = f"""
    CASE WHEN line.digest IS NULL THEN {_sha256(f"line.salt || {LINE}")}
         ELSE decode(line.digest, 'hex') END
""".strip()


def lines_digest(digest, position):
    """SHA-256 over the digests of lines in order, hexadecimal; an aggregate.

    :param digest: bytes, an SQL expression
    """
    together = f"string_agg({digest}, ''::bytea ORDER BY {position})"
    return _hex(f"sha256(coalesce({together}, ''::bytea))")


def seal(chain, position, kind, uid, sealed_at, digest, previous):
    """The seal of one place, hexadecimal; all arguments are SQL expressions."""
    fields = ", ".join((chain, position, kind, uid, utc(sealed_at), digest, previous, "''"))
    return _hex(_sha256(f"concat_ws(E'\\n', '{VERSION}', {fields})"))
