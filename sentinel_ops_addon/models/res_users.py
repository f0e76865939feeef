"""Users who log in with a password."""

from odoo import models

from ..engine.credential import note_password


class ResUsers(models.Model):
    _inherit = "res.users"

    def _check_credentials(self, credential, env):
        let_in = super()._check_credentials(credential, env)
        if let_in.get("auth_method") == "password":
            note_password(self.env, let_in["uid"])
        return let_in
