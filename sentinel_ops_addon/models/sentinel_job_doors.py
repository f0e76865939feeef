"""How a job is reached: from other programs and from buttons."""

from odoo import api, models
from odoo.exceptions import AccessError, UserError

from ..engine import requests
from ..engine.canonical import utc_text
from ..engine.health import health
from ..engine.parameters import text

# The version of the remote surface; clients refuse a lower one than they need.
CONTRACT = 1


class SentinelJob(models.Model):
    _inherit = "sentinel.job"

    @api.model
    def catalog(self):
        """All jobs the caller may see, with everything a client needs to offer them.

        :rtype: dict
        """
        # pylint: disable=no-search-all
        # A catalogue is everything; jobs are as many as people made by hand.
        jobs = self.with_context(active_test=False).search([])
        return {**self._who_answers(), "jobs": [job._catalog_entry() for job in jobs]}

    @api.model
    def trigger(
        self,
        code,
        mode="plan",
        parameters=None,
        idempotency_key="",
        reason="",
        origin=None,
        plan="",
        lines=None,
    ):
        """Request a run of a job; returns at once, the run is worked on in the background.

        :param str code: the job's code
        :param str mode: ``plan`` (dry run), ``simulate`` (do it and undo it) or ``live``
        :param dict parameters: values to use instead of the job's own
        :param str idempotency_key: the same key and request again returns the same run
        :param str reason: why, for the trail
        :param dict origin: ``source``, ``host``, ``request_id``, ``version`` as the caller says;
            recorded, never trusted
        :param str plan: ID of a plan to apply; simulate and live only
        :param list lines: positions of the plan's lines to apply; all of them when not given
        :return: ``{"uid", "job", "mode", "state", "status", "repeated", "message"}``
        """
        self._check_operator()
        for name, value in (("parameters", parameters), ("origin", origin)):
            if not isinstance(value or {}, dict):
                raise UserError(
                    self.env._(
                        "%(name)s must map names to values; %(value)r does not.",
                        name=name,
                        value=value,
                    )
                )
        return self._by_code(code)._request(
            mode,
            given=parameters or {},
            idempotency_key=idempotency_key,
            reason=reason,
            origin=requests.claimed_origin(origin or {}),
            plan=plan,
            lines=lines,
        )

    @api.model
    def health(self):
        """Whether requests will be worked on, and if not, why and what to do.

        :rtype: dict
        """
        # As strict as the catalogue: what is wrong with a server is not for everybody's eyes.
        self.check_access("read")
        chain = self.env["sentinel.chain"]._identity()
        return dict(
            health(self.env),
            contract=CONTRACT,
            addon_version=self._addon_version(),
            chain=chain.uid,
            head=str(chain.position),
            head_seal=chain.seal,
        )

    def action_plan(self):
        """Plan now, from the menu."""
        return self._trigger_from_menu("plan")

    def action_simulate(self):
        """Do it and undo it now, from the menu."""
        return self._trigger_from_menu("simulate")

    def action_run(self):
        """Run for real now, from the menu."""
        return self._trigger_from_menu("live")

    def action_open_runs(self):
        """The runs of this job."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "sentinel_ops_addon.sentinel_run_action"
        )
        action["domain"] = [("job_ref", "=", self.id)]
        action["context"] = {}
        return action

    def action_open_cron(self):
        """The job's scheduled action, for those who may see it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "ir.cron",
            "res_id": self.cron_id.id,
            "views": [(False, "form")],
        }

    # --- for the doors -----------------------------------------------------------------------

    @api.model
    def _check_operator(self):
        if not self.env.user.has_group("sentinel_ops_addon.group_operator"):
            raise AccessError(
                self.env._(
                    "Only Sentinel operators may trigger jobs. An administrator can give you the "
                    "group Sentinel / Operator."
                )
            )

    @api.model
    def _who_answers(self):
        """What a client checks before it believes an answer."""
        return {
            "contract": CONTRACT,
            "addon_version": self._addon_version(),
            "chain": self.env["sentinel.chain"]._identity().uid,
            "database": self.env.cr.dbname,
        }

    @api.model
    def _addon_version(self):
        module = self.env.ref("base.module_sentinel_ops_addon").sudo()
        return module.installed_version or module.latest_version or ""

    def _modes(self):
        return ["plan", "simulate", "live"] if self.shape == "remedy" else ["plan"]

    def _is_undoable(self):
        operation = self.task_id._operation()
        return operation is not None and operation._operation_undo

    def _tag_list(self):
        return [tag for tag in (self.tags or "").split(", ") if tag]

    def _catalog_entry(self):
        self.ensure_one()
        contract = self.task_id._contract()
        own = self._own_parameters()
        model = "" if contract is None else contract._target_model(own)
        last = self.last_run_id
        return {
            "code": self.code,
            "name": self.name,
            "description": self.task_summary or "",
            "tags": self._tag_list(),
            "task": self.task_id.code,
            "shape": self.shape or "",
            "modes": self._modes(),
            "model": model,
            "model_name": self._model_label(model),
            "available": self.is_available,
            "unavailable_reason": self.unavailable_reason or "",
            "undoable": self._is_undoable(),
            "active": self.active,
            "company": self.company_id.sudo().name,
            "run_as": self.run_as_id.sudo().login,
            "caps": self._caps(),
            "schedule": {
                "active": self.schedule_active,
                "every": self.schedule_number,
                "unit": self.schedule_unit,
                "next": utc_text(self.schedule_next) if self.schedule_active else "",
                "mode": self.schedule_mode,
            },
            "parameters": [
                self._parameter_entry(parameter, own)
                for parameter in (contract._task_parameters if contract is not None else ())
            ],
            "last_run": {
                "uid": last.uid,
                "mode": last.mode,
                "status": last.final_status or "",
                "verdict": last.verdict or "",
                "ended_at": utc_text(last.ended_at),
            }
            if last
            else {},
        }

    def _parameter_entry(self, parameter, own):
        entry = {
            "name": parameter.name,
            "type": parameter.type,
            "label": text(self.env, parameter.label),
            "help": text(self.env, parameter.help),
            "required": parameter.required,
            "value": own.get(parameter.name, parameter.default),
            "default": parameter.default,
            "overridable": parameter.overridable,
        }
        # XML-RPC has no None: where there is no value there is no key.
        for key in ("value", "default"):
            if entry[key] is None:
                del entry[key]
        if parameter.minimum is not None:
            entry["minimum"] = parameter.minimum
        if parameter.maximum is not None:
            entry["maximum"] = parameter.maximum
        if parameter.choices:
            entry["choices"] = [
                {"value": value, "label": text(self.env, label)}
                for value, label in parameter.choices
            ]
        return entry

    def _model_label(self, model):
        return self.env["ir.model"]._get(model).sudo().name or "" if model in self.env else ""

    def _caps(self):
        self.ensure_one()
        return {"max_records": self.max_records} if self.has_max_records else {}
