"""Who changed what the engine goes by: jobs, windows, exclusions, policies, stops, decisions."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..engine.canonical import canonical_value
from ..engine.chain.content import NEW_SALT
from ..engine.chain.schema import set_default

KINDS = [
    ("created", "Created"),
    ("changed", "Changed"),
    ("deleted", "Deleted"),
    # What lets sealed rows go, see engine/chain/keeper.py.
    ("erased", "Erased from the trail"),
    ("retention", "Removed after the retention period"),
]


class SentinelEvent(models.Model):
    """One change of a definition, written in the transaction that made it.

    An event stands alone, like a run: names as they were, no foreign keys, nobody may edit it.
    """

    _name = "sentinel.event"
    _description = "Sentinel definition event"
    _order = "id desc"
    _rec_name = "record_name"
    _log_access = False

    at = fields.Datetime(string="When", required=True, readonly=True)
    user_ref = fields.Integer(string="User ID", required=True, readonly=True)
    login = fields.Char(string="Who", required=True, readonly=True)
    kind = fields.Selection(selection=KINDS, required=True, readonly=True)
    model = fields.Char(required=True, readonly=True)
    model_name = fields.Char(string="What", readonly=True)
    record_ref = fields.Many2oneReference(
        string="Record ID", model_field="model", required=True, readonly=True
    )
    record_name = fields.Char(string="Name", readonly=True)
    company_ref = fields.Integer(string="Company ID", readonly=True)
    before = fields.Json(readonly=True)
    after = fields.Json(readonly=True)
    change_text = fields.Char(string="Change", compute="_compute_change_text")
    # Given by the database; the sealer adds the position.
    uid = fields.Char(string="Event ID", readonly=True)
    salt = fields.Char(readonly=True, groups="base.group_system")
    transaction = fields.Char(string="Database transaction", readonly=True)
    position = fields.Integer(string="Chain position", readonly=True)

    _record_index = models.Index("(model, record_ref)")
    # The outbox: what the sealer has still to append.
    _waiting_index = models.Index("(id) WHERE position IS NULL")

    def init(self):
        for column, expression in (
            ("uid", "gen_random_uuid()::text"),
            ("salt", NEW_SALT),
            ("transaction", "pg_current_xact_id()::text"),
        ):
            set_default(self.env.cr, "sentinel_event", column, expression)

    def _compute_change_text(self):
        for event in self:
            before, after = event.before or {}, event.after or {}
            event.change_text = ", ".join(
                f"{name}: {before.get(name)} → {after.get(name)}"
                for name in sorted({*before, *after})
                if before.get(name) != after.get(name)
            )

    @api.model
    def _note(self, **values):
        """Write an event of the current user, in the transaction of what it tells of.

        :param values: ``kind``, ``model``, ``record_ref``, ``company_ref``, and what else is known
        """
        label = self.env[values["model"]]._description if values["model"] in self.env else ""
        return self.sudo().create(
            {
                "at": fields.Datetime.now(),
                "user_ref": self.env.uid,
                "login": self.env.user.login,
                "model_name": self.env._(label) if label else values["model"],
                **values,
            }
        )

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("The history of definitions cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_any(self):
        raise UserError(self.env._("The history of definitions cannot be deleted."))


class SentinelDefinitionMixin(models.AbstractModel):
    """Keeps the history of a model by which the engine goes."""

    _name = "sentinel.definition.mixin"
    _description = "Sentinel definition with a history"

    # Names of the stored fields whose changes are kept.
    _definition_fields: tuple[str, ...] = ()

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        for record in records:
            record._note_event("created", {}, record._definition())
        return records

    def write(self, vals):
        if "last_editor_id" in vals and not self.env.su:
            # Who changed it last may not decide about it, so nobody chooses who that is.
            raise AccessError(self.env._("Who last changed a definition is noted by Sentinel."))
        before = {record.id: record._definition() for record in self}
        result = super().write(vals)
        for record in self:
            after = record._definition()
            changed = [name for name in after if after[name] != before[record.id][name]]
            if changed:
                record._note_event(
                    "changed",
                    {name: before[record.id][name] for name in changed},
                    {name: after[name] for name in changed},
                )
        return result

    def unlink(self):
        for record in self:
            record._note_event("deleted", record._definition(), {})
        return super().unlink()

    def _definition(self):
        """The values that are kept, canonical, by field name."""
        self.ensure_one()
        record = self.sudo()
        return {name: _kept(record, name) for name in self._definition_fields}

    def _note_event(self, kind, before, after):
        self.ensure_one()
        self.env["sentinel.event"]._note(
            kind=kind,
            model=self._name,
            record_ref=self.id,
            record_name=self.sudo().display_name,
            company_ref=self._company_ref(),
            before=before,
            after=after,
        )

    def _company_ref(self):
        """ID of the company whose history this is; zero for all companies."""
        record = self.sudo()
        if "company_id" in self._fields:
            return record.company_id.id or 0
        return record.company_ref if "company_ref" in self._fields else 0


def _kept(record, name):
    field = record._fields[name]
    if field.type == "properties":
        (row,) = record.read([name])
        return {item["name"]: item.get("value") for item in row[name] or []}
    return canonical_value(record[name], field)
