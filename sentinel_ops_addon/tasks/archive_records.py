"""Records that nobody needs any more, of any model, found by a rule without code."""

import ast

from odoo import models
from odoo.fields import Domain
from odoo.tools.translate import LazyTranslate

from ..engine.parameters import Parameter, ParameterError
from ..engine.reach import check_rule, is_denied_field
from .limit import limit_to_act

_lt = LazyTranslate(__name__)


class SentinelTaskArchiveRecords(models.AbstractModel):
    _name = "sentinel.task.archive_records"
    _inherit = "sentinel.task.mixin"
    _description = "Sentinel task: archive records that match a rule"

    _task_title = _lt("Archive records")
    _task_summary = _lt(
        "Archives the records of any model that match a rule. Archived records disappear from "
        "lists and searches; nothing is deleted."
    )
    _task_shape = "remedy"
    _task_tags = ("data quality", "cleanup")
    _task_no_code = True
    _task_operation = "records.archive"
    # Model and domain have no default: what is archived is for a person to say.
    _task_parameters = (
        Parameter(
            name="model",
            type="model",
            label=_lt("Model"),
            help=_lt("Technical name of the model, for example res.partner."),
            overridable=False,
        ),
        Parameter(
            name="domain",
            type="domain",
            label=_lt("Archive (domain)"),
            help=_lt("The records to archive, among those that are not archived. Never empty."),
            overridable=False,
        ),
        limit_to_act(maximum=1_000_000),
    )

    def _population(self, ctx):
        # Here and not in the condition, which would never look empty with it.
        return Domain(self.env[ctx.parameters["model"]]._active_name, "=", True)

    def _condition(self, ctx):
        return Domain(ast.literal_eval(ctx.parameters["domain"]))

    def _recorded_fields(self, ctx):
        model = self.env[ctx.parameters["model"]]
        name = model._rec_name
        named = name and model._fields[name].store and not is_denied_field(name)
        return (name, model._active_name) if named else (model._active_name,)

    def _check_parameters(self, parameters):
        name = parameters["model"]
        domain = check_rule(self.env, name, parameters["domain"], "domain")
        if domain.is_true():
            raise ParameterError(
                "domain is empty or always true, so every record would be archived. "
                "Say which, for example [('write_date', '<', '-2y')]."
            )
        model = self.env[name]
        if not model._active_name or not model._fields[model._active_name].store:
            raise ParameterError(
                f"the records of {name!r} cannot be archived: the model has no field for it. "
                "Choose a model with an Archive action."
            )

    def _reasons(self, records, ctx):
        # The same for all, so translated once.
        text = self.env._("Matches the rule %(rule)s", rule=ctx.parameters["domain"])
        return dict.fromkeys(records.ids, text)
