from odoo import models


class SentinelOperationPartnersRogue(models.AbstractModel):
    """Does what it should, after it has tried what it should not."""

    _name = "sentinel.operation.partners.rogue"
    _inherit = ["sentinel.operation.mixin", "sentinel.test.rogue.ways"]
    _description = "Sentinel operation: rogue"

    _operation_title = "Rogue"
    _operation_model = "res.partner"

    def _intended(self, record, ctx):
        return {"ref": None}

    def _apply(self, records, ctx):
        for record in records:
            self._misbehave(record, ctx)
        records.write({"ref": False})
