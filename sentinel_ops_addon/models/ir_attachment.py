"""Attachments in a simulation: the filestore knows no rollback."""

from odoo import api, models

from ..engine.process_guard import is_simulating


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    @api.model
    def _storage(self):
        # In the database, what is stored goes with the transaction.
        return "db" if is_simulating() else super()._storage()

    def _mark_for_gc(self, fname):
        # Nothing that a simulation deletes is deleted.
        return None if is_simulating() else super()._mark_for_gc(fname)
