"""How many people have to consent before a job acts."""

from odoo import api, fields, models

MEASURES = [("records", "Records"), ("amount", "Amount")]


class SentinelApprovalPolicy(models.Model):
    """Rules by size and money, shared by jobs; frozen into each plan."""

    _name = "sentinel.approval.policy"
    _description = "Sentinel approval policy"
    _inherit = ["sentinel.definition.mixin"]
    _order = "name"
    _definition_fields = ("name", "active", "rules_text", "allow_keys")

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    rule_ids = fields.One2many(
        comodel_name="sentinel.approval.rule", inverse_name="policy_id", string="Rules", copy=True
    )
    rules_text = fields.Char(string="In words", compute="_compute_rules_text", store=True)
    allow_keys = fields.Boolean(
        string="Approve by API key",
        help="Otherwise an approval needs a person who is logged in with a browser.",
    )
    last_editor_id = fields.Many2one(
        comodel_name="res.users", readonly=True, ondelete="set null", copy=False
    )

    @api.depends("rule_ids.measure", "rule_ids.above", "rule_ids.approvers")
    def _compute_rules_text(self):
        for policy in self:
            policy.rules_text = "; ".join(rule._text() for rule in policy.rule_ids)

    def _note_event(self, kind, before, after):
        result = super()._note_event(kind, before, after)
        if kind != "deleted":
            self._note_editor()
        return result

    def _note_editor(self):
        # The user behind sudo(), too: what counts is who did it.
        self.sudo().last_editor_id = self.env.uid

    def _frozen(self):
        """The policy as a plan keeps it; empty for no policy."""
        if not self:
            return {}
        self.ensure_one()
        policy = self.sudo()
        return {
            "name": policy.name,
            "rules": [
                {
                    "measure": rule.measure,
                    "above": str(rule.above),
                    "approvers": int(rule.approvers),
                }
                for rule in policy.rule_ids
            ],
            "allow_keys": policy.allow_keys,
        }


class SentinelApprovalRule(models.Model):
    """Above so many records, or so much money, so many others have to consent."""

    _name = "sentinel.approval.rule"
    _description = "Sentinel approval rule"
    _inherit = ["sentinel.definition.mixin"]
    _order = "measure, above"
    _definition_fields = ("policy_id", "measure", "above", "approvers")

    policy_id = fields.Many2one(
        comodel_name="sentinel.approval.policy", required=True, ondelete="cascade", index=True
    )
    measure = fields.Selection(selection=MEASURES, required=True, default="records")
    above = fields.Float(
        string="More than",
        required=True,
        digits=(16, 2),
        help="Records, or money in the company's currency. Zero: any.",
    )
    approvers = fields.Selection(
        selection=[("1", "One other person"), ("2", "Two other people")],
        required=True,
        default="1",
    )

    _check_above = models.Constraint("CHECK (above >= 0)", "The bound cannot be negative.")

    def write(self, vals):
        # A rule that moves away weakens the policy that it leaves.
        if "policy_id" in vals:
            self.policy_id._note_editor()
        return super().write(vals)

    def _note_event(self, kind, before, after):
        result = super()._note_event(kind, before, after)
        self.policy_id._note_editor()
        return result

    def _text(self):
        self.ensure_one()
        measures = dict(self._fields["measure"]._description_selection(self.env))
        people = dict(self._fields["approvers"]._description_selection(self.env))
        return self.env._(
            "%(measure)s above %(above)g: %(people)s",
            measure=measures[self.measure],
            above=self.above,
            people=people[self.approvers].lower(),
        )
