"""Business hours: when something is due that is given in working time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

# A calendar whose holidays leave no working day in this many days is not a calendar.
FURTHEST_DAYS = 3660


class Hours(Struct, frozen=True):
    """Working hours in one zone. `weekdays`: 0 = Monday; `holidays` are local dates."""

    timezone: str = "UTC"
    opens: time = time(9)
    closes: time = time(17)
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)
    holidays: tuple[date, ...] = ()


class NoWorkingDay(Exception):
    """The calendar has no working day within ten years."""


def local_day(moment: datetime, timezone: str) -> date:
    """The date on which `moment` falls in `timezone`."""
    return moment.astimezone(zone(timezone)).date()


@lru_cache(maxsize=512)
def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=4096)
def add_hours(start: datetime, hours: int, calendar: Hours) -> datetime:
    """`start` plus `hours` of working time, in UTC; no hours mean the next working moment.

    Lengths are real time: a working day on which the clocks change is as long as it is.
    Raises `NoWorkingDay`.
    """
    left = timedelta(hours=hours)
    for opens, closes in _working_days(start, calendar):
        begins = max(opens, start)
        if closes - begins >= left and closes > begins:
            return begins + left
        left -= max(closes - begins, timedelta(0))
    raise NoWorkingDay(calendar.timezone)


def _working_days(start: datetime, calendar: Hours) -> Iterator[tuple[datetime, datetime]]:
    """Opening and closing of each working day from that of `start` on, in UTC."""
    here = zone(calendar.timezone)
    first = start.astimezone(here).date()
    for ahead in range(FURTHEST_DAYS):
        day = first + timedelta(days=ahead)
        if day.weekday() in calendar.weekdays and day not in calendar.holidays:
            yield (
                datetime.combine(day, calendar.opens, here).astimezone(UTC),
                datetime.combine(day, calendar.closes, here).astimezone(UTC),
            )
