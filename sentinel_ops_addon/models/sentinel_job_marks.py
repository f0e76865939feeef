"""A job that announces what it is going to do, and does it some days later."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine.marks import OPEN, close_marks


class SentinelJob(models.Model):
    _inherit = "sentinel.job"

    marks_first = fields.Boolean(
        string="Announce first",
        help="Puts an activity on each record for its owner, and acts days later, unless the "
        "record changed or somebody objected by dealing with the activity.",
    )
    mark_days = fields.Integer(
        string="Days before it acts",
        default=4,
        help="The job acts from that day on, with its next live run.",
    )

    _check_mark_days = models.Constraint(
        "CHECK (mark_days >= 1 AND mark_days <= 365)",
        "From announcing to acting it is 1 to 365 days.",
    )

    @api.constrains("marks_first", "task_id", "parameters")
    def _check_marks_first(self):
        for job in self.filtered("marks_first"):
            if job.shape != "remedy":
                raise ValidationError(
                    self.env._("%(job)s only looks, so it has nothing to announce.", job=job.name)
                )
            model = job._marked_model()
            if model in self.env and not self._bears_activities(model):
                raise ValidationError(
                    self.env._(
                        "%(job)s cannot announce what it does: no activity can be put on records "
                        "of %(model)s.",
                        job=job.name,
                        model=job._model_label(model),
                    )
                )

    def write(self, vals):
        result = super().write(vals)
        no_longer = not vals.get("marks_first", True) or not vals.get("active", True)
        if no_longer or "task_id" in vals:
            self._withdraw_marks(("waiting",))
        return result

    def unlink(self):
        self._withdraw_marks(OPEN)
        return super().unlink()

    def _withdraw_marks(self, states):
        """Take back what the jobs announced, with the activities that say so."""
        marks = self.env["sentinel.mark"].sudo()
        groups = marks._read_group(
            [("job_ref", "in", self.ids), ("state", "in", states)], ["job_ref", "model"]
        )
        for job_ref, model in groups:
            close_marks(self.env, job_ref, model, None, "overtaken", states)

    def _marked_model(self):
        contract = self.task_id._contract()
        return "" if contract is None else contract._target_model(self._own_parameters())

    def _bears_activities(self, model):
        return isinstance(self.env[model], self.env.registry["mail.activity.mixin"])

    def _limits(self):
        limits = super()._limits()
        if self.marks_first:
            limits["mark_days"] = self.mark_days
        return limits
