"""The contract that every task keeps."""

from odoo import models
from odoo.fields import Domain

from ..engine.parameters import Parameter


class SentinelTaskMixin(models.AbstractModel):
    """One kind of trouble: how to find it, how to measure it, perhaps how to repair it.

    A task is an abstract model ``sentinel.task.<code>`` that inherits from this one. It never
    writes: a remedy names the operation that does. All methods start with an underscore, so that
    no remote call can reach them around the guards.
    """

    _name = "sentinel.task.mixin"
    _description = "Sentinel task contract"

    # What the task declares; each is used by the form, the catalogue, the CLI and validation.
    _task_title = ""
    _task_summary = ""
    _task_shape = "check"  # one of engine.vocabulary.SHAPES
    _task_tags: tuple[str, ...] = ()
    _task_apps: tuple[str, ...] = ()  # Odoo modules without which it is unavailable
    _task_model = ""  # the records it selects; empty for a measure
    _task_parameters: tuple[Parameter, ...] = ()
    _task_fields: tuple[str, ...] = ()  # recorded before and after
    _task_order = "id"  # oldest first; ``limit`` cuts from this end
    _task_operation = ""  # code of the operation that repairs, for a remedy
    # A no-code task takes its model, the parameter ``model``, and its domain from people: it runs
    # as whoever wrote them.
    _task_no_code = False

    def _target_model(self, parameters):
        """Name of the model that is selected from; empty for a measure.

        :param parameters: by name; those of a job may lack the model still
        """
        return parameters.get("model") or "" if self._task_no_code else self._task_model

    def _population(self, ctx):
        """All records the condition is about; shares divide by their number.

        :rtype: odoo.fields.Domain
        """
        return Domain.TRUE

    def _condition(self, ctx):
        """What makes a record of the population trouble. Must not be empty.

        Tested again, with the same ``as_of``, right before an operation acts.

        :rtype: odoo.fields.Domain
        """
        raise NotImplementedError(f"{self._name} selects records but declares no condition")

    def _recorded_fields(self, ctx):
        """Names of the fields that lines keep before and after."""
        return self._task_fields

    def _reason(self, record, ctx):
        """Why this record was selected, for people."""
        return ""

    def _reasons(self, records, ctx):
        """:meth:`_reason` of each record by ID; to override where a plan selects very many.

        :rtype: dict[int, str]
        """
        return {record.id: self._reason(record, ctx) for record in records}

    def _amounts(self, records, ctx):
        """The money at stake by record id, in the company's currency; empty if none is.

        :rtype: dict[int, float]
        """
        return {}

    def _owner(self, record):
        """The user to tell before anything is done to a record; none for the job's own user."""
        field = record._fields.get("user_id")
        if field is None or field.comodel_name != "res.users":
            return self.env["res.users"]
        return record.user_id

    def _limit(self, ctx):
        """How many records at most, ``None`` for all that match."""
        return ctx.parameters.get("limit")

    def _measures(self, ctx, selection):
        """Numbers with units: the KPIs of a remedy or check, the whole result of a measure.

        :param selection: domain of all records that match, before ``limit``, within the job's
            company; for a measure, which selects nothing, a domain that matches nothing
        :rtype: list[engine.context.Measure]
        """
        return []

    def _verdict(self, ctx, matched, population, measures):
        """What the numbers say: ``pass``, ``warn``, ``fail`` or ``not_evaluated``.

        :param matched: how many records break the rule, in all
        :param population: how many records the rule is about
        """
        if not population:
            return "not_evaluated"
        return "warn" if matched else "pass"

    def _check_parameters(self, parameters):
        """Check what no single parameter can say alone.

        :raises engine.parameters.ParameterError:
        """
        return None
