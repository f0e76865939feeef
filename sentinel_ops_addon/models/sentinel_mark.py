"""Repairs that were announced to the owner of a record."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from .sentinel_run_line import open_record

STATES = [
    ("waiting", "Waiting"),
    ("objected", "Objected"),
    ("acted", "Done"),
    ("overtaken", "Overtaken"),
    ("released", "Asked again"),
]


class SentinelMark(models.Model):
    """What one job announced to do to one record, and what its owner made of it.

    Written by the engine with each batch; only an objection and its end come from people.
    """

    _name = "sentinel.mark"
    _description = "Sentinel announced repair"
    _inherit = ["sentinel.definition.mixin"]
    _order = "due_at desc, id desc"
    _rec_name = "record_name"
    _log_access = False
    _definition_fields = ("state", "objected_login", "objection")

    job_ref = fields.Integer(string="Job record", required=True, readonly=True)
    job_code = fields.Char(string="Job code", readonly=True)
    job_name = fields.Char(string="Job", readonly=True)
    run_uid = fields.Char(string="Run ID", readonly=True)
    company_ref = fields.Integer(string="Company ID", readonly=True)
    company_id = fields.Many2one(comodel_name="res.company", compute="_compute_company_id")
    model = fields.Char(required=True, readonly=True)
    record_ref = fields.Many2oneReference(
        string="Record ID", model_field="model", required=True, readonly=True
    )
    record_name = fields.Char(string="Record", readonly=True)
    operation = fields.Char(readonly=True)
    owner_ref = fields.Integer(string="Owner ID", readonly=True)
    owner_login = fields.Char(string="Announced to", readonly=True)
    announced_at = fields.Datetime(string="Announced", readonly=True)
    due_on = fields.Date(string="For", readonly=True)
    due_at = fields.Datetime(string="Not before", readonly=True)
    fingerprint = fields.Char(readonly=True, groups="base.group_system")
    activity_ref = fields.Integer(string="Activity", readonly=True)
    state = fields.Selection(selection=STATES, required=True, readonly=True)
    objected_ref = fields.Integer(string="Objector ID", readonly=True)
    objected_login = fields.Char(string="Objected by", readonly=True)
    objected_at = fields.Datetime(string="Objected", readonly=True)
    objection = fields.Char(string="Why", readonly=True)
    ended_at = fields.Datetime(string="Ended", readonly=True)

    _unique_open = models.UniqueIndex(
        "(job_ref, model, record_ref) WHERE state IN ('waiting', 'objected')",
        "A job announces one thing at a time for a record.",
    )
    _activity_index = models.Index("(activity_ref) WHERE state = 'waiting'")

    @api.depends("company_ref")
    def _compute_company_id(self):
        for mark in self:
            mark.company_id = mark.company_ref

    def action_ask_again(self):
        """End objections: the next run of the job announces anew what is trouble still."""
        self.env["sentinel.job"]._check_operator()
        self.check_access("read")
        if any(mark.state != "objected" for mark in self):
            raise UserError(
                self.env._("Only where somebody objected there is something to ask again.")
            )
        self.sudo().write({"state": "released", "ended_at": fields.Datetime.now()})

    def action_open_record(self):
        """Open the record, with the rights of who looks."""
        self.ensure_one()
        return open_record(self)

    def _object(self, why):
        """Keep that the current user objected.

        :param why: in their words, or nothing
        """
        self.sudo().write(
            {
                "state": "objected",
                "objected_ref": self.env.uid,
                "objected_login": self.env.user.login,
                "objected_at": fields.Datetime.now(),
                "objection": why or False,
            }
        )
