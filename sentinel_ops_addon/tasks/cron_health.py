"""Scheduled actions of Odoo that fail, are late, or were switched off without anybody noticing."""

from odoo import models
from odoo.fields import Domain
from odoo.tools.translate import LazyTranslate

from ..engine.canonical import decimal_text
from ..engine.context import Measure, judge_number, worst
from ..engine.parameters import Parameter

_lt = LazyTranslate(__name__)

# Names shown behind a number; the number itself is always exact.
SHOWN = 10


class SentinelTaskCronHealth(models.AbstractModel):
    _name = "sentinel.task.cron_health"
    _inherit = "sentinel.task.mixin"
    _description = "Sentinel task: health of scheduled actions"

    _task_title = _lt("Health of scheduled actions")
    _task_summary = _lt(
        "Counts the scheduled actions that fail, that are late, and that Odoo switched off after "
        "repeated failures."
    )
    _task_shape = "measure"
    _task_tags = ("health",)
    _task_parameters = (
        Parameter(
            name="late_minutes",
            type="integer",
            label=_lt("Late after (minutes)"),
            help=_lt("An action is late when its next run was due this many minutes ago."),
            default=30,
            minimum=1,
            maximum=525_600,
        ),
        Parameter(
            name="warn",
            type="integer",
            label=_lt("Warn from (actions)"),
            help=_lt("Warning when this many actions fail, are late or were switched off."),
            default=1,
            minimum=1,
            maximum=100_000,
        ),
        Parameter(
            name="fail",
            type="integer",
            label=_lt("Fail from (actions)"),
            help=_lt("Failure when this many actions fail, are late or were switched off."),
            default=5,
            minimum=1,
            maximum=100_000,
        ),
    )

    def _measures(self, ctx, selection):
        crons = self.env["ir.cron"].with_context(active_test=False)
        due = ctx.days_ago(ctx.parameters["late_minutes"] / (24 * 60))
        failing = crons.search(Domain("active", "=", True) & Domain("failure_count", ">", 0))
        late = crons.search(
            Domain("active", "=", True) & Domain("nextcall", "<", due), order="nextcall"
        )
        # Odoo switches a failing action off by SQL that stamps lastcall but not write_date
        # (ir_cron.py, _update_failure_count and _reschedule_later); a person does it through the
        # ORM, which stamps write_date after the last run.
        off = crons.search(Domain("active", "=", False) & Domain("lastcall", "!=", False)).filtered(
            lambda cron: cron.lastcall > cron.write_date
        )
        delay = (ctx.as_of - late[:1].nextcall).total_seconds() / 60 if late else 0
        return [
            self._counted("failing", self.env._("Failing scheduled actions"), failing, ctx),
            self._counted("late", self.env._("Late scheduled actions"), late, ctx),
            self._counted("switched_off", self.env._("Switched off by Odoo"), off, ctx),
            Measure(
                "longest_delay", self.env._("Longest delay"), decimal_text(int(delay)), "minutes"
            ),
        ]

    def _counted(self, name, label, crons, ctx):
        return Measure(
            name,
            label,
            str(len(crons)),
            self.env._("actions"),
            judge_number(len(crons), ctx.parameters["warn"], ctx.parameters["fail"]),
            ", ".join(crons[:SHOWN].mapped("name")) + (" ..." if len(crons) > SHOWN else ""),
        )

    def _verdict(self, ctx, matched, population, measures):
        return worst(measure.verdict for measure in measures)
