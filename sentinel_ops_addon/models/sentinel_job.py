"""A task with its parameters, schedule and limits."""

import re

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..engine import requests
from ..engine.canonical import utc_text
from ..engine.health import health
from ..engine.parameters import ParameterError, check_names, complete, text
from ..engine.vocabulary import MODES, SOURCES, STATES, STATUSES, VERDICTS

# The version of the remote surface; clients refuse a lower one than they need.
CONTRACT = 1


# What a schedule is on the job, and on its scheduled action.
_SCHEDULE = {
    "schedule_active": "active",
    "schedule_number": "interval_number",
    "schedule_unit": "interval_type",
    "schedule_next": "nextcall",
}
_SCHEDULE_FIELDS = list(_SCHEDULE)


def _take_schedule(vals):
    """Take the schedule out of values for a job, as values for its scheduled action."""
    schedule = {cron: vals.pop(job) for job, cron in _SCHEDULE.items() if job in vals}
    if not schedule.get("nextcall", True):
        # An emptied moment: Odoo's own default, or what it was.
        del schedule["nextcall"]
    return schedule


class SentinelJob(models.Model):
    _name = "sentinel.job"
    _description = "Sentinel job"
    _inherit = ["mail.thread"]
    _order = "sequence, name"

    name = fields.Char(required=True, translate=True, tracking=True)
    code = fields.Char(
        required=True,
        copy=False,
        tracking=True,
        help="What the command line and remote calls name the job by.",
    )
    active = fields.Boolean(default=True, tracking=True)
    sequence = fields.Integer(default=10)
    task_id = fields.Many2one(
        comodel_name="sentinel.task", required=True, ondelete="restrict", tracking=True
    )
    task_summary = fields.Text(related="task_id.summary")
    shape = fields.Selection(related="task_id.shape", store=True)
    tags = fields.Char(related="task_id.tags")
    parameters = fields.Properties(definition="task_id.parameter_definition", copy=True)
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        default=lambda self: self.env.company,
        ondelete="restrict",
        tracking=True,
        help="The job sees the records of this company only.",
    )
    run_as_id = fields.Many2one(
        comodel_name="res.users",
        required=True,
        default=lambda self: self.env.user,
        ondelete="restrict",
        tracking=True,
        help="The job sees and does what this user may see and do.",
    )
    has_max_records = fields.Boolean(
        string="Cap the records",
        default=True,
        tracking=True,
        help="Without any cap a remedy cannot go live.",
    )
    max_records = fields.Integer(
        string="Most records in one run",
        default=100,
        tracking=True,
        help="A live run that selects more stops before its first change. Zero allows none.",
    )

    is_available = fields.Boolean(string="Available", compute="_compute_availability")
    unavailable_reason = fields.Char(compute="_compute_availability")

    cron_id = fields.Many2one(
        comodel_name="ir.cron",
        string="Scheduled action",
        readonly=True,
        copy=False,
        ondelete="set null",
        groups="base.group_system",
    )
    # Held by the scheduled action alone; create() and write() pass them on.
    schedule_active = fields.Boolean(
        string="Scheduled", compute="_compute_schedule", readonly=False
    )
    schedule_number = fields.Integer(
        string="Every", compute="_compute_schedule", readonly=False, default=1
    )
    schedule_unit = fields.Selection(
        selection="_selection_schedule_unit",
        compute="_compute_schedule",
        readonly=False,
        default="days",
    )
    schedule_next = fields.Datetime(string="Next run", compute="_compute_schedule", readonly=False)
    schedule_mode = fields.Selection(
        selection=MODES,
        required=True,
        default="plan",
        tracking=True,
        help="What the schedule does: only look (plan), do and undo (simulation), or repair.",
    )

    last_run_id = fields.Many2one(comodel_name="sentinel.run", compute="_compute_last_run")
    last_state = fields.Selection(selection=STATES, compute="_compute_last_run")
    last_status = fields.Selection(
        selection=STATUSES, string="Last outcome", compute="_compute_last_run"
    )
    last_verdict = fields.Selection(
        selection=VERDICTS, string="Verdict", compute="_compute_last_run"
    )
    last_mode = fields.Selection(selection=MODES, compute="_compute_last_run")
    last_ended_at = fields.Datetime(string="Last run", compute="_compute_last_run")
    last_summary = fields.Char(string="What it found", compute="_compute_last_run")
    run_count = fields.Integer(compute="_compute_last_run")

    _unique_code = models.UniqueIndex("(code)", "A job with this code exists already.")
    _check_max_records = models.Constraint(
        "CHECK (max_records >= 0)", "The cap on records cannot be negative."
    )

    @api.depends("task_id")
    def _compute_availability(self):
        for job in self:
            job.unavailable_reason = job.task_id._unavailable_reason() if job.task_id else ""
            job.is_available = not job.unavailable_reason

    @api.depends("cron_id")
    def _compute_schedule(self):
        for job in self:
            cron = job.sudo().cron_id
            job.schedule_active = cron.active
            job.schedule_number = cron.interval_number or 1
            job.schedule_unit = cron.interval_type or "days"
            job.schedule_next = cron.nextcall

    def _compute_last_run(self):
        runs = self.env["sentinel.run"]
        # The plan that a live run makes for itself is part of that run, not the job's last one.
        groups = runs._read_group(
            [("job_ref", "in", self.ids), ("source", "!=", "engine")],
            ["job_ref"],
            ["__count", "id:max"],
        )
        by_job = {job: (count, last) for job, count, last in groups}
        for job in self:
            count, last_id = by_job.get(job.id, (0, False))
            last = runs.browse(last_id)
            job.run_count = count
            job.last_run_id = last
            job.last_state = last.state
            job.last_status = last.final_status
            job.last_verdict = last.verdict
            job.last_mode = last.mode
            job.last_ended_at = last.ended_at
            job.last_summary = last._summary() if last else ""

    def _selection_schedule_unit(self):
        return self.env["ir.cron"]._fields["interval_type"]._description_selection(self.env)

    @api.constrains("code")
    def _check_code(self):
        for job in self:
            if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", job.code or ""):
                raise ValidationError(
                    self.env._(
                        "The code %(code)r must start with a lower-case letter and hold only "
                        "lower-case letters, digits and underscores.",
                        code=job.code,
                    )
                )

    @api.constrains("run_as_id", "company_id")
    def _check_run_as(self):
        root = self.env.ref("base.user_root")
        for job in self:
            user = job.run_as_id.sudo()
            if user == root:
                raise ValidationError(
                    self.env._("A job cannot run as the superuser; choose a person or a bot.")
                )
            if job.company_id not in user.company_ids:
                raise ValidationError(
                    self.env._(
                        "%(user)s may not see the company %(company)s, so the job cannot run as "
                        "this user there.",
                        user=user.name,
                        company=job.company_id.name,
                    )
                )

    @api.constrains("schedule_mode", "task_id")
    def _check_schedule_mode(self):
        for job in self:
            if job.schedule_mode not in job._modes():
                raise ValidationError(
                    self.env._("%(job)s only looks, so its schedule can only plan.", job=job.name)
                )

    @api.constrains("parameters", "task_id")
    def _check_parameters(self):
        for job in self:
            if job.task_id._contract() is not None:
                job._effective_parameters({})

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            task = self.env["sentinel.task"].browse(vals.get("task_id"))
            vals["parameters"] = self._merged_parameters(task, {}, vals.get("parameters"))
        schedules = [_take_schedule(vals) for vals in vals_list]
        jobs = super().create(vals_list)
        jobs._check_whose_eyes()
        for job, schedule in zip(jobs, schedules, strict=True):
            job._apply_schedule(schedule)
        return jobs

    def write(self, vals):
        vals = dict(vals)
        schedule = _take_schedule(vals)
        if not self._may_set_run_as() and self._changes_what_is_seen(vals):
            # What is looked for is seen through the eyes of whoever chose it.
            vals.setdefault("run_as_id", self.env.user.id)
        if "task_id" in vals:
            # Another task has other parameters; those not given take its defaults.
            vals.setdefault("parameters", {})
        if "parameters" in vals:
            # Job by job: Odoo clears the properties that a write does not name.
            result = True
            for job in self:
                result = super(SentinelJob, job).write(job._with_all_parameters(vals))
        else:
            result = super().write(vals)
        if "run_as_id" in vals:
            self._check_whose_eyes()
        if vals.get("active") is False:
            schedule["active"] = False
        if schedule or "name" in vals:
            for job in self:
                job._apply_schedule(schedule)
        return result

    def copy_data(self, default=None):
        values_list = super().copy_data(default=default)
        for job, values in zip(self, values_list, strict=True):
            values.setdefault("code", job._free_code())
            if not self._may_set_run_as():
                values["run_as_id"] = self.env.user.id
        return values_list

    def _free_code(self):
        """A code for a copy of this job that no job has."""
        jobs = self.sudo().with_context(active_test=False)
        number = 2
        while jobs.search_count([("code", "=", f"{self.code[:58]}_{number}")]):
            number += 1
        return f"{self.code[:58]}_{number}"

    def unlink(self):
        crons = self.sudo().cron_id
        result = super().unlink()
        # After the job: Odoo refuses to delete an action that runs, and says to try again.
        crons.unlink()
        return result

    def _may_set_run_as(self):
        return self.env.su or self.env.user.has_group("base.group_system")

    def _check_whose_eyes(self):
        """Whoever is no administrator can only lend their own eyes to a job.

        Tested on the records, not on what was written: defaults, context and copies count too.
        """
        if self._may_set_run_as():
            return
        if any(job.run_as_id != self.env.user for job in self):
            raise AccessError(
                self.env._(
                    "Only an administrator may let a job run as somebody else; you can choose "
                    "yourself."
                )
            )

    # --- parameters --------------------------------------------------------------------------

    @api.model
    def _merged_parameters(self, task, own, given):
        """Complete the values that a form or a call gives with those already there.

        :param own: values of the job so far
        :param given: a dict, or the list of definitions with values that the web client sends
        """
        contract = task._contract() if task else None
        if contract is None:
            return given or {}
        if isinstance(given, list):
            given = {item["name"]: item.get("value") for item in given}
        given = dict(given or {})
        declared = contract._task_parameters
        try:
            check_names(declared, given)
        except ParameterError as error:
            raise ValidationError(str(error)) from None
        merged = {}
        for parameter in declared:
            value = given.get(parameter.name, own.get(parameter.name, parameter.default))
            # An emptied input means "the default", except where false is a value.
            if value is None or value is False and parameter.type != "boolean":
                value = parameter.default
            try:
                merged[parameter.name] = parameter.clean(value)
            except ParameterError as error:
                raise ValidationError(str(error)) from None
        return merged

    def _with_all_parameters(self, vals):
        """Values for this job with its parameters completed."""
        self.ensure_one()
        task = self.env["sentinel.task"].browse(vals.get("task_id", self.task_id.id))
        own = self._own_parameters() if task == self.task_id else {}
        return dict(vals, parameters=self._merged_parameters(task, own, vals["parameters"]))

    def _changes_what_is_seen(self, vals):
        """Whether a write decides anew what the jobs look at: another task, or a rule's text."""
        if "task_id" in vals and any(job.task_id.id != vals["task_id"] for job in self):
            return True
        contracts = [job.task_id._contract() for job in self]
        return "parameters" in vals and any(
            contract is not None and contract._task_no_code for contract in contracts
        )

    def _own_parameters(self):
        self.ensure_one()
        # Not dict(self.parameters): that gives the label of a selection instead of its value.
        (row,) = self.read(["parameters"])
        return {item["name"]: item.get("value") for item in row["parameters"] or []}

    def _effective_parameters(self, given):
        """The parameters of a run of this job, validated.

        :raises ValidationError: with what is allowed
        """
        self.ensure_one()
        contract = self.task_id._contract()
        try:
            values = complete(contract._task_parameters, self._own_parameters(), given)
            contract.with_user(self.sudo().run_as_id)._check_parameters(values)
        except ParameterError as error:
            raise ValidationError(str(error)) from None
        return values

    # --- schedule ----------------------------------------------------------------------------

    def _apply_schedule(self, values):
        """Bring the job's scheduled action in line; it is made when first needed.

        :param values: columns of ``ir.cron`` that change
        """
        self.ensure_one()
        if values.get("interval_number", 1) < 1:
            raise ValidationError(self.env._("A schedule repeats every 1 or more units of time."))
        cron = self.sudo().cron_id
        values = dict(values, name=self.env._("Sentinel: %(job)s", job=self.name))
        if cron:
            cron.write(values)
        elif values.get("active"):
            self.sudo().cron_id = cron._make_for_job(self, values)
        self.invalidate_recordset(_SCHEDULE_FIELDS)

    @api.model
    def _run_schedule(self, job_id):
        """Queue the run of a scheduled moment; called by the job's scheduled action.

        ``nextcall`` is the moment only when it is due: *Run Manually* leaves it in the future, and
        is then a request like any other.
        """
        job = self.browse(job_id)
        cron = job.sudo().cron_id
        now = fields.Datetime.now()
        if cron.nextcall > now:
            return job._request(job.schedule_mode, origin={"source": "menu"})["uid"]
        moment = {
            "scheduled_for": cron.nextcall,
            "missed_count": cron._moments_missed(now),
        }
        try:
            answer = job._request(job.schedule_mode, origin={"source": "schedule"}, **moment)
        except (UserError, ValidationError) as error:
            # Nobody is there to read it: the moment gets its run all the same, and that says why.
            answer = job._request_refused(str(error), **moment)
        return answer["uid"]

    # --- doors -------------------------------------------------------------------------------

    @api.model
    def catalog(self):
        """All jobs the caller may see, with everything a client needs to offer them.

        :rtype: dict
        """
        # pylint: disable=no-search-all
        # A catalogue is everything; jobs are as many as people made by hand.
        jobs = self.with_context(active_test=False).search([])
        return {
            "contract": CONTRACT,
            "addon_version": self._addon_version(),
            "chain": self.env["sentinel.chain"]._identity().uid,
            "database": self.env.cr.dbname,
            "jobs": [job._catalog_entry() for job in jobs],
        }

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
        return dict(
            health(self.env),
            contract=CONTRACT,
            addon_version=self._addon_version(),
            chain=self.env["sentinel.chain"]._identity().uid,
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
    def _addon_version(self):
        module = self.env.ref("base.module_sentinel_ops_addon").sudo()
        return module.installed_version or module.latest_version or ""

    def _modes(self):
        return ["plan", "simulate", "live"] if self.shape == "remedy" else ["plan"]

    def _is_undoable(self):
        operation = self.task_id._operation()
        return operation is not None and operation._operation_undo

    def _catalog_entry(self):
        self.ensure_one()
        contract = self.task_id._contract()
        own = self._own_parameters()
        model = contract._task_model if contract is not None else ""
        if contract is not None and contract._task_no_code:
            model = own.get("model") or ""
        last = self.last_run_id
        return {
            "code": self.code,
            "name": self.name,
            "description": self.task_summary or "",
            "tags": [tag for tag in (self.tags or "").split(", ") if tag],
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
        model = ""
        if contract is not None:
            model = parameters.get("model") if contract._task_no_code else contract._task_model
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
        if saved.expires_at and saved.expires_at < fields.Datetime.now():
            raise UserError(
                self.env._(
                    "The plan %(plan)s expired at %(until)s UTC. Make a new one.",
                    plan=plan,
                    until=saved.expires_at,
                )
            )
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
