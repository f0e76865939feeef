from odoo import models


class SentinelOperationPartnersArchive(models.AbstractModel):
    _name = "sentinel.operation.partners.archive"
    _inherit = "sentinel.operation.mixin"
    _description = "Sentinel operation: archive partners"

    _operation_title = "Archive partners"
    _operation_model = "res.partner"

    def _intended(self, record, ctx):
        return {"active": False}

    def _apply(self, records, ctx):
        records.action_archive()
