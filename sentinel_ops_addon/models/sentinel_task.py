"""The tasks that the installed addons bring, as records that jobs can point to."""

from odoo import api, fields, models

from ..engine.parameters import text
from ..engine.vocabulary import SHAPES


class SentinelTask(models.Model):
    """One row for each task in the code, kept in step by the data files of its addon.

    It exists so that a job's parameters have a definition to show typed inputs from; what a task
    does is in its abstract model, never here.
    """

    _name = "sentinel.task"
    _description = "Sentinel task"
    _order = "name"

    code = fields.Char(required=True, readonly=True)
    name = fields.Char(required=True, readonly=True, translate=True)
    summary = fields.Text(readonly=True, translate=True)
    shape = fields.Selection(selection=SHAPES, required=True, readonly=True)
    tags = fields.Char(readonly=True)
    parameter_definition = fields.PropertiesDefinition(readonly=True)

    _unique_code = models.UniqueIndex("(code)", "A task with this code exists already.")

    @api.model
    def _declared(self):
        """All task models of the registry by code."""
        prefix = "sentinel.task."
        return {
            name.removeprefix(prefix): self.env[name]
            for name in sorted(self.env.registry["sentinel.task.mixin"]._inherit_children)
            if name.startswith(prefix)
        }

    def _contract(self):
        """The abstract model of this task, ``None`` when its addon is gone."""
        self.ensure_one()
        return self._declared().get(self.code)

    def _operation(self):
        """The abstract model of the operation that repairs, ``None`` when there is none."""
        contract = self._contract()
        if contract is None or not contract._task_operation:
            return None
        return self.env.get(f"sentinel.operation.{contract._task_operation}")

    def _unavailable_reason(self):
        """Why the task cannot run here, for people; empty when it can."""
        self.ensure_one()
        task = self._contract()
        if task is None:
            return self.env._(
                "The addon that brought the task %(code)s is not installed any more. Install it "
                "again, or archive the job.",
                code=self.code,
            )
        apps = list(task._task_apps)
        if task._task_operation:
            operation = self._operation()
            if operation is None:
                return self.env._(
                    "The operation %(code)s does not exist; install the addon that brings it.",
                    code=task._task_operation,
                )
            apps += operation._operation_apps
        missing = [app for app in dict.fromkeys(apps) if app not in self._installed_apps()]
        if missing:
            return self.env._(
                "Needs the Odoo app %(apps)s. Install it under Apps, then come back.",
                apps=", ".join(missing),
            )
        return ""

    @api.model
    def _installed_apps(self):
        return self.env.registry._init_modules

    @api.model
    def _synchronize(self):
        """Make the rows say what the code declares.

        Called by the data files of this addon and of every addon that brings tasks.
        """
        # The code is the source of the texts, so they are written in the source language; other
        # languages come from the translations of these fields.
        tasks = self.sudo().with_context(lang=None)
        rows = {row.code: row for row in tasks.search([])}
        for code, contract in self._declared().items():
            values = {
                "name": text(tasks.env, contract._task_title),
                "summary": text(tasks.env, contract._task_summary),
                "shape": contract._task_shape,
                "tags": ", ".join(contract._task_tags),
                "parameter_definition": [
                    parameter.property_definition(tasks.env)
                    for parameter in contract._task_parameters
                ],
            }
            if code in rows:
                rows[code].write(values)
            else:
                tasks.create(dict(values, code=code))
