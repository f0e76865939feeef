"""The pieces into which a period is cut for charts."""

from __future__ import annotations

from datetime import date, timedelta

from auditor.trail.period import Period

MOST_DAYS, MOST_WEEKS = 45, 45


class Buckets:
    """Days, weeks or months, as many as fit into a chart."""

    def __init__(self, period: Period) -> None:
        days = (period.until - period.since).days + 1
        self.unit = "day"
        if days > MOST_DAYS:
            self.unit = "week" if days <= MOST_WEEKS * 7 else "month"
        self.labels: list[str] = []
        self._places: dict[date, int] = {}
        at = self._start(period.since)
        while at <= period.until:
            self._places[at] = len(self.labels)
            self.labels.append(f"{at:%Y-%m}" if self.unit == "month" else f"{at:%d %b}")
            at = self._next(at)

    def __len__(self) -> int:
        return len(self.labels)

    def place(self, day: str) -> int | None:
        """Return which bucket a time or day belongs to, None when it is none of the period."""
        try:
            return self._places.get(self._start(date.fromisoformat(day[:10])))
        except ValueError:
            return None

    def _start(self, day: date) -> date:
        if self.unit == "week":
            return day - timedelta(days=min(day.weekday(), (day - date.min).days))
        return day.replace(day=1) if self.unit == "month" else day

    def _next(self, start: date) -> date:
        if self.unit == "month":
            return (start.replace(day=28) + timedelta(days=4)).replace(day=1)
        return start + timedelta(days=7 if self.unit == "week" else 1)
