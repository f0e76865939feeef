"""What Odoo does not clean up by itself."""

from .engine import tripwire
from .engine.chain import keeper


def uninstall_hook(env):
    """Remove what Odoo knows no model for, and promises that nobody keeps any more."""
    tripwire.drop(env.cr)
    keeper.drop(env.cr)
    waiting = env["sentinel.mark"].search([("state", "=", "waiting")])
    env["mail.activity"].browse(waiting.mapped("activity_ref")).exists().unlink()
