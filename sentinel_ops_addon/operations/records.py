"""Operations on records of any model."""

from odoo import models


class SentinelOperationRecordsArchive(models.AbstractModel):
    _name = "sentinel.operation.records.archive"
    _inherit = "sentinel.operation.mixin"
    _description = "Sentinel operation: archive records"

    _operation_title = "Archive records"
    # Of any model that can be archived.
    _operation_model = ""
    # What a model does when it is archived is its own affair; some tell people by mail.
    _operation_effects = "postcommit"
    _operation_undo = True

    def _intended(self, record, ctx):
        return {record._active_name: False}

    def _apply(self, records, ctx):
        # action_archive, not a write: models hang their own rules on it.
        records.action_archive()

    def _undo(self, records, intended, ctx):
        # Its rules too; what they do to other records than these is not recorded, so not proved.
        records.action_unarchive()
