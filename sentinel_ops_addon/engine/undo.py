"""Undo: put back what a live run changed, as far as nobody touched it since.

The plan of an undo has one line for each ``done`` line of the old run: ``planned`` with the old
values as the intended ones, or ``refused`` with the reason.
"""

from odoo.exceptions import UserError

from .canonical import record_values, utc_text
from .fingerprint import fingerprints
from .lines import Line, done_lines
from .marks import ANNOUNCE

_MISSING = object()


class Undo:
    """Calls the operation's inverse; done when the old values are back.

    :param task: the task's abstract model, in the environment of the run-as user
    :param operation: the operation's abstract model, in the same environment
    :param run: the run that undoes another one
    """

    is_repair = True

    def __init__(self, task, operation, run, ctx):
        self.task = task
        self.operation = operation
        self.ctx = ctx
        self.undone_run = run.undoes_ref
        self.model = task.env[run.target_model]
        self.names = task._recorded_fields(ctx)

    # --- the plan ----------------------------------------------------------------------------

    def count(self) -> int:
        """How many records the old run changed."""
        cr = self.task.env.cr
        cr.execute(
            "SELECT count(*) FROM sentinel_run_line WHERE run_id = %s AND outcome = 'done' "
            "AND operation IS DISTINCT FROM %s",
            [self.undone_run, ANNOUNCE],
        )
        return cr.fetchone()[0]

    def freeze(self, at, chunk):
        """The lines of the plan, some at a time.

        Planned lines are numbered from 1 up, because a live run counts its progress by position;
        refused ones from the last number down, so that they meet without a gap.

        :param at: naive UTC time for the lines
        :param chunk: how many records to read at a time
        """
        first, last, after = 1, self.count(), 0
        while old := done_lines(self.task.env.cr, self.undone_run, after, chunk):
            after = old[-1].position
            lines = []
            for line, refusal, values, fingerprint in self._judged(old):
                position = last if refusal else first
                first, last = (first, last - 1) if refusal else (first + 1, last)
                lines.append(
                    Line(
                        position=position,
                        model=line.model,
                        record_ref=line.record_ref,
                        record_name=line.record_name,
                        operation=line.operation,
                        outcome="refused" if refusal else "planned",
                        reason=self.task.env._(
                            "Changed by this job on %(at)s UTC", at=utc_text(line.at)
                        ),
                        message=refusal,
                        before=values,
                        intended=self.operation._undo_intended(line),
                        amount=line.amount,
                        currency=line.currency,
                        fingerprint=fingerprint,
                        at=at,
                    )
                )
            yield lines

    def _judged(self, old):
        """Each old line with the reason to refuse it, the record's values and fingerprint now."""
        existing = self.model.browse([line.record_ref for line in old]).exists()
        visible = existing._filtered_access("read")
        values = record_values(visible, self.names)
        prints = fingerprints(visible, values)
        for line in old:
            record = self.model.browse(line.record_ref)
            fingerprint = prints.get(record.id, "")
            refusal = self._refusal(line, record, existing, visible, fingerprint)
            yield line, refusal, values.get(record.id, {}), fingerprint

    def _refusal(self, line, record, existing, visible, fingerprint):
        env = self.task.env
        if line.model != self.model._name or line.operation != self.task._task_operation:
            return env._("This job does something else now than when it changed this record.")
        if record not in existing:
            return env._("It was deleted since.")
        if record not in visible:
            return env._("The user that the job runs as may not see it any more.")
        intended = self.operation._undo_intended(line)
        changed = {**line.intended, **line.after}
        lost = [name for name in changed if name not in line.before]
        if lost or not intended or not line.after_fingerprint:
            return env._("What it was before is not known any more, so it cannot be put back.")
        if fingerprint != line.after_fingerprint:
            return env._("It was changed again since, so what it was before may be out of date.")
        return self.operation._undo_refusal(record, intended) or ""

    # --- live --------------------------------------------------------------------------------

    def wanted(self, records):
        """All of them: that they are as planned is what their fingerprints say."""
        return records

    def act(self, records, planned):
        """Make the inverse change, inside the savepoint of the batch.

        :param planned: lines of the plan by record id
        """
        intended = {record.id: planned[record.id].intended for record in records}
        for record in records:
            if refusal := self.operation._undo_refusal(record, intended[record.id]):
                raise UserError(refusal)
        self.operation._undo(records, intended, self.ctx)

    def without_effect(self, records, planned):
        """Those that are not what they were before."""
        names = {name for record in records for name in planned[record.id].intended}
        values = record_values(records, sorted(names))
        return records.filtered(
            lambda record: any(
                values[record.id].get(name, _MISSING) != value
                for name, value in planned[record.id].intended.items()
            )
        )

    def ineffective_message(self):
        """What is said of those."""
        return self.task.env._(
            "It did not become exactly what it was before, so it was left as it is."
        )
