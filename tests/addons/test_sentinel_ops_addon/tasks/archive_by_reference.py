"""A whole task of a third party: this file, its operation, and a job in a data file."""

from odoo import models
from odoo.fields import Domain

from odoo.addons.sentinel_ops_addon.engine.parameters import Parameter


class SentinelTaskArchiveByReference(models.AbstractModel):
    _name = "sentinel.task.archive_by_reference"
    _inherit = "sentinel.task.mixin"
    _description = "Sentinel task: archive partners by reference"

    _task_title = "Archive partners by reference"
    _task_summary = "Archives the partners whose reference is the one given."
    _task_shape = "remedy"
    _task_tags = ("partners",)
    _task_model = "res.partner"
    _task_fields = ("active", "ref")
    _task_operation = "partners.archive"
    _task_parameters = (Parameter("reference", "text", "Reference", default="obsolete"),)

    def _condition(self, ctx):
        return Domain("active", "=", True) & Domain("ref", "=", ctx.parameters["reference"])
