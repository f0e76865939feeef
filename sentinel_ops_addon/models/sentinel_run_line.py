"""What happened to one record in one run."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.canonical import money_text, utc_text
from ..engine.chain.content import NEW_SALT
from ..engine.chain.schema import set_default
from ..engine.marks import ANNOUNCE
from ..engine.vocabulary import OUTCOMES

# Values of records: shown to who may read the record, see _visible(); exported to auditors.
_RAW = "base.group_system"


class SentinelRunLine(models.Model):
    """A line stands alone: names and values as they were, no reference that could change it."""

    _name = "sentinel.run.line"
    _description = "Sentinel run line"
    _order = "run_id desc, position"
    _rec_name = "record_name"
    _log_access = False

    # Not indexed by itself: the unique index on run and position begins with it, and with a
    # second one PostgreSQL picks a way that reads the lines of every run.
    run_id = fields.Many2one(
        comodel_name="sentinel.run", required=True, readonly=True, ondelete="restrict", index=False
    )
    position = fields.Integer(string="No.", required=True, readonly=True)
    job_code = fields.Char(string="Job", readonly=True)
    company_ref = fields.Integer(string="Company ID", readonly=True)
    model = fields.Char(required=True, readonly=True)
    record_ref = fields.Many2oneReference(
        string="Record ID", model_field="model", required=True, readonly=True
    )
    record_name = fields.Char(string="Record", readonly=True)
    operation = fields.Char(readonly=True)
    outcome = fields.Selection(selection=OUTCOMES, required=True, readonly=True)
    reason = fields.Char(readonly=True)
    message = fields.Char(readonly=True)
    before = fields.Json(readonly=True, groups=_RAW)
    intended = fields.Json(readonly=True, groups=_RAW)
    after = fields.Json(readonly=True, groups=_RAW)
    change_text = fields.Char(string="Change", compute="_compute_change_text")
    amount = fields.Float(digits=(16, 2), readonly=True)
    currency = fields.Char(readonly=True)
    fingerprint = fields.Char(readonly=True, groups=_RAW)
    after_fingerprint = fields.Char(readonly=True, groups=_RAW)
    at = fields.Datetime(string="When", readonly=True)
    salt = fields.Char(readonly=True, groups=_RAW)
    digest = fields.Char(
        readonly=True,
        help="Of a line that was erased: what it was when the chain committed to it.",
    )

    _unique_position = models.UniqueIndex(
        "(run_id, position)", "A run has one line for each position."
    )
    _record_index = models.Index("(model, record_ref)")

    def init(self):
        # Not a default of the field: lines are copied into the table without the ORM.
        set_default(self.env.cr, "sentinel_run_line", "salt", NEW_SALT)

    def _compute_change_text(self):
        visible = self._visible()
        for line in self:
            if line.digest:
                line.change_text = self.env._("(erased)")
                continue
            if line not in visible:
                line.change_text = self.env._("(you may not read this record)")
                continue
            raw = line.sudo()
            if line.operation == ANNOUNCE:
                day = (raw.intended or {}).get("announced_for")
                line.change_text = self.env._("announced for %(day)s", day=day)
                continue
            before = raw.before or {}
            new = raw.after or raw.intended or {}
            line.change_text = ", ".join(
                f"{name}: {before.get(name)} → {value}"
                for name, value in sorted(new.items())
                if before.get(name) != value
            )

    def _visible(self):
        """Those lines whose record the current user may read.

        What a record was is as secret as what it is. A record that is gone has no rules any more
        that could say who may know, so nobody but the auditor gets its values.
        """
        visible = self.browse()
        for model, lines in self.grouped("model").items():
            if model not in self.env:
                continue
            records = self.env[model].browse(lines.mapped("record_ref")).exists()
            readable = set(records._filtered_access("read").ids)
            visible |= lines.filtered(lambda line, ids=readable: line.record_ref in ids)
        return visible

    def write(self, vals):  # pylint: disable=method-required-super
        # No way through: lines are inserted by the engine and stay as they are.
        raise UserError(self.env._("Lines of a run cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_any(self):
        raise UserError(self.env._("Lines cannot be deleted; they are the proof of what was done."))

    def action_open_record(self):
        """Open the record that the line is about, with the rights of who looks."""
        self.ensure_one()
        return open_record(self)

    def action_apply_chosen(self):
        """Run these lines of a plan for real, and no others."""
        plan = self.run_id
        if len(plan) != 1:
            raise UserError(self.env._("Choose lines of one plan."))
        job = plan.job_id
        if not job:
            raise UserError(self.env._("The job of this plan does not exist any more."))
        return job._trigger_from_menu("live", plan=plan.uid, lines=self.mapped("position"))

    def action_exclude(self):
        """Ask for how long and why the record shall be left alone."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Leave %(record)s alone", record=self.record_name),
            "res_model": "sentinel.exclusion",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_model": self.model,
                "default_record_ref": self.record_ref,
                "default_job_id": self.run_id.job_id.id,
                "default_until": fields.Datetime.now() + timedelta(days=30),
            },
        }

    def _as_dicts(self, *, export=False):
        """The lines as clients get them: no ``None``, money and times as text.

        :param export: with the values of all records, for auditors; otherwise of those that the
            current user may read
        """
        visible = self if export else self._visible()
        return [line._as_dict(line in visible) for line in self]

    def _as_dict(self, with_values):
        self.ensure_one()
        raw = self.sudo()
        values = {
            name: _without_none(raw[name] or {}) if with_values else {}
            for name in ("before", "intended", "after")
        }
        return {
            "position": self.position,
            "model": self.model,
            "record": self.record_ref,
            "name": self.record_name or "",
            "outcome": self.outcome,
            "reason": self.reason or "",
            "message": self.message or "",
            "operation": self.operation or "",
            **values,
            "withheld": not with_values,
            "amount": money_text(self.amount) if self.currency else "",
            "currency": self.currency or "",
            "at": utc_text(self.at),
        }


def _without_none(values):
    """XML-RPC has no ``None``; an empty field value travels as false."""
    return {name: False if value is None else value for name, value in values.items()}


def open_record(row):
    """The form of the record that a row names by ``model`` and ``record_ref``.

    :raises UserError: when it or its app is gone
    """
    if row.model not in row.env:
        raise UserError(row.env._("The app that owns %(model)s is not installed.", model=row.model))
    record = row.env[row.model].browse(row.record_ref).exists()
    if not record:
        raise UserError(row.env._("%(name)s does not exist any more.", name=row.record_name))
    return {
        "type": "ir.actions.act_window",
        "res_model": row.model,
        "res_id": record.id,
        "views": [(False, "form")],
    }
