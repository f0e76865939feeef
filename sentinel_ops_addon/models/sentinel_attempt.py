"""Records that a job could not repair so far."""

from odoo import fields, models

from .sentinel_run_line import open_record


class SentinelAttempt(models.Model):
    """How often a job tried one record without success, and when it may try again.

    Written by the engine with each batch; gone as soon as the record is repaired.
    """

    _name = "sentinel.attempt"
    _description = "Sentinel attempts"
    _order = "needs_human desc, last_at desc"
    _rec_name = "record_name"
    _log_access = False

    job_ref = fields.Integer(string="Job record", required=True, readonly=True)
    job_code = fields.Char(string="Job", required=True, readonly=True)
    job_name = fields.Char(readonly=True)
    company_ref = fields.Integer(string="Company ID", readonly=True)
    model = fields.Char(required=True, readonly=True)
    record_ref = fields.Many2oneReference(
        string="Record ID", model_field="model", required=True, readonly=True
    )
    record_name = fields.Char(string="Record", readonly=True)
    attempts = fields.Integer(required=True, readonly=True)
    last_at = fields.Datetime(string="Last attempt", readonly=True)
    last_outcome = fields.Char(string="Outcome", readonly=True)
    last_message = fields.Char(string="Why", readonly=True)
    last_run_uid = fields.Char(string="Run ID", readonly=True)
    next_at = fields.Datetime(string="Next attempt after", readonly=True)
    needs_human = fields.Boolean(string="Needs a human", readonly=True)

    _unique_record = models.UniqueIndex(
        "(job_ref, model, record_ref)", "A job counts the attempts at a record once."
    )

    def action_release(self):
        """Let the job try these records again with its next run."""
        self.env["sentinel.job"]._check_operator()
        self.check_access("read")
        self.sudo().unlink()

    def action_open_record(self):
        """Open the record, with the rights of who looks."""
        self.ensure_one()
        return open_record(self)
