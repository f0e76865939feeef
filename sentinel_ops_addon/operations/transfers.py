"""Operations on stock transfers."""

from odoo import models


class SentinelOperationTransfersReserve(models.AbstractModel):
    _name = "sentinel.operation.transfers.reserve"
    _inherit = "sentinel.operation.mixin"
    _description = "Sentinel operation: reserve stock transfers"

    _operation_title = "Reserve stock transfers"
    _operation_model = "stock.picking"
    _operation_apps = ("stock",)
    # Reservation dominates the time, and a long lock on quants hinders people at work.
    _operation_batch_size = 100

    def _intended(self, record, ctx):
        return {"state": "assigned"}

    def _apply(self, records, ctx):
        records.action_assign()
