"""What those need who watch over a job from outside: whom to tell, how badly, when it is late."""

import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine import watch
from ..engine.canonical import utc_text

SEVERITIES = [
    ("critical", "Critical"),
    ("warning", "Warning"),
    ("info", "Info"),
]
_WEB_ADDRESS = re.compile(r"https?://[^\s/]\S{0,1999}")


class SentinelJob(models.Model):
    _inherit = "sentinel.job"

    owner_id = fields.Many2one(
        comodel_name="res.users",
        domain="[('share', '=', False)]",
        ondelete="set null",
        tracking=True,
        help="Who looks after the job; alerts name them.",
    )
    alert_severity = fields.Selection(
        selection=SEVERITIES,
        required=True,
        default="warning",
        tracking=True,
        help="How bad it is when something about this job is wrong.",
    )
    runbook_url = fields.Char(
        string="Runbook", tracking=True, help="A page that says what to do; alerts link to it."
    )
    has_max_runtime = fields.Boolean(
        string="Expect an end",
        default=True,
        tracking=True,
        help="Without it, a run may take any time and nobody is told.",
    )
    max_runtime = fields.Integer(
        string="Within (minutes)",
        default=60,
        tracking=True,
        help="A run that takes longer is reported; it goes on all the same. Waiting for approval "
        "does not count.",
    )
    grace_minutes = fields.Integer(
        string="Late after (minutes)",
        default=15,
        required=True,
        tracking=True,
        help="A scheduled run that was not requested so long after its time is reported as missed.",
    )
    # Odoo switches an action that fails for a week off by SQL, which this does not follow: what
    # people set stays, and the schedule is missed instead of forgotten.
    schedule_wanted = fields.Boolean(compute="_compute_schedule_wanted", store=True)
    # What a schedule owed before it was edited is settled; a new name owes no less.
    schedule_set_at = fields.Datetime(compute="_compute_schedule_set_at", store=True)

    _check_max_runtime = models.Constraint(
        "CHECK (max_runtime >= 1 AND max_runtime <= 525600)",
        "A run ends within 1 to 525600 minutes (a year); to allow it any time, expect no end.",
    )
    _check_grace_minutes = models.Constraint(
        "CHECK (grace_minutes >= 1 AND grace_minutes <= 43200)",
        "A scheduled run is late after 1 to 43200 minutes (30 days).",
    )

    @api.depends("cron_id.active")
    def _compute_schedule_wanted(self):
        for job in self:
            job.schedule_wanted = job.cron_id.active

    @api.depends(
        "cron_id.active", "cron_id.interval_number", "cron_id.interval_type", "cron_id.nextcall"
    )
    def _compute_schedule_set_at(self):
        for job in self:
            job.schedule_set_at = job.cron_id.write_date

    @api.constrains("runbook_url")
    def _check_runbook_url(self):
        for job in self:
            if job.runbook_url and not _WEB_ADDRESS.fullmatch(job.runbook_url):
                raise ValidationError(
                    self.env._(
                        "The runbook %(url)r must be a web address, such as "
                        "https://wiki.example.com/old-quotations.",
                        url=job.runbook_url,
                    )
                )

    # --- doors -------------------------------------------------------------------------------

    @api.model
    def watch(self):
        """Everything that somebody outside needs to notice what is late, stuck or stopped.

        Of the caller's companies only. Runs and approvals are the oldest ones, at most 1000 each.

        :rtype: dict
        """
        # As health(): what goes on in a server is not for everybody's eyes.
        self.check_access("read")
        # pylint: disable=no-search-all
        # Archived ones, too: their last run may still be news.
        jobs = self.with_context(active_test=False).search([])
        return {**self._who_answers(), "now": utc_text(fields.Datetime.now()), **watch.facts(jobs)}

    # --- for the doors -----------------------------------------------------------------------

    def _catalog_entry(self):
        return dict(super()._catalog_entry(), **self._alert_policy())

    def _alert_policy(self):
        """Whom to tell about this job, how badly, and when it is late, as clients get it."""
        self.ensure_one()
        return {
            "owner": self.owner_id.sudo().login or "",
            "severity": self.alert_severity,
            "runbook": self.runbook_url or "",
            "grace_seconds": self.grace_minutes * 60,
            "max_runtime_seconds": self.max_runtime * 60 if self.has_max_runtime else -1,
        }
