"""The places of the chain."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.chain import keeper

ENTRY_KINDS = [
    ("run", "Run"),
    ("event", "Definition event"),
]
# Why the content of a place is not there any more.
WITHHELD = [
    ("erased", "Erased"),
    ("retention", "Removed after the retention period"),
    ("lines", "Its lines were removed after the retention period"),
]


class SentinelChainEntry(models.Model):
    """One place: what was sealed there, by its digest, and the seal that ties it to all before.

    It stands alone, without foreign keys: it outlives the run or event that it is about.
    """

    _name = "sentinel.chain.entry"
    _description = "Sentinel chain entry"
    _order = "sealed_at desc, position desc"
    _rec_name = "position"
    _log_access = False

    chain = fields.Char(required=True, readonly=True)
    position = fields.Integer(required=True, readonly=True)
    kind = fields.Selection(selection=ENTRY_KINDS, required=True, readonly=True)
    uid = fields.Char(string="Run or event ID", required=True, readonly=True)
    ref = fields.Integer(string="Record ID", required=True, readonly=True)
    line_count = fields.Integer(string="Lines", readonly=True)
    digest = fields.Char(required=True, readonly=True)
    seal = fields.Char(required=True, readonly=True)
    sealed_at = fields.Datetime(string="Sealed", required=True, readonly=True)
    withheld = fields.Selection(selection=WITHHELD, readonly=True)

    _unique_position = models.UniqueIndex(
        "(chain, position)", "A place of the chain is taken once."
    )
    _sealed_index = models.Index("(sealed_at, position)")
    _unique_uid = models.UniqueIndex("(uid)", "A run or an event has one place in the chain.")

    def init(self):
        # Its triggers are on tables of other models, too.
        self.pool.post_init(keeper.create, self.env.cr)

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(
            self.env._("The chain cannot be changed; it is the proof of what was done.")
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_any(self):
        raise UserError(
            self.env._("The chain cannot be deleted; it is the proof of what was done.")
        )
