"""API keys that a call came in with."""

from odoo import models

from odoo.addons.base.models.res_users import INDEX_SIZE

from ..engine.credential import note_key


class ResUsersApikeys(models.Model):
    _inherit = "res.users.apikeys"

    def _check_credentials(self, *, scope, key):
        user_id = super()._check_credentials(scope=scope, key=key)
        if user_id:
            note_key(self.env, user_id, key[:INDEX_SIZE])
        return user_id
