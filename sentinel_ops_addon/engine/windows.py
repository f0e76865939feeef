"""When live runs may work: windows of time.

The rules are those of Argo CD's sync windows (https://argo-cd.readthedocs.io/en/stable/user-guide/sync_windows/):
without a window everything is allowed; with allow windows only the time inside one of them; a deny
window that is open wins over everything.
"""

import datetime
import zoneinfo
from dataclasses import dataclass

from cronsim import CronSim, CronSimError

# A window that opens less than once in a year is a mistake, and the search must end.
HORIZON = datetime.timedelta(days=366)
# Transitions looked at on the way to the next open moment.
MOST_TRANSITIONS = 2000


class WindowError(ValueError):
    """A window's definition makes no sense; says what is allowed."""


@dataclass(frozen=True)
class Window:
    """A span of time that comes back.

    :param kind: ``allow`` or ``deny``
    :param expression: cron expression of five fields that says when it opens
    :param minutes: how long it stays open
    :param tz: name of the time zone that the expression is meant in
    """

    name: str
    kind: str
    expression: str
    minutes: int
    tz: str

    def check(self):
        """Refuse what cannot be meant.

        :raises WindowError:
        """
        if len(self.expression.split()) != 5:
            raise WindowError(
                f"{self.expression!r} is no cron expression of five fields (minute, hour, day, "
                "month, weekday), such as '0 22 * * 1-5'"
            )
        try:
            CronSim(self.expression, datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc))
        except CronSimError as error:
            raise WindowError(f"{self.expression!r}: {error}") from None
        if self.minutes < 1:
            raise WindowError("a window is open for at least 1 minute")
        try:
            zoneinfo.ZoneInfo(self.tz)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            raise WindowError(f"{self.tz!r} is no time zone, such as 'Europe/Brussels'") from None

    def span_at(self, now):
        """Begin and end (aware UTC) of the span that is open at ``now``, else ``None``.

        :param now: aware UTC time
        """
        # One second later: a reversed iterator starts before the moment it is given.
        before = (now + datetime.timedelta(seconds=1)).astimezone(zoneinfo.ZoneInfo(self.tz))
        for begin in CronSim(self.expression, before, reverse=True):
            begin = begin.astimezone(datetime.timezone.utc)
            end = begin + datetime.timedelta(minutes=self.minutes)
            return (begin, end) if begin <= now < end else None
        return None

    def next_begin(self, now):
        """The next moment (aware UTC) at which it opens after ``now``, ``None`` if never."""
        for begin in CronSim(self.expression, now.astimezone(zoneinfo.ZoneInfo(self.tz))):
            return begin.astimezone(datetime.timezone.utc)
        return None


@dataclass(frozen=True)
class Opening:
    """Whether it is open now, why not, and when next.

    :param window: the window that decides; ``None`` when there is none or none is open
    :param until: aware UTC end of the span that decides, ``None`` if nothing ends it
    :param next_open: aware UTC time from which it is open, ``None`` when not within a year
    """

    is_open: bool
    window: Window | None = None
    until: datetime.datetime | None = None
    next_open: datetime.datetime | None = None


def opening(windows, now) -> Opening:
    """What some windows say about a moment.

    :param windows: :class:`Window` objects, all of which apply
    :param now: aware UTC time
    """
    state = _state(windows, now)
    if state.is_open:
        return state
    moment = now
    for _transition in range(MOST_TRANSITIONS):
        moment = _next_transition(windows, moment)
        if moment is None or moment - now > HORIZON:
            break
        if _state(windows, moment).is_open:
            return Opening(False, state.window, state.until, moment)
    return state


def _state(windows, now):
    allows = False
    inside = None
    for window in windows:
        allows = allows or window.kind == "allow"
        span = window.span_at(now)
        if span and window.kind == "deny":
            return Opening(False, window, span[1])
        if span:
            inside = inside or Opening(True, window, span[1])
    if inside:
        return inside
    return Opening(not allows)


def _next_transition(windows, now):
    moments = []
    for window in windows:
        span = window.span_at(now)
        if span:
            moments.append(span[1])
        begin = window.next_begin(now)
        if begin:
            moments.append(begin)
    return min(moments, default=None)
