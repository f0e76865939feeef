"""Installs what keeps a simulation from being committed."""

from odoo import models

from ..engine import tripwire


class SentinelTripwire(models.AbstractModel):
    """No records and no fields: the table behind it is the engine's, see ``engine/tripwire.py``.

    ``init`` runs at every installation and upgrade of the addon.
    """

    _name = "sentinel.tripwire"
    _description = "Sentinel tripwire of simulations"

    def init(self):
        tripwire.create(self.env.cr)
