"""Asking a person why, before something is stopped, lifted or decided."""

from odoo import api, fields, models

ACTIONS = [
    ("stop_all", "Stop everything"),
    ("resume_all", "Let everything go on"),
    ("pause", "Pause the job"),
    ("resume", "Resume the job"),
    ("cancel", "Cancel the run"),
    ("approve", "Approve the plan"),
    ("deny", "Deny the plan"),
]


class SentinelReason(models.TransientModel):
    _name = "sentinel.reason"
    _description = "Sentinel: the reason for a decision"

    action = fields.Selection(selection=ACTIONS, required=True, readonly=True)
    target = fields.Char(readonly=True)
    what = fields.Char(readonly=True)
    reason = fields.Char()

    @api.model
    def _ask(self, action, title, record=None):
        """The dialogue that asks for the reason of an action.

        :param record: the job or run it is about
        """
        target = ""
        if record is not None:
            target = record.uid if record._name == "sentinel.run" else record.code
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "sentinel.reason",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_action": action,
                "default_target": target,
                "default_what": record.display_name if record is not None else "",
            },
        }

    def action_confirm(self):
        """Do it, through the same door as a remote call."""
        self.ensure_one()
        jobs, runs = self.env["sentinel.job"], self.env["sentinel.run"]
        match self.action:
            case "stop_all":
                jobs.stop_all(self.reason)
            case "resume_all":
                jobs.resume_all(self.reason)
            case "pause":
                jobs.pause(self.target, self.reason)
            case "resume":
                jobs.resume(self.target, self.reason)
            case "cancel":
                runs.cancel(self.target, self.reason)
            case "approve":
                runs.approve(self.target, self.reason)
            case "deny":
                runs.deny(self.target, self.reason)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
