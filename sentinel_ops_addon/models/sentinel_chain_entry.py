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

    what = fields.Char(compute="_compute_what")
    short_seal = fields.Char(string="Seal begins with", compute="_compute_short_seal")

    _unique_position = models.UniqueIndex(
        "(chain, position)", "A place of the chain is taken once."
    )
    _sealed_index = models.Index("(sealed_at, position)")
    _unique_uid = models.UniqueIndex("(uid)", "A run or an event has one place in the chain.")

    def init(self):
        # Its triggers are on tables of other models, too.
        self.pool.post_init(keeper.create, self.env.cr)

    @api.depends("kind", "ref", "withheld")
    def _compute_what(self):
        events = dict(self.env["sentinel.event"]._fields["kind"]._description_selection(self.env))
        records = self._visible_records()
        for entry in self:
            record = records.get(entry.uid)
            if not record:
                # Of another company, or gone; the column beside it says which.
                entry.what = "" if entry.withheld else self.env._("(you may not see this one)")
            elif entry.kind == "run":
                entry.what = record.display_name
            else:
                entry.what = (
                    f"{record.model_name} {record.record_name or record.record_ref}: "
                    f"{events[record.kind]}"
                )

    @api.depends("seal")
    def _compute_short_seal(self):
        for entry in self:
            entry.short_seal = (entry.seal or "")[:12]

    def _visible_records(self):
        """The runs and events in these places that the user may see, by their own ID."""
        found = {}
        for kind, model in (("run", "sentinel.run"), ("event", "sentinel.event")):
            refs = self.filtered(lambda entry, kind=kind: entry.kind == kind).mapped("ref")
            if refs:
                found |= {
                    record.uid: record for record in self.env[model].search([("id", "in", refs)])
                }
        return found

    def action_open(self):
        """The run or the event."""
        self.ensure_one()
        record = self._visible_records().get(self.uid)
        if not record:
            raise UserError(
                self.env._(
                    "What is in this place was removed after the retention period, or you may not "
                    "see it. Its seal still proves what it was."
                )
            )
        kind = "run" if self.kind == "run" else "event"
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"sentinel_ops_addon.sentinel_{kind}_action"
        )
        if kind == "run":
            return {**action, "res_id": record.id, "views": [(False, "form")]}
        return {**action, "domain": [("id", "=", record.id)], "context": {}}

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(
            self.env._("The chain cannot be changed; it is the proof of what was done.")
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_any(self):
        raise UserError(
            self.env._("The chain cannot be deleted; it is the proof of what was done.")
        )
