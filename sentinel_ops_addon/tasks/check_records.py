"""Data quality without code: any model, any population, any rule."""

import ast

from odoo import models
from odoo.fields import Domain
from odoo.tools.translate import LazyTranslate

from ..engine.context import judge_number
from ..engine.parameters import Parameter, ParameterError
from ..engine.reach import check_rule
from .limit import limit_to_show

_lt = LazyTranslate(__name__)


class SentinelTaskCheckRecords(models.AbstractModel):
    _name = "sentinel.task.check_records"
    _inherit = "sentinel.task.mixin"
    _description = "Sentinel task: records that break a rule"

    _task_title = _lt("Check records")
    _task_summary = _lt(
        "Finds the records of any model that break a rule, and says how many they are, exactly. "
        "It only reads."
    )
    _task_shape = "check"
    _task_tags = ("data quality",)
    _task_no_code = True
    _task_parameters = (
        Parameter(
            name="model",
            type="model",
            label=_lt("Model"),
            help=_lt("Technical name of the model, for example res.partner."),
            default="res.partner",
            overridable=False,
        ),
        Parameter(
            name="population",
            type="domain",
            label=_lt("Population (domain)"),
            help=_lt("The records that the rule is about; shares are a part of these."),
            default="[('is_company', '=', True)]",
            overridable=False,
        ),
        Parameter(
            name="condition",
            type="domain",
            label=_lt("Breaks the rule (domain)"),
            help=_lt("The records of the population that break the rule. Never empty."),
            default="[('email', '=', False)]",
            overridable=False,
        ),
        Parameter(
            name="unit",
            type="selection",
            label=_lt("Thresholds are"),
            help=_lt("Whether the two thresholds are numbers of records or a share."),
            default="count",
            choices=(("count", _lt("Records")), ("percent", _lt("Percent of the population"))),
        ),
        Parameter(
            name="warn",
            type="number",
            label=_lt("Warn from"),
            help=_lt("Warning from this many records or percent on."),
            default=1,
            minimum=0,
        ),
        Parameter(
            name="fail",
            type="number",
            label=_lt("Fail from"),
            help=_lt("Failure from this many records or percent on."),
            default=100,
            minimum=0,
        ),
        limit_to_show(),
    )

    def _population(self, ctx):
        return Domain(ast.literal_eval(ctx.parameters["population"]))

    def _condition(self, ctx):
        return Domain(ast.literal_eval(ctx.parameters["condition"]))

    def _check_parameters(self, parameters):
        model = parameters["model"]
        check_rule(self.env, model, parameters["population"], "population")
        domain = check_rule(self.env, model, parameters["condition"], "condition")
        if domain.is_true():
            raise ParameterError(
                "condition is empty or always true, so every record would break the rule. "
                "Say what is wrong with a record, for example [('email', '=', False)]."
            )
        if parameters["fail"] < parameters["warn"]:
            raise ParameterError("fail must not be smaller than warn.")

    def _reason(self, record, ctx):
        return self.env._("Breaks the rule %(rule)s", rule=ctx.parameters["condition"])

    def _verdict(self, ctx, matched, population, measures):
        if not population:
            return "not_evaluated"
        number = matched
        if ctx.parameters["unit"] == "percent":
            number = 100 * matched / population
        # A threshold of zero would call an empty result bad.
        if not matched:
            return "pass"
        return judge_number(number, ctx.parameters["warn"], ctx.parameters["fail"])
