"""Transfers that still wait for goods long after their date."""

from odoo import models
from odoo.fields import Domain
from odoo.tools.translate import LazyTranslate

from ..engine.parameters import Parameter
from . import late_transfers
from .limit import limit_to_act

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
    _task_fields = late_transfers.FIELDS
    _task_order = late_transfers.ORDER
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
        limit_to_act(maximum=100_000),
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
        return late_transfers.lateness(
            ctx, self.env["stock.picking"], selection, "stuck_total", self.env._("Stuck transfers")
        )
