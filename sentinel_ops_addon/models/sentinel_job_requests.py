"""From a job to a request for a run: what is checked, and what the run keeps."""

from odoo import fields, models
from odoo.exceptions import UserError

from ..engine import requests
from ..engine.vocabulary import SOURCES


class SentinelJob(models.Model):
    _inherit = "sentinel.job"

    def _trigger_from_menu(self, mode, plan="", lines=None):
        self.ensure_one()
        self._check_operator()
        run = self._request(mode, origin={"source": "menu"}, plan=plan, lines=lines)
        return {
            "type": "ir.actions.act_window",
            "res_model": "sentinel.run",
            "res_id": run["id"],
            "views": [(False, "form")],
        }

    def _request(
        self,
        mode,
        *,
        given=None,
        idempotency_key="",
        reason="",
        origin=None,
        plan="",
        lines=None,
        **moment,
    ):
        """Check a request against the job and commit it as a queued run.

        :param moment: ``scheduled_for`` and ``missed_count``, from the schedule only
        :return: what ``trigger`` returns, and the run's ``id``
        """
        self.ensure_one()
        origin = requests.cleaned_origin(origin or {}, [source for source, _label in SOURCES])
        asked = {"job": self.code, "mode": mode, "parameters": given or {}, "plan": plan or ""}
        if lines is not None:
            asked["lines"] = lines
        key = str(idempotency_key or "")
        # Before anything is checked: what was accepted once stays accepted.
        repeated = requests.find_repeated(self.env, key, asked)
        if repeated:
            return repeated
        self._check_requestable(mode)
        saved_plan = self._plan_to_apply(mode, plan, given or {})
        if saved_plan:
            parameters = saved_plan.parameters or {}
        else:
            parameters = self._effective_parameters(dict(given or {}))
        values = self._request_values(mode, parameters, origin)
        values.update(
            saved_plan._follow_up_values(),
            reason=str(reason or "")[:500] or False,
            idempotency_key=key or False,
            plan_ref=saved_plan.id or False,
            plan_uid=saved_plan.uid or False,
            chosen=saved_plan._chosen_lines(lines),
            **moment,
        )
        return requests.submit(self.env, requests.Request(values=values, asked=asked))

    def _request_refused(self, error, **moment):
        """Commit a scheduled moment that could not even be requested, as a failed run."""
        origin = requests.cleaned_origin({"source": "schedule"}, ["schedule"])
        values = self._request_values(self.schedule_mode, {}, origin)
        values.update(moment, state="sealing", final_status="failure", verdict="error", error=error)
        values["ended_at"] = fields.Datetime.now()
        return requests.submit(self.env, requests.Request(values=values, asked={}))

    def _request_values(self, mode, parameters, origin):
        """What a run keeps of its job and of who asked, as it is now."""
        contract = self.task_id._contract()
        model = "" if contract is None else contract._target_model(parameters)
        user = self.env.user
        origin = dict(origin)
        return {
            "mode": mode,
            "job_ref": self.id,
            "job_code": self.code,
            "job_name": self.name,
            "task_code": self.task_id.code,
            "shape": self.task_id.shape,
            "target_model": model or False,
            "target_model_name": self._model_label(model) if model else False,
            "requested_by_ref": user.id,
            "requested_by_login": user.login,
            "run_as_ref": self.run_as_id.id,
            "run_as_login": self.run_as_id.sudo().login,
            "company_ref": self.company_id.id,
            "company_name": self.company_id.sudo().name,
            "currency": self.company_id.sudo().currency_id.name,
            "currency_digits": self.company_id.sudo().currency_id.decimal_places,
            "source": origin.pop("source"),
            "request_uid": origin.pop("request_id", False),
            "origin": origin,
            "parameters": parameters,
            "caps": self._caps(),
        }

    def _check_requestable(self, mode):
        if not self.active:
            raise UserError(
                self.env._(
                    "The job %(code)s is archived. A Sentinel manager can unarchive it.",
                    code=self.code,
                )
            )
        if mode not in self._modes():
            raise UserError(
                self.env._(
                    "The job %(code)s knows the modes %(modes)s; %(mode)r is not one of them.",
                    code=self.code,
                    modes=", ".join(self._modes()),
                    mode=mode,
                )
            )
        if not self.is_available:
            raise UserError(
                self.env._(
                    "The job %(code)s cannot run in this database. %(reason)s",
                    code=self.code,
                    reason=self.unavailable_reason,
                )
            )
        if not self.run_as_id.sudo().active:
            raise UserError(
                self.env._(
                    "The job %(code)s runs as %(user)s, who is archived. A Sentinel manager can "
                    "choose another user on the job.",
                    code=self.code,
                    user=self.run_as_id.sudo().login,
                )
            )
        if self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"):
            raise UserError(
                self.env._(
                    "This database is a neutralized copy: its jobs are switched off, so that a "
                    "test copy cannot act like the real one."
                )
            )

    def _plan_to_apply(self, mode, plan, given):
        """The saved plan that a run shall apply; an empty recordset when none is named."""
        runs = self.env["sentinel.run"]
        if not plan:
            return runs
        if mode not in ("simulate", "live"):
            raise UserError(self.env._("Only a live run or a simulation can apply a plan."))
        if given:
            raise UserError(
                self.env._("A plan has its parameters already; give a plan or parameters.")
            )
        saved = runs._by_uid(plan)
        if reason := saved._why_expired():
            raise UserError(reason)
        if (saved.job_ref, saved.task_code, saved.company_ref) != (
            self.id,
            self.task_id.code,
            self.company_id.id,
        ) or (saved.mode, saved.final_status) != ("plan", "dry_run"):
            raise UserError(
                self.env._(
                    "The run %(plan)s is not a finished plan of the job %(code)s.",
                    plan=plan,
                    code=self.code,
                )
            )
        # What follows an older run works as that run's user, whoever the job's is by now.
        follows = saved.undoes_ref or saved.retries_ref
        if not follows and saved.run_as_ref != self.run_as_id.id:
            raise UserError(
                self.env._(
                    "The job %(code)s runs as somebody else now than when the plan %(plan)s was "
                    "made. Make a new plan.",
                    plan=plan,
                    code=self.code,
                )
            )
        return saved
