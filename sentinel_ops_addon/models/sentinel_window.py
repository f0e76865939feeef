"""Windows of time in which jobs may work for real."""

import datetime

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from odoo.addons.base.models.res_partner import _tz_get

from ..engine.guards.window import closed_text, moment_text
from ..engine.windows import Window, WindowError, opening


class SentinelWindow(models.Model):
    """A span of time that comes back, and what it means for live runs."""

    _name = "sentinel.window"
    _description = "Sentinel window"
    _inherit = ["sentinel.definition.mixin"]
    _order = "kind desc, name"
    _definition_fields = (
        "name",
        "active",
        "kind",
        "expression",
        "minutes",
        "tz",
        "job_ids",
        "company_id",
    )

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    kind = fields.Selection(
        selection=[("allow", "Allows"), ("deny", "Forbids")],
        required=True,
        default="deny",
        help="Forbidding wins. As soon as one window allows, all other time is forbidden.",
    )
    expression = fields.Char(
        string="Opens",
        required=True,
        default="0 8 * * 1-5",
        help="Cron expression: minute, hour, day of the month, month, day of the week. "
        "0 8 * * 1-5 is every working day at eight.",
    )
    minutes = fields.Integer(string="For (minutes)", required=True, default=60)
    tz = fields.Selection(
        string="Time zone",
        selection=_tz_get,
        required=True,
        default=lambda self: self.env.user.tz or "UTC",
    )
    job_ids = fields.Many2many(
        comodel_name="sentinel.job", string="Jobs", help="Empty: all jobs of the company."
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        default=lambda self: self.env.company,
        help="Empty: all companies.",
    )
    now_text = fields.Char(string="Now", compute="_compute_now_text")

    @api.depends("expression", "minutes", "tz", "kind")
    def _compute_now_text(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        for window in self:
            definition = window._as_window()
            try:
                definition.check()
            except WindowError as error:
                window.now_text = str(error)
                continue
            span = definition.span_at(now)
            moment = span[1] if span else definition.next_begin(now)
            text = moment_text(moment, definition.tz) if moment else "-"
            window.now_text = (
                self.env._("Open until %(until)s", until=text)
                if span
                else self.env._("Closed, opens %(next)s", next=text)
            )

    @api.constrains("expression", "minutes", "tz")
    def _check_window(self):
        for window in self:
            try:
                window._as_window().check()
            except WindowError as error:
                raise ValidationError(
                    self.env._("%(window)s: %(error)s.", window=window.name, error=error)
                ) from None

    def _as_window(self):
        self.ensure_one()
        return Window(
            name=self.name or "",
            kind=self.kind,
            expression=self.expression or "",
            minutes=self.minutes,
            tz=self.tz or "UTC",
        )

    @api.model
    def _for_job(self, job_id, company_id):
        """The windows that apply to a job, as :class:`engine.windows.Window` objects."""
        windows = self.sudo().search(
            Domain("company_id", "in", [company_id, False])
            & (Domain("job_ids", "=", False) | Domain("job_ids", "in", [job_id]))
        )
        return [window._as_window() for window in windows]

    @api.model
    def _opening_text(self, job_id, company_id):
        """Why a job may not work now and when it may next; empty when it may."""
        found = opening(
            self._for_job(job_id, company_id), datetime.datetime.now(datetime.timezone.utc)
        )
        return "" if found.is_open else closed_text(self.env, found)
