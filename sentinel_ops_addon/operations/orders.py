"""Operations on sales orders."""

from odoo import models


class SentinelOperationOrdersCancel(models.AbstractModel):
    _name = "sentinel.operation.orders.cancel"
    _inherit = "sentinel.operation.mixin"
    _description = "Sentinel operation: cancel sales orders"

    _operation_title = "Cancel sales orders"
    _operation_model = "sale.order"
    _operation_apps = ("sale",)
    # Cancelling may mail followers of the order and of its activities.
    _operation_effects = "postcommit"

    def _intended(self, record, ctx):
        return {"state": "cancel"}

    def _apply(self, records, ctx):
        # action_cancel, not _action_cancel: the public method refuses locked orders.
        records.action_cancel()
