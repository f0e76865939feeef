"""The moment at which a schedule owes a run, for those who notice when it stays away.

Odoo moves ``ir.cron.nextcall`` on whether the action succeeded or not, so what an action failed
at is told by the distance between ``nextcall`` and the last scheduled run.
"""

from datetime import timedelta

from odoo.addons.base.models.ir_cron import _intervalTypes

# A moment so soon after a run is that run's own: a change to summer time moves it by an hour.
_SLACK = timedelta(hours=2)


def expected_at(nextcall, unit, number, *, since, covered=None):
    """The oldest scheduled moment that has no run; the next one when none is missing.

    All times are naive UTC.

    :param nextcall: the scheduled action's
    :param str unit: its ``interval_type``
    :param int number: its ``interval_number``
    :param since: moments before it are not asked for, such as the last edit of the schedule
    :param covered: when the last scheduled run was requested: it stands for all moments before
    """
    interval = _intervalTypes[unit](max(number, 1))
    length = nextcall + interval - nextcall
    # Most of the way at once; but months differ, and have to be gone one by one.
    leap = interval * 0 if unit == "months" else interval
    if covered and nextcall <= covered:
        # Requested, and the scheduler has not put the next moment down yet.
        moment = nextcall + leap * ((covered - nextcall) // length)
        while moment <= covered:
            moment += interval
        return moment
    floor = max(since, covered + min(length / 2, _SLACK)) if covered else since
    if nextcall <= floor:
        return nextcall
    moment = nextcall - leap * max(0, (nextcall - floor) // length - 1)
    while moment - interval > floor:
        moment -= interval
    return moment
