"""Stops: of everything, of one job, of one run."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

SCOPES = [
    ("all", "Everything"),
    ("job", "One job"),
    ("run", "One run"),
]
# The group that may set and lift a stop of each scope.
_GROUPS = {
    "all": "sentinel_ops_addon.group_emergency",
    "job": "sentinel_ops_addon.group_manager",
    "run": "sentinel_ops_addon.group_operator",
}


class SentinelStop(models.Model):
    """Somebody stopped something, and why; it stands until somebody lifts it."""

    _name = "sentinel.stop"
    _description = "Sentinel stop"
    _inherit = ["sentinel.definition.mixin"]
    _order = "id desc"
    _rec_name = "reason"
    _log_access = False
    _definition_fields = ("scope", "ref", "name", "reason", "lifted_reason")

    scope = fields.Selection(selection=SCOPES, required=True, readonly=True)
    ref = fields.Integer(string="Job or run", required=True, readonly=True, default=0)
    name = fields.Char(string="What", readonly=True)
    company_ref = fields.Integer(
        string="Company ID", readonly=True, default=0, help="Zero: all companies."
    )
    reason = fields.Char(required=True, readonly=True)
    login = fields.Char(
        string="By", required=True, readonly=True, default=lambda self: self.env.user.login
    )
    at = fields.Datetime(
        string="Since", required=True, readonly=True, default=lambda self: fields.Datetime.now()
    )
    lifted_at = fields.Datetime(string="Lifted", readonly=True)
    lifted_login = fields.Char(string="Lifted by", readonly=True)
    lifted_reason = fields.Char(readonly=True)

    _standing_index = models.Index("(scope, ref) WHERE lifted_at IS NULL")

    def action_stop_all(self):
        """Ask for the reason, then stop everything."""
        return self.env["sentinel.reason"]._ask("stop_all", self.env._("Stop everything"))

    def action_resume_all(self):
        """Ask for the reason, then let everything go on."""
        return self.env["sentinel.reason"]._ask("resume_all", self.env._("Let everything go on"))

    @api.model
    def _set(self, scope, ref, name, reason, company_ref=0):
        """Stop something from now on.

        :param company_ref: whose job or run it is; zero for everything
        :raises AccessError: without the right to
        :raises ValidationError: without a reason
        """
        self._check_right(scope)
        if not (reason or "").strip():
            raise ValidationError(self.env._("Say why: a stop without a reason helps nobody."))
        if self._standing(scope, ref):
            raise UserError(self.env._("%(name)s is stopped already.", name=name))
        return self.sudo().create(
            {
                "scope": scope,
                "ref": ref,
                "name": name,
                "reason": reason.strip()[:500],
                "company_ref": company_ref,
            }
        )

    @api.model
    def _lift(self, scope, ref, name, reason):
        """Lift what stands.

        :raises UserError: when nothing does
        """
        self._check_right(scope)
        if not (reason or "").strip():
            raise ValidationError(self.env._("Say why it may go on."))
        stops = self._standing(scope, ref)
        if not stops:
            raise UserError(self.env._("%(name)s is not stopped.", name=name))
        stops.write(
            {
                "lifted_at": fields.Datetime.now(),
                "lifted_login": self.env.user.login,
                "lifted_reason": reason.strip()[:500],
            }
        )
        return stops

    @api.model
    def _settle(self, scope, ref, reason):
        """Note that what stands is over; for the engine, nobody lifted it."""
        self._standing(scope, ref).write(
            {"lifted_at": fields.Datetime.now(), "lifted_reason": reason}
        )

    @api.model
    def _standing(self, scope, ref=0):
        return self._standing_on(scope, [ref])

    @api.model
    def _standing_on(self, scope, refs):
        """What stands for any of these jobs or runs, the latest first."""
        return self.sudo().search(
            [("scope", "=", scope), ("ref", "in", refs), ("lifted_at", "=", False)]
        )

    @api.model
    def _check_right(self, scope):
        group = self.env.ref(_GROUPS[scope])
        if not self.env.user.has_group(_GROUPS[scope]):
            raise AccessError(
                self.env._(
                    "This needs the right %(group)s; an administrator can give it to you.",
                    group=group.sudo().full_name,
                )
            )
