"""The parameter ``limit``, which nearly every task has."""

from odoo.tools.translate import LazyTranslate

from ..engine.parameters import Parameter

_lt = LazyTranslate(__name__)


def limit_to_act(maximum):
    """How many records a remedy acts on at most; for tasks that take the oldest first.

    :param maximum: the highest that may be asked for
    """
    return Parameter(
        name="limit",
        type="integer",
        label=_lt("At most (records)"),
        help=_lt("The oldest come first; what is cut off waits for the next run."),
        default=100,
        minimum=1,
        maximum=maximum,
    )


def limit_to_show():
    """How many of the records that a check found get a line."""
    return Parameter(
        name="limit",
        type="integer",
        label=_lt("Records shown"),
        help=_lt("How many of the records found get a line; the count is exact all the same."),
        default=100,
        minimum=1,
        maximum=100_000,
    )
