"""Contacts to whom Odoo writes in the wrong language, because nobody chose theirs.

The worked example of docs/guides/create-a-job.md: the guide shows this file as it is.
"""

from odoo import models
from odoo.fields import Domain
from odoo.tools.translate import LazyTranslate

from odoo.addons.sentinel_ops_addon.engine.canonical import decimal_text
from odoo.addons.sentinel_ops_addon.engine.context import Measure
from odoo.addons.sentinel_ops_addon.engine.parameters import Parameter
from odoo.addons.sentinel_ops_addon.tasks.limit import limit_to_act

_lt = LazyTranslate(__name__)


class SentinelTaskContactsWithoutLanguage(models.AbstractModel):
    _name = "sentinel.task.contacts_without_language"
    _inherit = "sentinel.task.mixin"
    _description = "Sentinel task: contacts without a language"

    _task_title = _lt("Contacts without a language")
    _task_summary = _lt("Gives contacts for whom no language was chosen that of the company.")
    _task_shape = "remedy"
    _task_tags = ("contacts", "data quality")
    _task_model = "res.partner"
    _task_fields = ("lang", "email")
    _task_order = "create_date, id"
    _task_operation = "partners.set_language"
    _task_parameters = (
        Parameter(
            name="days",
            type="integer",
            label=_lt("Older than (days)"),
            help=_lt("Newer contacts are left alone: somebody may still be filling them in."),
            default=7,
            minimum=0,
            maximum=36500,
        ),
        limit_to_act(maximum=100_000),
    )

    def _population(self, ctx):
        return Domain("email", "!=", False)

    def _condition(self, ctx):
        return Domain("lang", "=", False) & Domain(
            "create_date", "<", ctx.days_ago(ctx.parameters["days"])
        )

    def _reason(self, record, ctx):
        return self.env._(
            "No language for %(days)s days", days=(ctx.as_of - record.create_date).days
        )

    def _measures(self, ctx, selection):
        ((count, oldest),) = self.env["res.partner"]._read_group(
            selection, aggregates=["__count", "create_date:min"]
        )
        days = (ctx.as_of - oldest).days if oldest else 0
        return [
            Measure("silent_total", self.env._("Contacts without language"), str(count), "records"),
            Measure("oldest_age", self.env._("Age of the oldest"), decimal_text(days), "days"),
        ]
