"""Asking which record's data shall go, and why."""

from odoo import api, fields, models


class SentinelErasure(models.TransientModel):
    _name = "sentinel.erasure"
    _description = "Sentinel: erase the data of a record"

    model = fields.Char(required=True)
    record_ref = fields.Integer(string="Record ID", required=True)
    record_name = fields.Char(string="Record", readonly=True)
    reason = fields.Char(required=True)

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        if self.env.context.get("active_model") == "sentinel.run.line":
            line = self.env["sentinel.run.line"].browse(self.env.context.get("active_id"))
            values.update(
                model=line.model, record_ref=line.record_ref, record_name=line.record_name
            )
        return values

    def action_confirm(self):
        """Erase, through the same door as a remote call."""
        self.ensure_one()
        self.env["sentinel.run"].erase(self.model, self.record_ref, self.reason)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
