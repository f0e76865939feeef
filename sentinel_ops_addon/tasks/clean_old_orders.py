"""Quotations that nobody will confirm any more."""

from odoo import models
from odoo.fields import Domain
from odoo.tools.translate import LazyTranslate

from ..engine.canonical import column, decimal_text, money_text
from ..engine.context import Measure
from ..engine.parameters import Parameter
from .limit import limit_to_act

_lt = LazyTranslate(__name__)


class SentinelTaskCleanOldOrders(models.AbstractModel):
    _name = "sentinel.task.clean_old_orders"
    _inherit = "sentinel.task.mixin"
    _description = "Sentinel task: cancel old quotations"

    _task_title = _lt("Cancel old quotations")
    _task_summary = _lt(
        "Cancels quotations that are older than a number of days. Confirmed and locked orders are "
        "never touched."
    )
    _task_shape = "remedy"
    _task_tags = ("sales", "cleanup")
    _task_apps = ("sale",)
    _task_model = "sale.order"
    _task_fields = ("state", "date_order", "amount_total", "currency_id", "user_id", "locked")
    _task_order = "date_order, id"
    _task_operation = "orders.cancel"
    _task_parameters = (
        Parameter(
            name="days",
            type="integer",
            label=_lt("Older than (days)"),
            help=_lt("A quotation is old when its order date is more than this many days ago."),
            default=90,
            minimum=1,
            maximum=36500,
        ),
        limit_to_act(maximum=1_000_000),
    )

    def _population(self, ctx):
        return Domain("state", "in", ["draft", "sent"])

    def _condition(self, ctx):
        return (
            Domain("state", "in", ["draft", "sent"])
            & Domain("locked", "=", False)
            & Domain("date_order", "<", ctx.days_ago(ctx.parameters["days"]))
        )

    def _reasons(self, records, ctx):
        # Translated once, not once an order.
        text = self.env._("Quotation of %(date)s, %(days)s days old")
        return {
            order_id: text % {"date": moment.date(), "days": (ctx.as_of - moment).days}
            for order_id, moment in zip(records.ids, column(records, "date_order"), strict=True)
        }

    def _amounts(self, records, ctx):
        # currency_rate is what the order itself was priced with: company currency to its own.
        totals, rates = column(records, "amount_total"), column(records, "currency_rate")
        return {
            order_id: total / rate if rate else 0.0
            for order_id, total, rate in zip(records.ids, totals, rates, strict=True)
        }

    def _measures(self, ctx, selection):
        count, oldest, total = 0, None, 0.0
        for rate, number, first, amount in self.env["sale.order"]._read_group(
            selection,
            groupby=["currency_rate"],
            aggregates=["__count", "date_order:min", "amount_total:sum"],
        ):
            count += number
            oldest = min(filter(None, [oldest, first]), default=None)
            total += amount / rate if rate else 0.0
        age = (ctx.as_of - oldest).days if oldest else 0
        return [
            Measure("stale_total", self.env._("Old quotations"), str(count), "records"),
            Measure(
                "stale_amount",
                self.env._("Their amount"),
                money_text(total, ctx.currency_digits),
                ctx.currency,
            ),
            Measure("oldest_age", self.env._("Age of the oldest"), decimal_text(age), "days"),
        ]
