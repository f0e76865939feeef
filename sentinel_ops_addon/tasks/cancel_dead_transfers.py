"""Transfers that nobody will carry out any more."""

from odoo import models
from odoo.fields import Domain
from odoo.tools.translate import LazyTranslate

from ..engine.canonical import decimal_text
from ..engine.context import Measure
from ..engine.parameters import Parameter

_lt = LazyTranslate(__name__)

_OVER = ["done", "cancel"]


class SentinelTaskCancelDeadTransfers(models.AbstractModel):
    _name = "sentinel.task.cancel_dead_transfers"
    _inherit = "sentinel.task.mixin"
    _description = "Sentinel task: cancel dead transfers"

    _task_title = _lt("Cancel dead transfers")
    _task_summary = _lt(
        "Cancels transfers that are still open long after their scheduled date, and so gives back "
        "the goods that they reserve. Transfers that were carried out are never touched. Where "
        "Odoo's rules say so, transfers that were to follow are cancelled with them."
    )
    _task_shape = "remedy"
    _task_tags = ("stock", "cleanup")
    _task_apps = ("stock",)
    _task_model = "stock.picking"
    _task_fields = ("state", "scheduled_date", "partner_id", "picking_type_id")
    _task_order = "scheduled_date, id"
    _task_operation = "transfers.cancel"
    _task_parameters = (
        Parameter(
            name="days",
            type="integer",
            label=_lt("Late by (days)"),
            help=_lt("A transfer is dead when its scheduled date is more than this many days ago."),
            default=180,
            minimum=1,
            maximum=36500,
        ),
        Parameter(
            name="limit",
            type="integer",
            label=_lt("At most (records)"),
            help=_lt("The latest come first; what is cut off waits for the next run."),
            default=100,
            minimum=1,
            maximum=100_000,
        ),
    )

    def _population(self, ctx):
        return Domain("state", "not in", _OVER)

    def _condition(self, ctx):
        return Domain("state", "not in", _OVER) & Domain(
            "scheduled_date", "<", ctx.days_ago(ctx.parameters["days"])
        )

    def _reason(self, record, ctx):
        return self.env._(
            "Was due on %(date)s, %(days)s days ago",
            date=record.scheduled_date.date(),
            days=(ctx.as_of - record.scheduled_date).days,
        )

    def _measures(self, ctx, selection):
        ((count, oldest),) = self.env["stock.picking"]._read_group(
            selection, aggregates=["__count", "scheduled_date:min"]
        )
        late = (ctx.as_of - oldest).days if oldest else 0
        return [
            Measure("dead_total", self.env._("Dead transfers"), str(count), "records"),
            Measure("longest_delay", self.env._("Longest delay"), decimal_text(late), "days"),
        ]
