"""How long the trail stays in Odoo."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from ..engine.chain import retention
from ..engine.chain.retention import LINES_DAYS, MOST_DAYS, RUNS_DAYS

_SETTINGS = {"lines_days": LINES_DAYS, "runs_days": RUNS_DAYS}


class SentinelRetention(models.TransientModel):
    _name = "sentinel.retention"
    _description = "Sentinel: how long the trail stays in Odoo"

    has_lines_days = fields.Boolean(string="Remove lines of old runs")
    lines_days = fields.Integer(string="Lines stay for (days)", default=365)
    has_runs_days = fields.Boolean(string="Remove old runs and definition events")
    runs_days = fields.Integer(string="Runs stay for (days)", default=3650)
    obstacle = fields.Char(readonly=True)

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        parameters = self.env["ir.config_parameter"].sudo()
        for name, key in _SETTINGS.items():
            days = (parameters.get_param(key) or "").strip()
            if days:
                values[f"has_{name}"] = True
                values[name] = int(days) if days.isdecimal() else 0
        values["obstacle"] = " ".join(notice["message"] for notice in retention.notices(self.env))
        return values

    @api.constrains("has_lines_days", "lines_days", "has_runs_days", "runs_days")
    def _check_days(self):
        for form in self:
            for wanted, days in (
                (form.has_lines_days, form.lines_days),
                (form.has_runs_days, form.runs_days),
            ):
                if wanted and not 1 <= days <= MOST_DAYS:
                    raise ValidationError(
                        self.env._(
                            "A retention period is from 1 to %(most)s days. To keep everything, "
                            "switch it off.",
                            most=MOST_DAYS,
                        )
                    )
            if form.has_lines_days and form.has_runs_days and form.runs_days < form.lines_days:
                raise ValidationError(self.env._("Lines cannot stay longer than their runs."))

    def action_save(self):
        """Set the periods; the history of definitions says who did."""
        self.ensure_one()
        if not self.env.user.has_group("sentinel_ops_addon.group_manager"):
            raise AccessError(self.env._("Only Sentinel managers say how long the trail stays."))
        parameters = self.env["ir.config_parameter"].sudo()
        wanted = {
            "lines_days": str(self.lines_days) if self.has_lines_days else "",
            "runs_days": str(self.runs_days) if self.has_runs_days else "",
        }
        before = {name: parameters.get_param(_SETTINGS[name]) or "" for name in wanted}
        if wanted != before:
            for name, value in wanted.items():
                parameters.set_param(_SETTINGS[name], value)
            self.env["sentinel.event"]._note(
                kind="changed",
                model="sentinel.chain",
                record_ref=self.env["sentinel.chain"]._identity().id,
                record_name=self.env._("Retention"),
                company_ref=0,
                before=before,
                after=wanted,
            )
        return {"type": "ir.actions.client", "tag": "soft_reload"}
