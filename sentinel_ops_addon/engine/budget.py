"""How long the engine may take, going by the limits of the server it runs in."""

from odoo.tools import config

MAX_BUDGET = 30  # seconds for one call of the dispatcher


def tightest_limit() -> float:
    """Seconds after which this server kills a scheduled action; infinite when it never does."""
    real_limit = config["limit_time_real_cron"]
    if real_limit < 0:
        real_limit = config["limit_time_real"]
    limits = [limit for limit in (real_limit, config["limit_time_cpu"]) if limit > 0]
    return min(limits, default=float("inf"))


def budget() -> float:
    """Seconds that one call of the dispatcher may take: a third of the tightest limit."""
    return min(MAX_BUDGET, tightest_limit() / 3)


def plan_limit() -> float:
    """Seconds that one plan may take, which is not sliced.

    With what the call took before it, it stays below the limit: 1/3 + 0.6 < 1.
    """
    return 0.6 * tightest_limit()
