"""The contract that every operation keeps."""

from odoo import models


class SentinelOperationMixin(models.AbstractModel):
    """A reusable, audited change to records: abstract model ``sentinel.operation.<code>``.

    The engine calls it on locked records whose condition was just tested, inside a savepoint, and
    writes the lines. An operation calls the business methods that a user's click would call, so
    that every rule of Odoo applies; it never commits.
    """

    _name = "sentinel.operation.mixin"
    _description = "Sentinel operation contract"

    _operation_title = ""
    _operation_model = ""
    _operation_apps: tuple[str, ...] = ()
    # Effects that no rollback reaches: "none", "postcommit" (mails, webhooks) or "inline".
    _operation_effects = "none"
    # The largest batch that is worth one transaction.
    _operation_batch_size = 500
    # Whether what it did can be put back, see _undo.
    _operation_undo = False

    def _intended(self, record, ctx):
        """The change that is meant for one record: field name to canonical value."""
        raise NotImplementedError(f"{self._name} declares no intended change")

    def _apply(self, records, ctx):
        """Make the change.

        :raises odoo.exceptions.UserError: when the business says no; the engine finds the record
            that is to blame
        """
        raise NotImplementedError(f"{self._name} cannot be applied")

    def _undo_intended(self, line):
        """The values to put back for one record: field name to canonical value.

        By default all that the change touched, as far as it was recorded.

        :param line: ``done`` line of the run to undo, see :class:`engine.lines.Line`
        """
        return {
            name: value
            for name, value in line.before.items()
            if name in line.intended or line.after.get(name) != value
        }

    def _undo_refusal(self, record, intended):
        """Why this record cannot be put back exactly, for people; empty when it can.

        Asked of records that nobody changed since, when planning and again right before acting.

        :param intended: the values to put back, as ``_undo_intended`` gave them
        """
        return ""

    def _undo(self, records, intended, ctx):
        """Put records back to what they were; the engine proves that it did.

        :param intended: the values to put back, by record id
        :raises odoo.exceptions.UserError: when the business says no
        """
        raise NotImplementedError(f"{self._name} declares no inverse")
