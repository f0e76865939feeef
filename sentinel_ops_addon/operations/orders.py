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
    _operation_undo = True

    def _intended(self, record, ctx):
        return {"state": "cancel"}

    def _apply(self, records, ctx):
        # action_cancel, not _action_cancel: the public method refuses locked orders.
        records.action_cancel()

    def _undo_refusal(self, record, intended):
        if record.signature or record.signed_by or record.signed_on:
            return self.env._(
                "It bears a signature, which Odoo erases when an order becomes a quotation again."
            )
        # Cancelling an order cancels its draft invoices and open transfers, in the same moment.
        # Whether there are any must not depend on who may read them.
        order = record.sudo()
        if any(
            document.state == "cancel" and document.write_date >= order.write_date
            for name in ("invoice_ids", "picking_ids")
            if name in order._fields
            for document in order[name]
        ):
            return self.env._(
                "Invoices or transfers that belong to it were cancelled with it, and would stay "
                "cancelled."
            )
        return ""

    def _undo(self, records, intended, ctx):
        records.action_draft()
        records.filtered(
            lambda order: intended[order.id].get("state") == "sent"
        ).action_quotation_sent()
