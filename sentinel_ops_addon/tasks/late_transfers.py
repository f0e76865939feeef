"""What the tasks about late transfers share: what their lines keep, and how late it got."""

from ..engine.canonical import decimal_text
from ..engine.context import Measure

FIELDS = ("state", "scheduled_date", "partner_id", "picking_type_id")
ORDER = "scheduled_date, id"


def lateness(ctx, transfers, selection, name, label):
    """The number of selected transfers, and how many days the latest of them is late.

    :param transfers: the model of the transfers
    :param selection: domain of the late ones
    :param name: of the measure that is their number
    :param label: of the same, for people
    :rtype: list[engine.context.Measure]
    """
    ((count, oldest),) = transfers._read_group(
        selection, aggregates=["__count", "scheduled_date:min"]
    )
    days = (ctx.as_of - oldest).days if oldest else 0
    return [
        Measure(name, label, str(count), "records"),
        Measure("longest_delay", transfers.env._("Longest delay"), decimal_text(days), "days"),
    ]
