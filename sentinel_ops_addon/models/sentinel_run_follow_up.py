"""Runs that follow another one: undo what it did, retry what it left."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import requests
from ..engine.parameters import ParameterError, complete
from ..engine.retry import RETRIED
from ..engine.vocabulary import SOURCES


class SentinelRun(models.Model):
    """The new run points to the old one, which is sealed and never learns of it."""

    # One idea a file: a run's follow-ups apart from the run and from the decisions about it.
    _inherit = "sentinel.run"  # pylint: disable=consider-merging-classes-inherited

    undoes_ref = fields.Integer(string="Undoes run record", readonly=True)
    undoes_uid = fields.Char(string="Undoes run", readonly=True)
    retries_ref = fields.Integer(string="Retries run record", readonly=True)
    retries_uid = fields.Char(string="Retries run", readonly=True)
    can_undo = fields.Boolean(compute="_compute_can_follow")
    can_retry = fields.Boolean(compute="_compute_can_follow")
    follow_up_count = fields.Integer(string="Undos and retries", compute="_compute_follow_ups")

    _undoes_index = models.Index("(undoes_ref) WHERE undoes_ref > 0")
    _retries_index = models.Index("(retries_ref) WHERE retries_ref > 0")

    @api.depends("mode", "state", "outcomes", "undoes_ref")
    def _compute_can_follow(self):
        for run in self:
            run.can_undo = not run._why_not_undo()
            run.can_retry = not run._why_not_retry()

    def _compute_follow_ups(self):
        for run in self:
            run.follow_up_count = self.search_count(run._follow_up_domain())

    # --- doors -------------------------------------------------------------------------------

    @api.model
    def undo(self, uid, mode="plan", reason="", idempotency_key="", origin=None):
        """Request a run that puts back what a live run changed.

        Record by record: what was changed again since, is gone, or cannot be put back exactly is
        refused and stays as it is. May be repeated: what was undone already counts as changed.

        :param str uid: the live run whose changes are to be undone
        :param str mode: as for ``trigger``; its plan shows what would be put back
        :return: what ``trigger`` returns
        """
        origin = requests.claimed_origin(origin)
        return self._request_follow_up("undo", uid, mode, reason, idempotency_key, origin)

    @api.model
    def retry(self, uid, mode="plan", reason="", idempotency_key="", origin=None):
        """Request a run on the records that a live run left: failed, in use, not attempted.

        It looks anew, with the parameters of the old run: only those that are trouble still are
        selected, all of them, whatever the job's limit.

        :param str uid: the live run to retry
        :param str mode: as for ``trigger``
        :return: what ``trigger`` returns
        """
        origin = requests.claimed_origin(origin)
        return self._request_follow_up("retry", uid, mode, reason, idempotency_key, origin)

    @api.model
    def status(self, uid):
        """Everything about one run but its lines; what came later is looked up each time."""
        run = self._by_uid(uid)
        followers = self.search(run._follow_up_domain() + [("mode", "=", "live")], order="id")
        return dict(
            super().status(uid),
            undone_by=[other.uid for other in followers if other.undoes_ref == run.id],
            retried_by=[other.uid for other in followers if other.retries_ref == run.id],
        )

    def action_undo(self):
        """Plan the undo of this run, from the menu."""
        return self._follow_up_from_menu("undo")

    def action_retry(self):
        """Plan the retry of this run, from the menu."""
        return self._follow_up_from_menu("retry")

    def action_open_follow_ups(self):
        """The runs that undo or retry this one."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "sentinel_ops_addon.sentinel_run_action"
        )
        action["domain"] = self._follow_up_domain()
        action["context"] = {}
        return action

    # --- for the doors -----------------------------------------------------------------------

    def _as_dict(self):
        return dict(
            super()._as_dict(), undoes=self.undoes_uid or "", retries=self.retries_uid or ""
        )

    def _follow_up_domain(self):
        return ["|", ("undoes_ref", "=", self.id), ("retries_ref", "=", self.id)]

    def _why_not_undo(self):
        """Why nothing of this run can be undone, for people; empty when it can be tried."""
        self.ensure_one()
        if reason := self._why_not_follow():
            return reason
        if self.undoes_ref:
            return self.env._(
                "It undid another run itself. To do again what it undid, run the job again."
            )
        operation = self._operation()
        if operation is None or not operation._operation_undo:
            return self.env._("What this job does cannot be put back by Sentinel.")
        if self._line_count("done") == self._announced_count():
            return self.env._("It changed nothing.")
        return ""

    def _why_not_retry(self):
        """Why there is nothing to retry, for people; empty when there is something."""
        self.ensure_one()
        if reason := self._why_not_follow():
            return reason
        if self.undoes_ref:
            return self.env._(
                "It undid another run: undo that one again, and only what is left will be tried."
            )
        if not sum((self.outcomes or {}).get(outcome, 0) for outcome in RETRIED):
            return self.env._("It left no record that failed, was in use, or was not attempted.")
        return ""

    def _why_not_follow(self):
        if self.mode != "live":
            return self.env._("It changed nothing, because it was a dry run.")
        if self.state != "done":
            return self.env._("It has not ended yet.")
        if self.lines_removed:
            return self.env._("Its lines were removed after the retention period.")
        return ""

    def _operation(self):
        task = self.env.get(f"sentinel.task.{self.task_code}")
        return None if task is None else self.env.get(f"sentinel.operation.{task._task_operation}")

    def _follow_up_from_menu(self, kind):
        self.ensure_one()
        run = self._request_follow_up(kind, self.uid, "plan", "", "", {"source": "menu"})
        return {
            "type": "ir.actions.act_window",
            "res_model": "sentinel.run",
            "res_id": run["id"],
            "views": [(False, "form")],
        }

    @api.model
    def _request_follow_up(self, kind, uid, mode, reason, idempotency_key, origin):
        """Check a request to undo or retry a run and commit it as a queued run."""
        jobs = self.env["sentinel.job"]
        jobs._check_operator()
        if not isinstance(origin or {}, dict):
            raise UserError(
                self.env._("origin must map names to values; %(value)r does not.", value=origin)
            )
        run = self._by_uid(uid)
        asked = {kind: run.uid, "mode": mode}
        key = str(idempotency_key or "")
        # Before anything is checked: what was accepted once stays accepted.
        repeated = requests.find_repeated(self.env, key, asked)
        if repeated:
            return repeated
        run._check_can_follow(kind)
        job = run._job_to_follow()
        job._check_requestable(mode)
        origin = requests.cleaned_origin(origin or {}, [source for source, _label in SOURCES])
        values = job._request_values(mode, run._parameters_again(kind), origin)
        values.update(
            run._same_eyes(),
            **run._pointer(kind),
            reason=str(reason or "")[:500] or False,
            idempotency_key=key or False,
        )
        return requests.submit(self.env, requests.Request(values=values, asked=asked))

    def _check_can_follow(self, kind):
        if kind == "undo" and (reason := self._why_not_undo()):
            raise UserError(
                self.env._(
                    "The run %(uid)s cannot be undone. %(reason)s", uid=self.uid, reason=reason
                )
            )
        if kind == "retry" and (reason := self._why_not_retry()):
            raise UserError(
                self.env._(
                    "There is nothing to retry in the run %(uid)s. %(reason)s",
                    uid=self.uid,
                    reason=reason,
                )
            )

    def _job_to_follow(self):
        """The job of this run, whose caps and approval count for what follows it too."""
        job = self.job_id
        if not job:
            raise UserError(
                self.env._("The job of this run does not exist any more, or you may not see it.")
            )
        if job.task_id.code != self.task_code:
            raise UserError(
                self.env._(
                    "The job %(code)s has another task now than when it made this run.",
                    code=job.code,
                )
            )
        return job

    def _parameters_again(self, kind):
        """The old run's parameters, as the task understands them today."""
        contract = self.job_id.task_id._contract()
        try:
            values = complete(contract._task_parameters, self.parameters or {}, {})
            if kind == "retry":
                contract.with_user(self._run_as_user())._check_parameters(values)
        except ParameterError as error:
            raise UserError(str(error)) from None
        return values

    def _run_as_user(self):
        """The user that the old run worked as, who must be able to go on.

        Not the job's user of today: a rule that one person wrote is not for another's eyes.
        """
        user = self.env["res.users"].sudo().browse(self.run_as_ref).exists()
        if not user.active or self.company_ref not in user.company_ids.ids:
            raise UserError(
                self.env._(
                    "The run worked as %(user)s in the company %(company)s, who is archived or "
                    "may not see that company any more. Run the job again instead.",
                    user=self.run_as_login,
                    company=self.company_name,
                )
            )
        return user

    def _same_eyes(self):
        """Columns of a run that works as the same user, in the same company, on the same model."""
        user = self._run_as_user()
        return {
            "run_as_login": user.login,
            **{
                name: self[name]
                for name in (
                    "run_as_ref",
                    "company_ref",
                    "company_name",
                    "currency",
                    "target_model",
                    "target_model_name",
                )
            },
        }

    def _pointer(self, kind):
        if kind == "undo":
            return {"undoes_ref": self.id, "undoes_uid": self.uid}
        return {"retries_ref": self.id, "retries_uid": self.uid}

    def _follow_up_values(self):
        """What a live run takes over from its saved plan, where that is of an undo or a retry."""
        if not self.undoes_ref and not self.retries_ref:
            return {}
        pointers = ("undoes_ref", "undoes_uid", "retries_ref", "retries_uid")
        return {**self._same_eyes(), **{name: self[name] for name in pointers}}
