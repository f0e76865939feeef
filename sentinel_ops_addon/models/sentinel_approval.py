"""Decisions of people about plans."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..engine.approvals import barred, door_of, proof_of
from ..engine.canonical import digest
from ..engine.wake import wake_dispatcher

DECISIONS = [("approve", "Approved"), ("deny", "Denied")]


class SentinelApproval(models.Model):
    """One person's word about one plan, or about chosen lines of it, bound to the plan's hash.

    The rules are in :meth:`create`, below buttons and remote calls. What gets into the table past
    it has no proof and does not count, see ``engine.approvals``.
    """

    _name = "sentinel.approval"
    _description = "Sentinel approval"
    _inherit = ["sentinel.definition.mixin"]
    _order = "id desc"
    _rec_name = "login"
    _log_access = False
    _definition_fields = ("plan_uid", "chosen", "decision", "comment", "via")

    plan_ref = fields.Integer(string="Plan record", required=True, readonly=True, index=True)
    plan_uid = fields.Char(string="Plan", required=True, readonly=True)
    plan_digest = fields.Char(string="Hash of the plan", required=True, readonly=True)
    chosen = fields.Json(
        string="Chosen lines", readonly=True, help="What was decided about; empty for all lines."
    )
    choice = fields.Char(string="Hash of the chosen lines", readonly=True)
    about = fields.Char(compute="_compute_about")
    job_code = fields.Char(string="Job", readonly=True)
    company_ref = fields.Integer(string="Company ID", readonly=True)
    user_ref = fields.Integer(string="User ID", required=True, readonly=True)
    login = fields.Char(string="Who", required=True, readonly=True)
    decision = fields.Selection(selection=DECISIONS, required=True, readonly=True)
    comment = fields.Char(readonly=True)
    via = fields.Selection(
        selection=[("session", "In the browser"), ("key", "By key")], required=True, readonly=True
    )
    at = fields.Datetime(string="When", required=True, readonly=True)
    proof = fields.Char(readonly=True, groups="base.group_system")

    _unique_decision = models.UniqueIndex(
        "(plan_ref, user_ref, COALESCE(choice, ''))", "A person decides about a plan once."
    )

    @api.depends("chosen")
    def _compute_about(self):
        for decision in self:
            decision.about = (
                self.env._("%(count)s chosen lines", count=len(decision.chosen))
                if decision.chosen
                else self.env._("The whole plan")
            )

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._complete(dict(vals), self.env.user) for vals in vals_list])

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("A decision cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_any(self):
        raise UserError(self.env._("A decision cannot be taken back; cancel the run instead."))

    def _complete(self, vals, user):
        """Check that this user may decide, and fill in who, when and the proof of it.

        :raises AccessError: who may not decide
        :raises UserError: about what nobody may decide any more
        """
        plan = self.env["sentinel.run"].sudo().browse(vals["plan_ref"]).exists()
        chosen = vals.get("chosen") or False
        self._check_open(plan, chosen)
        self._check_person(plan, user)
        via = door_of(self.env)
        if via == "key" and not (plan.policy or {}).get("allow_keys"):
            raise AccessError(
                self.env._(
                    "Plans of this job are decided about in the browser, by a person who is logged "
                    "in. A Sentinel manager can allow API keys in the approval policy."
                )
            )
        if vals["decision"] == "deny" and not (vals.get("comment") or "").strip():
            raise ValidationError(self.env._("Say why you deny it."))
        values = {
            "plan_ref": plan.id,
            "plan_uid": plan.uid,
            "plan_digest": plan.plan_digest,
            "chosen": chosen,
            "choice": self._choice(chosen),
            "job_code": plan.job_code,
            "company_ref": plan.company_ref,
            "user_ref": user.id,
            "login": user.login,
            "decision": vals["decision"],
            "comment": (vals.get("comment") or "").strip()[:500] or False,
            "via": via,
            "at": fields.Datetime.now(),
        }
        return dict(values, proof=proof_of(self.new(values)))

    def _check_open(self, plan, chosen):
        if not plan or plan.mode != "plan" or plan.final_status != "dry_run":
            raise UserError(self.env._("Only a finished plan of a remedy can be decided about."))
        if reason := plan._why_expired():
            raise UserError(reason)
        if self._is_made(plan, chosen):
            raise UserError(self.env._("You decided about this plan already."))

    @api.model
    def _check_approver(self, user):
        if not user.has_group("sentinel_ops_addon.group_approver"):
            raise AccessError(
                self.env._(
                    "Only Sentinel approvers may decide about plans. An administrator can give "
                    "you the group Sentinel approval / Approver."
                )
            )

    def _check_person(self, plan, user):
        self._check_approver(user)
        if plan.company_ref not in user.company_ids.ids:
            raise AccessError(self.env._("The plan is about a company that is not yours."))
        waiting = plan._live_runs_of_plan()
        why = {
            "superuser": self.env._("The superuser is no person and cannot decide."),
            "editor": self.env._(
                "You were the last to change the job or its approval policy, so somebody else has "
                "to decide."
            ),
            "run_as": self.env._("The job runs as you, so somebody else has to decide."),
            "requester": self.env._("You asked for it, so somebody else has to decide."),
        }
        reason = barred(plan, waiting).get(user.id)
        if reason:
            raise AccessError(why[reason])

    @api.model
    def _choice(self, chosen):
        return digest(chosen) if chosen else False

    @api.model
    def _is_made(self, plan, chosen):
        """Whether the current user decided about just that already."""
        return bool(
            self.sudo().search_count(
                [
                    ("plan_ref", "=", plan.id),
                    ("user_ref", "=", self.env.uid),
                    ("choice", "=", self._choice(chosen)),
                ],
                limit=1,
            )
        )

    @api.model
    def _decide(self, plan, decision, comment, chosen=False):
        """Put down the current user's decision and wake the runs that wait for it.

        :param chosen: positions of the lines that it is about; ``False`` for all
        """
        made = self.sudo().create(
            {"plan_ref": plan.id, "decision": decision, "comment": comment, "chosen": chosen}
        )
        waiting = plan.sudo()._live_runs_of_plan().filtered(lambda run: run.awaits == "approval")
        waiting.write({"awaits": False})
        wake_dispatcher(self.env)
        return made
