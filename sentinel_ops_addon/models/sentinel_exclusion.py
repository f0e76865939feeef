"""Records that jobs leave alone because somebody said so."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain


class SentinelExclusion(models.Model):
    """An exception with a reason, an author and an end."""

    _name = "sentinel.exclusion"
    _description = "Sentinel exclusion"
    _inherit = ["sentinel.definition.mixin", "sentinel.job.reference.mixin"]
    _order = "until desc, id desc"
    # Not what the record is called: who sees the exclusion may not always see the record.
    _rec_name = "reason"
    _definition_fields = ("model", "record_ref", "job_ref", "reason", "until", "author_login")

    model = fields.Char(required=True)
    record_ref = fields.Many2oneReference(string="Record ID", model_field="model", required=True)
    # Read anew by whoever looks, and so never kept.
    record_name = fields.Char(
        string="Record", compute="_compute_record_name", search="_search_record_name"
    )
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
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_record_name(self):
        for model, exclusions in self.grouped("model").items():
            records = self._readable(model, exclusions.mapped("record_ref"))
            names = {record.id: record.display_name for record in records}
            for exclusion in exclusions:
                exclusion.record_name = names.get(exclusion.record_ref, "")

    def _search_record_name(self, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        found = Domain.FALSE
        for model, refs in self._read_group([], ["model"], ["record_ref:array_agg"]):
            records = self._readable(model, refs).with_context(active_test=False)
            if records:
                named = records.search(
                    [("id", "in", records.ids), ("display_name", operator, value)]
                )
                found |= Domain("model", "=", model) & Domain("record_ref", "in", named.ids)
        return found

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
            if not self._readable(exclusion.model, [exclusion.record_ref]):
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

    def _readable(self, model, refs):
        """Those of the records that exist and that the user may read, as superuser too.

        Who may not see a record can neither speak for it nor ask here what it is called.
        """
        if model not in self.env:
            return self.browse()
        # Not the rights of the moment: Odoo grants superuser's to code that only passes through.
        records = self.env[model].with_user(self.env.uid).browse(refs)
        return records.exists()._filtered_access("read")
