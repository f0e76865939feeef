"""Reading who stopped what.

SQL, because it is asked before every batch and must see what others committed since: the first
statement of a transaction takes its snapshot.
"""

from dataclasses import dataclass
from typing import Any

_KEY = "sentinel_ops_addon.stops"


@dataclass(frozen=True)
class Stop:
    """A stop that stands: who, when (naive UTC) and why."""

    scope: str
    ref: int
    login: str
    reason: str
    at: Any


def standing(cr, scope, ref=0):
    """The latest stop that stands for a scope, else ``None``.

    :param cr: a cursor of the engine
    :param scope: ``all``, ``job`` or ``run``
    :param ref: ID of the job or run
    """
    for stop in _standing(cr):
        if stop.scope == scope and (scope == "all" or stop.ref == ref):
            return stop
    return None


def _standing(cr):
    # Once a transaction: its snapshot cannot show another answer.
    if _KEY not in cr.reads:
        cr.execute(
            "SELECT scope, ref, login, reason, at FROM sentinel_stop WHERE lifted_at IS NULL "
            "ORDER BY id DESC"
        )
        cr.reads[_KEY] = [Stop(*row) for row in cr.fetchall()]
    return cr.reads[_KEY]
