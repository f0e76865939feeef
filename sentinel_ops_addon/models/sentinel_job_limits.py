"""What bounds a job: caps, error budget, attempts, windows, approval, pauses."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.canonical import decimal_text, money_text


class SentinelJob(models.Model):
    _name = "sentinel.job"
    # The history comes first, so that it sees what a write did to the schedule, too.
    _inherit = ["sentinel.definition.mixin", "sentinel.job"]
    _definition_fields = (
        "name",
        "code",
        "active",
        "task_id",
        "parameters",
        "company_id",
        "run_as_id",
        "has_max_records",
        "max_records",
        "has_max_share",
        "max_share",
        "has_max_amount",
        "max_amount",
        "has_max_errors",
        "max_errors",
        "has_max_error_share",
        "max_error_share",
        "error_sample",
        "max_attempts",
        "retry_after_hours",
        "plan_hours",
        "approval_policy_id",
        "marks_first",
        "mark_days",
        "schedule_active",
        "schedule_number",
        "schedule_unit",
        "schedule_mode",
        "owner_id",
        "alert_severity",
        "runbook_url",
        "has_max_runtime",
        "max_runtime",
        "grace_minutes",
    )

    currency_id = fields.Many2one(related="company_id.currency_id")
    has_max_share = fields.Boolean(string="Cap the share")
    max_share = fields.Float(
        string="Most percent of the population",
        digits=(5, 2),
        default=10,
        help="A live run that selects a greater share of all such records stops before its first "
        "change.",
    )
    has_max_amount = fields.Boolean(string="Cap the amount")
    max_amount = fields.Monetary(
        string="Most money in one run",
        currency_field="currency_id",
        help="In the company's currency. A live run that would touch more stops before its first "
        "change.",
    )
    has_max_errors = fields.Boolean(string="Bound the errors", default=True)
    max_errors = fields.Integer(
        string="Most errors in one run",
        default=20,
        help="Records that are refused or fail. The error after this many stops the run.",
    )
    has_max_error_share = fields.Boolean(string="Bound the share of errors", default=True)
    max_error_share = fields.Float(
        string="Most percent of errors",
        digits=(5, 2),
        default=50,
        help="Of the records that were tried, once there are enough of them.",
    )
    error_sample = fields.Integer(
        string="From so many tries on",
        default=10,
        help="Before so many records were tried, the share of errors says nothing.",
    )
    max_attempts = fields.Integer(
        string="Attempts at a record",
        default=3,
        help="After so many attempts without success the record needs a human, and the job leaves "
        "it alone until somebody releases it.",
    )
    retry_after_hours = fields.Integer(
        string="Hours to the next attempt", default=4, help="Twice as long after each attempt."
    )
    plan_hours = fields.Integer(
        string="A plan is valid for (hours)",
        default=24,
        help="An older plan cannot be run or approved any more.",
    )
    approval_policy_id = fields.Many2one(
        comodel_name="sentinel.approval.policy", string="Approval", ondelete="restrict"
    )
    last_editor_id = fields.Many2one(
        comodel_name="res.users",
        string="Last changed by",
        readonly=True,
        copy=False,
        ondelete="set null",
    )
    is_paused = fields.Boolean(string="Paused", compute="_compute_not_now")
    not_now = fields.Char(string="Why not now", compute="_compute_not_now")

    _check_max_share = models.Constraint(
        "CHECK (max_share >= 0 AND max_share <= 100)", "A share is from 0 to 100 percent."
    )
    _check_max_amount = models.Constraint(
        "CHECK (max_amount >= 0)", "The cap on the amount cannot be negative."
    )
    _check_max_errors = models.Constraint(
        "CHECK (max_errors >= 0)", "The bound on errors cannot be negative."
    )
    _check_max_error_share = models.Constraint(
        "CHECK (max_error_share >= 0 AND max_error_share <= 100)",
        "A share of errors is from 0 to 100 percent.",
    )
    _check_attempts = models.Constraint(
        "CHECK (max_attempts >= 1 AND error_sample >= 1 AND retry_after_hours >= 1 "
        "AND retry_after_hours <= 8760 AND plan_hours >= 1 AND plan_hours <= 8760)",
        "Attempts, tries and hours are at least 1, hours at most 8760 (a year).",
    )

    def unlink(self):
        windows = self.env["sentinel.window"].sudo().with_context(active_test=False)
        for window in windows.search([("job_ids", "in", self.ids)]):
            if window.job_ids <= self:
                # Without jobs it would be for all of them from now on.
                window.active = False
        return super().unlink()

    def _compute_not_now(self):
        stops = self.env["sentinel.stop"]
        everything = stops._standing("all")[:1]
        pauses = stops._standing_on("job", self.ids).grouped("ref")
        for job in self:
            pause = pauses.get(job._origin.id, stops)[:1]
            job.is_paused = bool(pause)
            if everything:
                job.not_now = self.env._(
                    "Everything is stopped by %(login)s: %(reason)s",
                    login=everything.login,
                    reason=everything.reason,
                )
            elif pause:
                job.not_now = self.env._(
                    "Paused by %(login)s: %(reason)s", login=pause.login, reason=pause.reason
                )
            elif job.shape == "remedy":
                job.not_now = self.env["sentinel.window"]._opening_text(job.id, job.company_id.id)
            else:
                job.not_now = ""

    # --- doors -------------------------------------------------------------------------------

    @api.model
    def pause(self, code, reason):
        """Pause a job: its live runs stop before their next batch, new ones stop at once.

        :param str code: the job's code
        :param str reason: required
        """
        job = self._by_code(code)
        self.env["sentinel.stop"]._set("job", job.id, job.name, reason, job.company_id.id)
        return True

    @api.model
    def resume(self, code, reason):
        """Let a paused job work again.

        :param str code: the job's code
        :param str reason: required
        """
        job = self._by_code(code)
        self.env["sentinel.stop"]._lift("job", job.id, job.name, reason)
        return True

    @api.model
    def stop_all(self, reason):
        """Stop every live run and every simulation in this database, within one batch.

        :param str reason: required
        """
        self.env["sentinel.stop"]._set("all", 0, self.env._("Everything"), reason)
        return True

    @api.model
    def resume_all(self, reason):
        """Lift the stop of everything.

        :param str reason: required
        """
        self.env["sentinel.stop"]._lift("all", 0, self.env._("Everything"), reason)
        return True

    def action_pause(self):
        """Ask for the reason, then pause."""
        self.ensure_one()
        return self.env["sentinel.reason"]._ask("pause", self.env._("Pause %s", self.name), self)

    def action_resume(self):
        """Ask for the reason, then let it work again."""
        self.ensure_one()
        return self.env["sentinel.reason"]._ask("resume", self.env._("Resume %s", self.name), self)

    # --- for the doors -----------------------------------------------------------------------

    @api.model
    def _by_code(self, code):
        job = self.with_context(active_test=False).search([("code", "=", str(code or ""))])
        if not job:
            codes = ", ".join(self.search([], limit=100).mapped("code"))
            raise UserError(
                self.env._(
                    "There is no job %(code)r. Jobs: %(codes)s.", code=code, codes=codes or "-"
                )
            )
        return job

    def _caps(self):
        caps = super()._caps()
        if self.has_max_share:
            caps["max_share"] = decimal_text(self.max_share)
        if self.has_max_amount:
            caps["max_amount"] = money_text(self.max_amount)
        return caps

    def _limits(self):
        """What bounds errors and attempts, as a run keeps it."""
        self.ensure_one()
        limits = {
            "max_attempts": self.max_attempts,
            "retry_after_hours": self.retry_after_hours,
            "plan_hours": self.plan_hours,
            "error_sample": self.error_sample,
        }
        if self.has_max_errors:
            limits["max_errors"] = self.max_errors
        if self.has_max_error_share:
            limits["max_error_share"] = decimal_text(self.max_error_share)
        return limits

    def _frozen_policy(self):
        """The approval policy and who may not decide because they wrote the rules."""
        policy = self.sudo().approval_policy_id._frozen()
        if policy:
            policy["editors"] = self.sudo()._editors().ids
        return policy

    def _editors(self):
        """Who changed the job or its approval policy last."""
        return self.last_editor_id | self.approval_policy_id.last_editor_id

    def _request_values(self, mode, parameters, origin):
        return dict(
            super()._request_values(mode, parameters, origin),
            limits=self._limits(),
            policy=self._frozen_policy(),
        )

    def _note_event(self, kind, before, after):
        result = super()._note_event(kind, before, after)
        if kind != "deleted":
            # The user behind sudo(), too: what counts is who did it.
            self.sudo().last_editor_id = self.env.uid
        return result
