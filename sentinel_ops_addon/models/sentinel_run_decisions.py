"""What people decide about runs: approve, deny, cancel."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.approvals import approvers_needed, may_decide
from ..engine.canonical import utc_text
from ..engine.wake import wake_dispatcher


class SentinelRun(models.Model):
    _inherit = "sentinel.run"

    limits = fields.Json(readonly=True)
    policy = fields.Json(string="Approval policy", readonly=True)
    plan_digest = fields.Char(string="Hash of the plan", readonly=True)
    expires_at = fields.Datetime(
        string="Valid until", readonly=True, help="Until then the plan can be run."
    )
    chosen = fields.Json(readonly=True, help="The plan's lines that were chosen; empty for all.")
    withheld_count = fields.Integer(
        string="Kept out", readonly=True, help="Excluded, or tried before without success."
    )
    awaits = fields.Selection(
        selection=[("approval", "Approval")],
        string="Waits for",
        readonly=True,
        index="btree_not_null",
    )
    heard_count = fields.Integer(
        string="Decisions heard", readonly=True, help="Those that were known when it began to wait."
    )
    approval_ids = fields.One2many(
        comodel_name="sentinel.approval", compute="_compute_approval_ids", string="Decisions"
    )
    waiting_text = fields.Char(compute="_compute_waiting_text")
    can_decide = fields.Boolean(compute="_compute_can_decide")
    is_expired = fields.Boolean(compute="_compute_can_decide")

    def _compute_approval_ids(self):
        approvals = self.env["sentinel.approval"]
        plans = {run: run.plan_ref if run.mode == "live" else run.id for run in self}
        made = approvals.search([("plan_ref", "in", list(plans.values()))]).grouped("plan_ref")
        for run, plan in plans.items():
            run.approval_ids = made.get(plan, approvals)

    @api.depends("guards")
    def _compute_waiting_text(self):
        for run in self:
            run.waiting_text = " ".join(
                guard["message"] for guard in run.guards or [] if guard["verdict"] == "wait"
            )

    def _compute_can_decide(self):
        decisions = self.env["sentinel.approval"]
        is_approver = self.env.user.has_group("sentinel_ops_addon.group_approver")
        for run in self:
            plan = run.browse(run.plan_ref) if run.mode == "live" else run
            run.is_expired = bool(plan._why_expired())
            run.can_decide = (
                is_approver
                and not run.is_expired
                and (run.awaits == "approval" or run.mode == "plan")
                and plan.final_status == "dry_run"
                and any(guard["verdict"] == "wait" for guard in run.guards or [])
                and not decisions._is_made(plan, run.chosen)
            )

    # --- doors -------------------------------------------------------------------------------

    @api.model
    def approve(self, uid, comment=""):
        """Consent to a plan; a live run that waits for it goes on when enough people did.

        :param str uid: ID of the plan, or of the live run that waits: where lines were chosen for
            that, the consent is for these alone
        :param str comment: for the trail
        :rtype: dict
        """
        return self._decided(uid, "approve", comment)

    @api.model
    def deny(self, uid, comment):
        """Refuse a plan; the live run that waits for it ends.

        :param str uid: ID of the plan, or of the live run that waits
        :param str comment: why; required
        :rtype: dict
        """
        return self._decided(uid, "deny", comment)

    @api.model
    def cancel(self, uid, reason):
        """Stop one run: before it starts, or before its next batch.

        What was done stays done and has its lines; the rest is ``not_attempted``.

        :param str uid: the run's ID
        :param str reason: required
        :rtype: dict
        """
        run = self._by_uid(uid)
        if run.state in ("done", "sealing"):
            raise UserError(
                self.env._("The run %(uid)s has ended already; nothing is left to cancel.", uid=uid)
            )
        self.env["sentinel.stop"]._set("run", run.id, run.display_name, reason, run.company_ref)
        if run.awaits:
            run.sudo().awaits = False
        wake_dispatcher(self.env)
        return {"uid": run.uid, "state": run.state, "message": self.env._("It will stop.")}

    def action_approve(self):
        """Ask for a comment, then approve."""
        return self._ask_reason("approve", self.env._("Approve this plan"))

    def action_deny(self):
        """Ask for the reason, then deny."""
        return self._ask_reason("deny", self.env._("Deny this plan"))

    def action_cancel_run(self):
        """Ask for the reason, then cancel."""
        return self._ask_reason("cancel", self.env._("Cancel this run"))

    # --- for the doors -----------------------------------------------------------------------

    def _ask_reason(self, action, title):
        self.ensure_one()
        return self.env["sentinel.reason"]._ask(action, title, self)

    @api.model
    def _decided(self, uid, decision, comment):
        run = self._by_uid(uid)
        plan = run
        if run.mode == "live":
            if not run.plan_ref:
                raise UserError(self.env._("The run has no plan yet; wait until it has one."))
            plan = run.browse(run.plan_ref)
        decisions = self.env["sentinel.approval"]
        # First of all: who may not decide at all is not told what else is in the way.
        decisions._check_approver(self.env.user)
        made = decisions._decide(plan, decision, comment, run.chosen)
        return {
            "plan": plan.uid,
            "digest": made.plan_digest,
            "decision": made.decision,
            "at": utc_text(made.at),
        }

    def _why_expired(self):
        """Why this plan cannot be run or decided about any more; empty while it can."""
        if not self.expires_at or self.expires_at >= fields.Datetime.now():
            return ""
        return self.env._(
            "The plan %(uid)s expired at %(until)s UTC. Make a new one.",
            uid=self.uid,
            until=self.expires_at,
        )

    def _shown_lines(self):
        if self.awaits != "approval":
            return super()._shown_lines()
        # Who decides wants to see what about.
        domain = [("run_id", "=", self.plan_ref), ("outcome", "=", "planned")]
        return domain + ([("position", "in", self.chosen)] if self.chosen else [])

    def _live_runs_of_plan(self):
        """Live runs that apply this plan."""
        self.ensure_one()
        return self.search([("plan_ref", "=", self.id), ("mode", "=", "live")])

    def _chosen_lines(self, lines):
        """Positions of this plan's lines as they were chosen; ``False`` for all of them.

        :raises UserError: when nothing was chosen, or what is no planned line
        """
        if lines is None:
            return False
        if not self:
            raise UserError(self.env._("Lines are chosen from a plan; name the plan."))
        is_list = isinstance(lines, list | tuple)
        if not is_list or not all(type(line) is int and 0 < line < 2**31 for line in lines):
            raise UserError(
                self.env._(
                    "lines must be a list of line numbers of the plan; %(value)r is not.",
                    value=lines,
                )
            )
        if not lines:
            raise UserError(
                self.env._("No line was chosen. An empty choice never means all of them.")
            )
        chosen = sorted(set(lines))
        planned = self.env["sentinel.run.line"].search_count(
            [
                ("run_id", "=", self.id),
                ("outcome", "=", "planned"),
                ("position", "in", chosen),
            ]
        )
        if planned != len(chosen):
            raise UserError(
                self.env._(
                    "%(wrong)s of the %(chosen)s chosen numbers are no planned lines of the plan "
                    "%(uid)s.",
                    wrong=len(chosen) - planned,
                    chosen=len(chosen),
                    uid=self.uid,
                )
            )
        return chosen

    def _deciders(self):
        """Logins of those who may decide, while a decision is missing; else empty."""
        self.ensure_one()
        if self.awaits == "approval":
            plan = self.browse(self.plan_ref)
        elif self._lacks_approval():
            plan = self
        else:
            return []
        return may_decide(plan.sudo()).mapped("login")

    def _lacks_approval(self):
        """Whether this is a plan that live could not carry out yet for want of approval."""
        if self.mode != "plan" or self.final_status != "dry_run" or self.is_expired:
            return False
        needed, _why = approvers_needed(
            self.env, self.policy or {}, self.selected_count, self.amount, self.currency
        )
        made = self.approval_ids.mapped("decision")
        return "deny" not in made and made.count("approve") < needed

    def _as_dict(self):
        return dict(
            super()._as_dict(),
            deciders=self._deciders(),
            decide_by_key=bool((self.policy or {}).get("allow_keys")),
            digest=self.plan_digest or "",
            expires_at=utc_text(self.expires_at),
            awaits=self.awaits or "",
            withheld=self.withheld_count,
            chosen=self.chosen or [],
            approvals=[
                {
                    "login": decision.login,
                    "decision": decision.decision,
                    "lines": decision.chosen or [],
                    "comment": decision.comment or "",
                    "at": utc_text(decision.at),
                    "via": decision.via,
                }
                for decision in self.approval_ids
            ],
        )
