"""Waking the dispatcher."""

DISPATCHER = "sentinel_ops_addon.ir_cron_dispatcher"


def dispatcher_cron(env):
    """The dispatcher's scheduled action, in sudo; empty when somebody deleted it."""
    return env.ref(DISPATCHER, raise_if_not_found=False) or env["ir.cron"].sudo()


def wake_dispatcher(env):
    """Have the dispatcher run as soon as the transaction of ``env`` is committed."""
    cron = dispatcher_cron(env)
    if cron:
        cron.sudo()._trigger()
