"""Records that jobs leave alone because somebody said so."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class SentinelExclusion(models.Model):
    """An exception with a reason, an author and an end."""

    _name = "sentinel.exclusion"
    _description = "Sentinel exclusion"
    _inherit = ["sentinel.definition.mixin", "sentinel.job.reference.mixin"]
    _order = "until desc, id desc"
    _rec_name = "record_name"
    _definition_fields = ("model", "record_ref", "job_ref", "reason", "until", "author_login")

    model = fields.Char(required=True)
    record_ref = fields.Many2oneReference(string="Record ID", model_field="model", required=True)
    record_name = fields.Char(string="Record", compute="_compute_record_name", store=True)
    job_id = fields.Many2one(inverse="_inverse_job_id", help="Empty: all jobs leave it alone.")
    reason = fields.Char(required=True)
    until = fields.Datetime(
        required=True,
        help="Every exception ends: what is to stay for ever belongs into the job's rule.",
    )
    author_login = fields.Char(
        string="Author", readonly=True, default=lambda self: self.env.user.login
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, default=lambda self: self.env.company
    )
    is_over = fields.Boolean(string="Over", compute="_compute_is_over")

    _record_index = models.Index("(model, record_ref)")

    @api.depends("model", "record_ref")
    def _compute_record_name(self):
        for exclusion in self:
            record = exclusion._record()
            exclusion.record_name = record.display_name if record else ""

    @api.model_create_multi
    def create(self, vals_list):
        return super().create(
            [dict(self._own(vals), author_login=self.env.user.login) for vals in vals_list]
        )

    def write(self, vals):
        return super().write(self._own(vals))

    def _own(self, vals):
        """Values without those that nobody gives: who wrote it, and what the record is called."""
        noted = ("author_login", "record_name")
        return {name: value for name, value in vals.items() if name not in noted}

    def _inverse_job_id(self):
        for exclusion in self:
            exclusion.job_ref = exclusion.job_id.id or False

    def _compute_is_over(self):
        now = fields.Datetime.now()
        for exclusion in self:
            exclusion.is_over = bool(exclusion.until and exclusion.until <= now)

    @api.constrains("model", "record_ref")
    def _check_record(self):
        for exclusion in self:
            if not exclusion._record():
                raise ValidationError(
                    self.env._(
                        "There is no record %(ref)s of %(model)s to exclude.",
                        ref=exclusion.record_ref,
                        model=exclusion.model,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_any(self):
        raise UserError(self.env._("An exclusion is ended, not deleted: set its end to now."))

    def action_end(self):
        """End the exclusion now."""
        self.write({"until": fields.Datetime.now()})

    def _record(self):
        self.ensure_one()
        if self.model not in self.env:
            return None
        # With the author's own rights: who may not see a record cannot speak for it.
        found = self.env[self.model].browse(self.record_ref).exists()
        return found._filtered_access("read") if found else found
