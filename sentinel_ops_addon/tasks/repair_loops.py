"""Records that are repaired again and again: the cause is elsewhere."""

from odoo import models
from odoo.fields import Domain
from odoo.tools.translate import LazyTranslate

from ..engine.parameters import Parameter
from ..models.sentinel_repair_loop import DAYS
from .limit import limit_to_show

_lt = LazyTranslate(__name__)


class SentinelTaskRepairLoops(models.AbstractModel):
    _name = "sentinel.task.repair_loops"
    _inherit = "sentinel.task.mixin"
    _description = "Sentinel task: repairs that do not last"

    _task_title = _lt("Repairs that do not last")
    _task_summary = _lt(
        "Finds the records that live runs had to repair several times within thirty days: "
        "something breaks them again. Undone repairs count, undoing them does not."
    )
    _task_shape = "check"
    _task_tags = ("health",)
    _task_model = "sentinel.repair.loop"
    _task_fields = (
        "model",
        "record_ref",
        "job_codes",
        "repair_count",
        "first_at",
        "last_at",
    )
    _task_order = "repair_count desc, last_at desc, id"
    _task_parameters = (
        Parameter(
            name="times",
            type="integer",
            label=_lt("Repaired (times)"),
            help=_lt("A record that was repaired this often within thirty days is a finding."),
            default=3,
            minimum=2,
            maximum=1000,
        ),
        limit_to_show(),
    )

    def _condition(self, ctx):
        return Domain("repair_count", ">=", ctx.parameters["times"])

    def _reason(self, record, ctx):
        return self.env._(
            "Repaired %(times)s times in %(days)s days by %(jobs)s",
            times=record.repair_count,
            days=DAYS,
            jobs=record.job_codes,
        )
