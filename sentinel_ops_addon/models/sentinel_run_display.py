"""A run as people see it: its form, its tables, its sentence, its buttons."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from . import tables

# Lines on the form of a run; all of them are behind its button.
SHOWN_LINES = 40


class SentinelRun(models.Model):
    """Nothing of this is stored: it is made, each time, from what the run keeps."""

    _inherit = "sentinel.run"

    progress = fields.Float(compute="_compute_progress")
    summary = fields.Char(compute="_compute_summary")
    kpis_html = fields.Html(string="Figures table", compute="_compute_tables", sanitize=False)
    guards_html = fields.Html(string="Guards table", compute="_compute_tables", sanitize=False)
    footprint_html = fields.Html(
        string="Footprint table", compute="_compute_tables", sanitize=False
    )
    side_effects_html = fields.Html(
        string="Side effects table", compute="_compute_tables", sanitize=False
    )
    guard_warning = fields.Char(compute="_compute_tables")
    parameters_text = fields.Char(string="Parameters used", compute="_compute_tables")
    duration = fields.Float(
        string="Duration (s)", compute="_compute_duration", help="From start to end, in seconds."
    )
    # Some of them, for the form: a run may have a million.
    first_line_ids = fields.One2many(
        comodel_name="sentinel.run.line", compute="_compute_first_lines", string="First lines"
    )

    @api.depends("job_name", "job_code", "mode")
    def _compute_display_name(self):
        modes = dict(self._fields["mode"]._description_selection(self.env))
        for run in self:
            run.display_name = f"{run.job_name or run.job_code} #{run.id} ({modes[run.mode]})"

    @api.depends("progress_done", "progress_total", "state")
    def _compute_progress(self):
        for run in self:
            total = run.progress_total
            share = 100.0 * run.progress_done / total if total else 0.0
            run.progress = 100.0 if run.state == "done" else share

    @api.depends("started_at", "ended_at")
    def _compute_duration(self):
        for run in self:
            both = run.started_at and run.ended_at
            run.duration = (run.ended_at - run.started_at).total_seconds() if both else 0.0

    @api.depends("state", "final_status", "outcomes", "matched_count", "selected_count")
    def _compute_summary(self):
        for run in self:
            run.summary = run._summary()

    @api.depends("state", "progress_done")
    def _compute_first_lines(self):
        for run in self:
            run.first_line_ids = run.env["sentinel.run.line"].search(
                run._shown_lines(), order="position", limit=SHOWN_LINES
            )

    @api.depends("kpis", "guards", "parameters", "footprint", "side_effects")
    def _compute_tables(self):
        verdicts = dict(self._fields["verdict"]._description_selection(self.env))
        for run in self:
            run.kpis_html = tables.kpis(run.kpis or [], verdicts)
            run.guards_html = tables.guards(run.env, run.guards or [])
            run.footprint_html = tables.footprint(run.env, run.footprint or [])
            run.side_effects_html = tables.side_effects(run.env, run.side_effects or [])
            run.guard_warning = " ".join(
                guard["message"] for guard in run.guards or [] if guard["verdict"] == "warn"
            )
            run.parameters_text = ", ".join(
                f"{name} = {value}" for name, value in sorted((run.parameters or {}).items())
            )

    def action_apply(self):
        """Run a plan for real: exactly its records, as far as they are still as planned."""
        self.ensure_one()
        job = self.job_id
        if not job:
            raise UserError(self.env._("The job of this plan does not exist any more."))
        return job._trigger_from_menu("live", plan=self.uid)

    def action_simulate(self):
        """Do what a plan says and undo it, to see what would come of it."""
        self.ensure_one()
        job = self.job_id
        if not job:
            raise UserError(self.env._("The job of this plan does not exist any more."))
        return job._trigger_from_menu("simulate", plan=self.uid)

    def action_open_lines(self):
        """The run's lines in a list of their own, with filters and groups."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "sentinel_ops_addon.sentinel_run_line_action"
        )
        action["domain"] = self._shown_lines()
        return action

    def _shown_lines(self):
        """The lines that somebody who looks at the run wants to see, as a domain."""
        return [("run_id", "=", self.id)]

    def _summary(self):
        """One sentence that says what the run did or found."""
        self.ensure_one()
        if self.state != "done":
            if self.awaits:
                return self.env._("Waits for approval")
            states = dict(self._fields["state"]._description_selection(self.env))
            return states[self.state]
        if self.error:
            return self.error
        if self.shape == "measure":
            return ", ".join(f"{kpi['label']}: {kpi['value']}" for kpi in self.kpis or [])
        if self.shape == "check":
            return self.env._(
                "%(found)s of %(population)s records break the rule",
                found=self.matched_count,
                population=self.population_count,
            )
        if self.mode == "plan":
            return self.env._(
                "%(found)s found, %(selected)s would be changed",
                found=self.matched_count,
                selected=self.selected_count,
            )
        if self.mode == "simulate":
            counts = self.outcomes or {}
            return self.env._(
                "%(simulated)s would be changed, %(skipped)s left alone, %(errors)s with errors",
                simulated=counts.get("simulated", 0),
                skipped=self.skipped_count,
                errors=self.error_count,
            )
        return self.env._(
            "%(updated)s changed, %(skipped)s skipped, %(errors)s with errors",
            updated=self.updated_count,
            skipped=self.skipped_count,
            errors=self.error_count,
        )
