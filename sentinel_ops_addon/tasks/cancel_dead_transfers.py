"""Transfers that nobody will carry out any more."""

from odoo import models
from odoo.fields import Domain
from odoo.tools.translate import LazyTranslate

from ..engine.parameters import Parameter
from . import late_transfers
from .limit import limit_to_act

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
    _task_fields = late_transfers.FIELDS
    _task_order = late_transfers.ORDER
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
        limit_to_act(maximum=100_000),
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
        return late_transfers.lateness(
            ctx, self.env["stock.picking"], selection, "dead_total", self.env._("Dead transfers")
        )
