"""When things happen on a day of the history. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ARRIVAL = time(5, 45)  # in Lisbon, where operations sit
TICK = time(6)
NIGHT = time(22, 30)
ZONES = {
    "emea": ZoneInfo("Europe/Lisbon"),
    "amer": ZoneInfo("America/New_York"),
    "apac": ZoneInfo("Asia/Singapore"),
}


def at(day: date, clock: time, zone: ZoneInfo | None = None) -> datetime:
    """The moment in UTC."""
    return datetime.combine(day, clock, zone or UTC).astimezone(UTC)


def arrival(day: date) -> datetime:
    """When the deliveries of a day come: at the same hour of the office's clock in summer and winter."""
    return at(day, ARRIVAL, ZONES["emea"])


def is_workday(day: date) -> bool:
    return day.weekday() < 5


def workdays_before(day: date, count: int) -> date:
    """The workday that lies `count` workdays before the last workday up to `day`."""
    while not is_workday(day):
        day -= timedelta(days=1)
    weeks, rest = divmod(count, 5)
    day -= timedelta(weeks=weeks)
    for _ in range(rest):
        day -= timedelta(days=3 if day.weekday() == 0 else 1)
    return day


def workday_number(day: date) -> int:
    """Counts workdays; a day at the weekend has the number of the Friday before."""
    weeks, weekday = divmod(day.toordinal() - 1, 7)
    return weeks * 5 + min(weekday, 4)


def last_day(now: datetime) -> date:
    """The newest day whose deliveries have arrived by `now`."""
    now = now.astimezone(UTC)
    return now.date() if now.time() > TICK else now.date() - timedelta(days=1)
