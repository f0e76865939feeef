"""What Odoo does not clean up by itself."""

from .engine import tripwire


def uninstall_hook(env):
    """Remove the table and the function that Odoo knows no model for."""
    tripwire.drop(env.cr)
