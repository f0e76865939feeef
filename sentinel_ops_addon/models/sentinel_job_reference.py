"""How what outlives a job points to it."""

from odoo import api, fields, models


class SentinelJobReference(models.AbstractModel):
    """A job named by its ID, without a foreign key: the job may go, what points to it stays."""

    _name = "sentinel.job.reference.mixin"
    _description = "Sentinel reference to a job"

    job_ref = fields.Integer(string="Job record", index=True)
    job_id = fields.Many2one(
        comodel_name="sentinel.job",
        compute="_compute_job_id",
        search="_search_job_id",
    )

    @api.depends("job_ref")
    def _compute_job_id(self):
        jobs = self.env["sentinel.job"].with_context(active_test=False)
        existing = jobs.search([("id", "in", self.mapped("job_ref"))]).grouped("id")
        for row in self:
            row.job_id = existing.get(row.job_ref, jobs)

    def _search_job_id(self, operator, value):
        if operator not in ("in", "="):
            return NotImplemented
        return [("job_ref", operator, value)]
