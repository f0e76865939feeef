"""One execution of a job, in one mode."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..engine import dispatcher
from ..engine.canonical import money_text, utc_text
from ..engine.chain.erase import erase
from ..engine.trail import export_lines, export_runs
from ..engine.vocabulary import (
    ERRORS,
    MODES,
    SHAPES,
    SKIPPED,
    SOURCES,
    STATES,
    STATUSES,
    UPDATED,
    VERDICTS,
)

# Lines per answer: an XML-RPC answer is built in memory on both sides.
MAX_LINES = 5000


class SentinelRun(models.Model):
    """A run stands alone once it is sealed: who, what and why are kept as they were.

    There are no foreign keys to users, companies or jobs, so deleting one of those never has to
    touch the trail. Nobody has the right to create, change or delete runs; the engine does it.
    """

    _name = "sentinel.run"
    _description = "Sentinel run"
    _inherit = ["sentinel.job.reference.mixin"]
    _order = "id desc"
    _log_access = False

    uid = fields.Char(string="Run ID", required=True, readonly=True)
    mode = fields.Selection(selection=MODES, required=True, readonly=True)
    state = fields.Selection(
        selection=STATES, required=True, readonly=True, default="queued", index=True
    )
    # Not "status": that is the remote method.
    final_status = fields.Selection(string="Status", selection=STATUSES, readonly=True)
    verdict = fields.Selection(selection=VERDICTS, readonly=True)
    error = fields.Text(readonly=True)

    job_ref = fields.Integer(readonly=True)
    job_id = fields.Many2one(string="Job definition")
    job_code = fields.Char(string="Job", required=True, readonly=True, index=True)
    job_name = fields.Char(readonly=True)
    task_code = fields.Char(string="Task", required=True, readonly=True)
    shape = fields.Selection(selection=SHAPES, required=True, readonly=True)
    target_model = fields.Char(readonly=True)
    target_model_name = fields.Char(string="Records of", readonly=True)

    requested_at = fields.Datetime(string="Requested", required=True, readonly=True)
    started_at = fields.Datetime(string="Started", readonly=True)
    ended_at = fields.Datetime(string="Ended", readonly=True)
    requested_by_ref = fields.Integer(string="Requester ID", readonly=True)
    requested_by_login = fields.Char(string="Requested by", readonly=True)
    run_as_ref = fields.Integer(string="Run-as user ID", readonly=True)
    run_as_login = fields.Char(string="Run as", readonly=True)
    company_ref = fields.Integer(string="Company ID", readonly=True, index=True)
    company_name = fields.Char(string="Company", readonly=True)
    currency = fields.Char(readonly=True)
    currency_digits = fields.Integer(readonly=True)
    source = fields.Selection(selection=SOURCES, required=True, readonly=True)
    reason = fields.Char(readonly=True)
    request_uid = fields.Char(string="Request ID", readonly=True)
    origin = fields.Json(readonly=True)
    idempotency_key = fields.Char(readonly=True)
    request_digest = fields.Char(readonly=True)
    scheduled_for = fields.Datetime(readonly=True)
    missed_count = fields.Integer(
        string="Missed moments",
        readonly=True,
        help="Scheduled moments before this one that passed while no scheduler was running.",
    )
    attempt = fields.Integer(readonly=True, default=1)
    resumes_uid = fields.Char(string="Resumes run", readonly=True)

    parameters = fields.Json(readonly=True)
    caps = fields.Json(readonly=True)
    as_of = fields.Datetime(readonly=True)
    plan_ref = fields.Integer(string="Plan record", readonly=True)
    plan_uid = fields.Char(string="Plan", readonly=True)

    population_count = fields.Integer(string="Population", readonly=True)
    matched_count = fields.Integer(
        string="Found", readonly=True, help="How many match in all, before the limit."
    )
    selected_count = fields.Integer(
        string="Selected", readonly=True, help="How many are left after the limit."
    )
    is_limited = fields.Boolean(string="Cut by the limit", readonly=True)
    amount = fields.Float(string="Money at stake", digits=(16, 2), readonly=True)
    progress_done = fields.Integer(readonly=True)
    progress_total = fields.Integer(readonly=True)
    checked_count = fields.Integer(string="Checked", readonly=True)
    updated_count = fields.Integer(string="Updated", readonly=True)
    skipped_count = fields.Integer(string="Skipped", readonly=True)
    error_count = fields.Integer(string="Errors", readonly=True)
    outcomes = fields.Json(readonly=True)
    kpis = fields.Json(string="Figures", readonly=True)
    footprint = fields.Json(readonly=True)
    side_effects = fields.Json(readonly=True)
    guards = fields.Json(readonly=True)

    owner_token = fields.Char(readonly=True, groups="base.group_system")
    batch_ceiling = fields.Integer(readonly=True)
    slice_count = fields.Integer(string="Slices", readonly=True)
    # What the chain commits to, see engine/chain/content.py.
    position = fields.Integer(string="Chain position", readonly=True)
    salt = fields.Char(readonly=True, groups="base.group_system")
    line_count = fields.Integer(string="Number of lines", readonly=True)
    lines_digest = fields.Char(string="Digest of the lines", readonly=True)
    line_ids = fields.One2many(
        comodel_name="sentinel.run.line", inverse_name="run_id", string="Lines", readonly=True
    )

    _unique_uid = models.UniqueIndex("(uid)", "A run with this ID exists already.")
    _unique_key = models.UniqueIndex(
        "(requested_by_ref, idempotency_key) WHERE idempotency_key IS NOT NULL",
        "This idempotency key was used already.",
    )
    _unique_moment = models.UniqueIndex(
        "(job_ref, scheduled_for, attempt) WHERE scheduled_for IS NOT NULL",
        "This scheduled moment has its run already.",
    )
    _open_index = models.Index("(id) WHERE state <> 'done'")

    def write(self, vals):
        if any(run.state == "done" for run in self):
            raise UserError(self.env._("A finished run cannot be changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_any(self):
        raise UserError(self.env._("Runs cannot be deleted; they are the proof of what was done."))

    # --- doors -------------------------------------------------------------------------------

    @api.model
    def status(self, uid):
        """Everything about one run but its lines.

        :param str uid: the run's ID, as ``trigger`` returned it
        :rtype: dict
        """
        return self._by_uid(uid)._as_dict()

    @api.model
    def read_lines(self, uid, after=0, limit=500, outcome=""):
        """Lines of one run, in order.

        :param int after: position of the last line already read
        :param int limit: how many at most, from 1 to 5000
        :param str outcome: only lines that ended so; empty for all
        :return: ``{"lines": [...], "next": position or 0, "total": count}``
        """
        run = self._by_uid(uid)
        after = bounded(self.env, "after", after, 0, 2**31 - 1)
        limit = bounded(self.env, "limit", limit, 1, MAX_LINES)
        domain = [("run_id", "=", run.id)]
        if outcome:
            domain.append(("outcome", "=", outcome))
        lines = self.env["sentinel.run.line"]
        found = lines.search(domain + [("position", ">", after)], limit=limit + 1, order="position")
        page = found[:limit]
        return {
            "lines": page._as_dicts(),
            "next": page[-1:].position if len(found) > limit else 0,
            "total": run._line_count(outcome),
        }

    @api.model
    def export_runs(self, after="0", limit=200):
        """The chain from a place on, runs and events, as one compressed text.

        :param str after: last chain position already held
        :param int limit: how many at most, from 1 to 1000
        """
        self._check_auditor()
        limit = bounded(self.env, "limit", limit, 1, 1000)
        after = bounded(self.env, "after", after, 0, 2**31 - 1)
        return export_runs(self.env, after, limit)

    @api.model
    def export_lines(self, after="0", after_line=0, until="0", limit=5000):
        """Lines of sealed runs in chain order, as one compressed text.

        :param str after: chain position of the last run already held, whole or in part
        :param int after_line: position of its last line held; 2147483647 when it is whole
        :param str until: chain position of the last run wanted
        :param int limit: how many at most, from 1 to 20000
        """
        self._check_auditor()
        return export_lines(
            self.env,
            bounded(self.env, "after", after, 0, 2**31 - 1),
            bounded(self.env, "after_line", after_line, 0, 2**31 - 1),
            bounded(self.env, "until", until, 0, 2**31 - 1),
            bounded(self.env, "limit", limit, 1, 20_000),
        )

    @api.model
    def erase(self, model, record, reason):
        """Remove what finished runs say about a record; the chain still verifies.

        Its name, values, messages and salts go from the lines; their digests stay. The trail says
        who did it and why.

        :param str model: such as ``res.partner``
        :param int record: the record's ID; it need not exist any more
        :param str reason: why; without the person's data
        :return: ``{"model", "record", "lines"}``, the latter how many were erased
        """
        if not self.env.user.has_group("sentinel_ops_addon.group_manager"):
            raise AccessError(self.env._("Only Sentinel managers may erase data from the trail."))
        if not str(reason or "").strip():
            raise UserError(self.env._("Say why the data shall be erased; it is kept for ever."))
        record = bounded(self.env, "record", record, 1, 2**31 - 1)
        lines = erase(self.env, str(model), record, str(reason).strip()[:500])
        return {"model": str(model), "record": record, "lines": lines}

    # --- for the doors -----------------------------------------------------------------------

    @api.model
    def _by_uid(self, uid):
        run = self.search([("uid", "=", str(uid or ""))], limit=1)
        if not run:
            raise UserError(
                self.env._(
                    "There is no run %(uid)s here, or you may not see it. Runs are listed under "
                    "Sentinel > Runs.",
                    uid=uid,
                )
            )
        return run

    @api.model
    def _check_auditor(self):
        user = self.env.user
        if not (
            user.has_group("sentinel_ops_addon.group_auditor")
            or user.has_group("sentinel_ops_addon.group_manager")
        ):
            raise AccessError(
                self.env._(
                    "Only Sentinel auditors and managers may export the trail. An administrator "
                    "can give you the group Sentinel audit trail / Auditor."
                )
            )

    def _as_dict(self):
        """The run as clients get it: no ``None``, positions, money and times as text."""
        self.ensure_one()
        kpis = self.kpis or []
        return {
            "uid": self.uid,
            "job": self.job_code,
            "job_name": self.job_name or "",
            "mode": self.mode,
            "state": self.state,
            "status": self.final_status or "",
            "verdict": self.verdict or "",
            "shape": self.shape,
            "requested_at": utc_text(self.requested_at),
            "started_at": utc_text(self.started_at),
            "ended_at": utc_text(self.ended_at),
            "requested_by": self.requested_by_login or "",
            "run_as": self.run_as_login or "",
            "company": self.company_name or "",
            "source": self.source,
            "reason": self.reason or "",
            "request_id": self.request_uid or "",
            "parameters": {
                name: False if value is None else value
                for name, value in (self.parameters or {}).items()
            },
            "plan": self.plan_uid or "",
            "position": str(self.position) if self.position else "",
            "population": self.population_count,
            "matched": self.matched_count,
            "selected": self.selected_count,
            "limited": self.is_limited,
            "amount": money_text(self.amount) if self.currency else "",
            "currency": self.currency or "",
            "progress": {"done": self.progress_done, "total": self.progress_total},
            "outcomes": self._final_outcomes(),
            "checked": self.checked_count,
            "updated": self.updated_count,
            "skipped": self.skipped_count,
            "errors": self._error_messages(),
            "kpis": kpis,
            "error": self.error or "",
            "guards": self.guards or [],
            "footprint": self.footprint or [],
            "side_effects": self.side_effects or [],
            "scheduled_for": utc_text(self.scheduled_for),
            "missed": self.missed_count,
            "resumes": self.resumes_uid or "",
            "url": f"/odoo/sentinel-runs/{self.id}",
        }

    def _final_outcomes(self):
        """Counts by outcome once they are final; who follows a run asks often, and has progress."""
        return self.outcomes or {}

    def _line_count(self, outcome=""):
        """How many lines the run has, with this outcome if one is given."""
        if self.state == "done":
            counts = self.outcomes or {}
            return counts.get(outcome, 0) if outcome else sum(counts.values())
        domain = [("run_id", "=", self.id)]
        if outcome:
            domain.append(("outcome", "=", outcome))
        return self.env["sentinel.run.line"].search_count(domain)

    def _error_messages(self, limit=20):
        if not self.error_count:
            return []
        lines = self.env["sentinel.run.line"].search(
            [("run_id", "=", self.id), ("outcome", "in", list(ERRORS))],
            limit=limit,
            order="position",
        )
        return [f"{line.record_name}: {line.message or line.outcome}" for line in lines]

    # --- for the engine ----------------------------------------------------------------------

    def _count_outcomes(self, counts):
        """Values that sum up final counts by outcome."""
        return {
            "outcomes": counts,
            "checked_count": sum(counts.values()),
            "updated_count": sum(counts.get(outcome, 0) for outcome in UPDATED),
            "skipped_count": sum(counts.get(outcome, 0) for outcome in SKIPPED),
            "error_count": sum(counts.get(outcome, 0) for outcome in ERRORS),
        }

    @api.model
    def _dispatch(self):
        """Work on queued and waiting runs; called by the dispatcher's scheduled action.

        The engine opens its own connections: the transaction of the scheduled action stays
        untouched.
        """
        return dispatcher.dispatch(self.env.cr.dbname)


def bounded(env, name, value, low, high):
    """A whole number from a caller, within bounds."""
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = low - 1
    if not low <= number <= high:
        raise UserError(
            env._(
                "%(name)s must be a whole number from %(low)s to %(high)s; %(value)r is not.",
                name=name,
                low=low,
                high=high,
                value=value,
            )
        )
    return number
