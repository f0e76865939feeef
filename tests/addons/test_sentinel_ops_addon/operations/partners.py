from odoo import models
from odoo.exceptions import UserError


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


class SentinelOperationPartnersSetLanguage(models.AbstractModel):
    """The worked example of docs/guides/create-an-operation.md, which shows this class as it is."""

    _name = "sentinel.operation.partners.set_language"
    _inherit = "sentinel.operation.mixin"
    _description = "Sentinel operation: set the language of partners"

    _operation_title = "Set the language of partners"
    _operation_model = "res.partner"
    _operation_effects = "none"
    _operation_undo = True

    def _intended(self, record, ctx):
        return {"lang": ctx.company.partner_id.lang}

    def _apply(self, records, ctx):
        language = ctx.company.partner_id.lang
        if not language:
            raise UserError(
                self.env._("%(company)s has no language itself.", company=ctx.company.name)
            )
        records.write({"lang": language})

    def _undo_refusal(self, record, intended):
        if record.user_ids:
            return self.env._("A user has it by now, who would lose the language of the menus.")
        return ""

    def _undo(self, records, intended, ctx):
        for record in records:
            record.lang = intended[record.id]["lang"] or False
