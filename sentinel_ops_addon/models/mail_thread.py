"""Where tracking in bulk comes in; see :mod:`engine.bulk_tracking`."""

from odoo import models

from ..engine.bulk_tracking import collecting, keep_back


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    def _message_track(self, fields_iter, initial_values_dict):
        with collecting(self):
            return super()._message_track(fields_iter, initial_values_dict)

    def _message_create(self, values_list):
        if keep_back(self, values_list):
            # Nobody looks at the message of a tracking note.
            return self.env["mail.message"]
        return super()._message_create(values_list)
