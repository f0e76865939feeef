"""A task with its parameters, schedule and limits."""

import re

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..engine.parameters import ParameterError, check_names, complete
from ..engine.vocabulary import MODES, STATES, STATUSES, VERDICTS

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
