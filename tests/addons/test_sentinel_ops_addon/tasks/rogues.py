"""Tasks that misbehave while they should only look: one that checks, and one that repairs."""

from odoo import models
from odoo.fields import Domain

from odoo.addons.sentinel_ops_addon.engine.parameters import Parameter

_PARAMETERS = (
    Parameter("way", "text", "Way", default="behaves"),
    Parameter("port", "integer", "Port where the test listens", default=0),
)


class SentinelTaskRogue(models.AbstractModel):
    """Selects one partner and misbehaves while it says why."""

    _name = "sentinel.task.rogue"
    _inherit = ["sentinel.task.mixin", "sentinel.test.rogue.ways"]
    _description = "Sentinel task: rogue"

    _task_title = "Rogue"
    _task_shape = "check"
    _task_model = "res.partner"
    _task_fields = ("name",)
    _task_parameters = _PARAMETERS

    def _condition(self, ctx):
        return Domain("ref", "=", "victim")

    def _reason(self, record, ctx):
        self._misbehave(record, ctx)
        return "was here"


class SentinelTaskRogueRemedy(models.AbstractModel):
    """Selects the same partner; it is its operation that misbehaves."""

    _name = "sentinel.task.rogue_remedy"
    _inherit = "sentinel.task.mixin"
    _description = "Sentinel task: rogue remedy"

    _task_title = "Rogue remedy"
    _task_shape = "remedy"
    _task_model = "res.partner"
    _task_fields = ("name", "ref")
    _task_operation = "partners.rogue"
    _task_parameters = _PARAMETERS

    def _condition(self, ctx):
        return Domain("ref", "=", "victim")
