"""Where owners object: an announcing activity that a person deals with."""

from odoo import SUPERUSER_ID, models

from ..engine.marks import is_own_hands


class MailActivity(models.Model):
    """Whoever marks an announcing activity as done, archives or cancels it, objects.

    Asked by the activity's ID and not by its type, which may be changed. The superuser is no
    person: what Odoo clears away by itself is announced anew.
    """

    _inherit = "mail.activity"

    def _action_done(self, feedback=False, attachment_ids=None):
        self._note_objections(feedback)
        return super()._action_done(feedback=feedback, attachment_ids=attachment_ids)

    def write(self, vals):
        if not vals.get("active", True):
            self._note_objections()
        return super().write(vals)

    def unlink(self):
        self._note_objections()
        return super().unlink()

    def _note_objections(self, why=""):
        # Before the activity goes; should that be refused, the objection goes with it.
        if not self or is_own_hands() or self.env.uid == SUPERUSER_ID:
            return
        marks = self.env["sentinel.mark"].sudo()
        marks = marks.search([("activity_ref", "in", self.ids), ("state", "=", "waiting")])
        if marks:
            marks._object(why)
