"""API keys that a call came in with."""

from odoo import models

from ..engine.credential import note_secret


class ResUsersApikeys(models.Model):
    _inherit = "res.users.apikeys"

    def _check_credentials(self, *, scope, key):
        user_id = super()._check_credentials(scope=scope, key=key)
        if user_id:
            note_secret(self.env, user_id, key)
        return user_id
