"""Transfers that still wait for goods long after their date."""

from odoo import models
from odoo.fields import Domain
from odoo.tools.translate import LazyTranslate

from ..engine.canonical import decimal_text
from ..engine.context import Measure
from ..engine.parameters import Parameter

_lt = LazyTranslate(__name__)


class SentinelTaskReleaseStuckTransfers(models.AbstractModel):
    _name = "sentinel.task.release_stuck_transfers"
    _inherit = "sentinel.task.mixin"
    _description = "Sentinel task: reserve stuck transfers"

    _task_title = _lt("Release stuck transfers")
    _task_summary = _lt(
        "Reserves goods for transfers that still wait past their scheduled date. A transfer for "
        "which there is not enough stock stays as it was."
    )
    _task_shape = "remedy"
    _task_tags = ("stock",)
    _task_apps = ("stock",)
    _task_model = "stock.picking"
    _task_fields = ("state", "scheduled_date", "partner_id", "picking_type_id")
    _task_order = "scheduled_date, id"
    _task_operation = "transfers.reserve"
    _task_parameters = (
        Parameter(
            name="days",
            type="integer",
            label=_lt("Late by (days)"),
            help=_lt(
                "A transfer is stuck when its scheduled date is more than this many days ago."
            ),
            default=2,
            minimum=0,
            maximum=36500,
        ),
        Parameter(
            name="limit",
            type="integer",
            label=_lt("At most (records)"),
            help=_lt("The longest waiting come first; what is cut off waits for the next run."),
            default=100,
            minimum=1,
            maximum=100_000,
        ),
    )

    def _population(self, ctx):
        return Domain("state", "not in", ["done", "cancel", "draft"])

    def _condition(self, ctx):
        # "waiting" is for another transfer, which a reservation cannot help.
        return Domain("state", "=", "confirmed") & Domain(
            "scheduled_date", "<", ctx.days_ago(ctx.parameters["days"])
        )

    def _reason(self, record, ctx):
        return self.env._(
            "Waits since %(date)s, %(days)s days late",
            date=record.scheduled_date.date(),
            days=(ctx.as_of - record.scheduled_date).days,
        )

    def _measures(self, ctx, selection):
        ((count, oldest),) = self.env["stock.picking"]._read_group(
            selection, aggregates=["__count", "scheduled_date:min"]
        )
        late = (ctx.as_of - oldest).days if oldest else 0
        return [
            Measure("stuck_total", self.env._("Stuck transfers"), str(count), "records"),
            Measure("longest_delay", self.env._("Longest delay"), decimal_text(late), "days"),
        ]
