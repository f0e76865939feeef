"""Sentinel-Ops' auditor: the part that lives outside Odoo.

It triggers jobs, pulls the sealed run log into a store and shows what was done.
"""

__version__ = "0.1.0"

CONTRACT = 1
"""Number of the RPC contract this program speaks; the addon names its own in ``catalog()``."""
