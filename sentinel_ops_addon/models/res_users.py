"""Users who call remote methods."""

from odoo import models

from ..engine.credential import note_secret


class ResUsers(models.Model):
    _inherit = "res.users"

    def _check_uid_passwd(self, uid, passwd):
        # Odoo remembers that a secret was good, so only here every call comes by.
        result = super()._check_uid_passwd(uid, passwd)
        note_secret(self.env, uid, passwd)
        return result
