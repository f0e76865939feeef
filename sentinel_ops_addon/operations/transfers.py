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
    _operation_undo = True

    def _intended(self, record, ctx):
        return {"state": "assigned"}

    def _apply(self, records, ctx):
        records.action_assign()

    def _undo_refusal(self, record, intended):
        # What the repair reserved bears the moment of its transaction, and so does the transfer,
        # which nobody changed since: anything else was reserved by somebody else.
        if any(
            (move_line.create_date, move_line.write_date) != (record.write_date,) * 2
            for move_line in record.move_line_ids
        ):
            return self.env._(
                "Some of its goods were reserved before this job did it, or afterwards, and would "
                "be released too."
            )
        return ""

    def _undo(self, records, intended, ctx):
        records.do_unreserve()


class SentinelOperationTransfersCancel(models.AbstractModel):
    """Odoo itself cancels what was to follow a cancelled transfer, where its rules say so."""

    _name = "sentinel.operation.transfers.cancel"
    _inherit = "sentinel.operation.mixin"
    _description = "Sentinel operation: cancel stock transfers"

    _operation_title = "Cancel stock transfers"
    _operation_model = "stock.picking"
    _operation_apps = ("stock",)
    # Cancelling may tell followers of the transfer by mail.
    _operation_effects = "postcommit"

    def _intended(self, record, ctx):
        return {"state": "cancel"}

    def _apply(self, records, ctx):
        records.action_cancel()
