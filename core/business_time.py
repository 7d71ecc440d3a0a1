"""Time that counts only while people work: hours and days of a calendar, in its own zone. Pure.

A moment counts when it lies in [opens, closes) of a working day, by the clock on the wall there; the length of what
counts is real elapsed time, so a day on which the clocks change while the office is open has an hour more or less.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

if TYPE_CHECKING:
    from core.models import BusinessCalendar

# A calendar that has no working day in so long is a mistake, not a long holiday.
LONGEST_BREAK_DAYS = 400
WORKING_WEEK = frozenset({0, 1, 2, 3, 4})


class NoWorkingDay(ValueError):
    """The calendar has no working day for more than a year."""


class Hours(msgspec.Struct, frozen=True):
    """When people work: `opens` to `closes` local time on `weekdays` (0 = Monday), never on `holidays`."""

    zone: str = "UTC"
    opens: time = time(9)
    closes: time = time(17)
    weekdays: frozenset[int] = WORKING_WEEK
    holidays: frozenset[date] = frozenset()

    @classmethod
    def from_calendar(cls, calendar: BusinessCalendar | None, timezone: str) -> Hours:
        """The hours of a calendar; without one, nine to five from Monday to Friday in `timezone`."""
        if calendar is None:
            return cls(zone=timezone)
        return cls(
            zone=calendar.timezone,
            opens=calendar.opens,
            closes=calendar.closes,
            weekdays=frozenset(calendar.weekdays),
            holidays=frozenset(calendar.holidays),
        )

    def is_working_day(self, day: date) -> bool:
        return day.weekday() in self.weekdays and day not in self.holidays

    def span(self, day: date) -> tuple[datetime, datetime]:
        """When `day` opens and closes, in UTC."""
        return _moment(self.zone, day, self.opens), _moment(self.zone, day, self.closes)

    def local_day(self, moment: datetime) -> date:
        return moment.astimezone(_zone(self.zone)).date()

    def spans_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The working spans that end after `start`, in order, for ever; the first may begin before it.

        Raises `NoWorkingDay`.
        """
        day, idle = self.local_day(start), 0
        while idle <= LONGEST_BREAK_DAYS:
            idle += 1
            if self.is_working_day(day):
                opens, closes = self.span(day)
                if closes > max(start, opens):
                    idle = 0
                    yield opens, closes
            day += timedelta(days=1)
        raise NoWorkingDay(f"no working day in the {LONGEST_BREAK_DAYS} days before {day}")


def add_business_hours(start: datetime, hours: float, calendar: Hours) -> datetime:
    """The moment (UTC) at which `hours` of working time have passed since `start`.

    `start` is aware; `hours` is not negative. No hours: `start`, or the next opening if the office is closed then.
    A span that is used up to its end gives its closing time, not the next opening.
    """
    if hours < 0:
        raise ValueError("hours must not be negative")
    left = timedelta(hours=hours)
    for opens, closes in calendar.spans_from(start):
        begins = max(start.astimezone(UTC), opens)
        if left <= closes - begins:
            return begins + left
        left -= closes - begins
    raise AssertionError("spans_from never ends")


def business_hours_between(start: datetime, end: datetime, calendar: Hours) -> float:
    """Hours of working time in [start, end); negative when `end` is before `start`."""
    if end < start:
        return -business_hours_between(end, start, calendar)
    worked = timedelta()
    for opens, closes in calendar.spans_from(start):
        if opens >= end:
            break
        worked += min(closes, end) - max(opens, start)
    return worked / timedelta(hours=1)


def next_business_day(day: date, calendar: Hours) -> date:
    """The first working day after `day`. Raises `NoWorkingDay`."""
    for ahead in range(1, LONGEST_BREAK_DAYS):
        if calendar.is_working_day(day + timedelta(days=ahead)):
            return day + timedelta(days=ahead)
    raise NoWorkingDay(f"no working day in the {LONGEST_BREAK_DAYS} days after {day}")


def business_day_until(day: date, calendar: Hours) -> date:
    """`day` itself where it is a working day, else the last one before it. Raises `NoWorkingDay`."""
    for back in range(LONGEST_BREAK_DAYS):
        if calendar.is_working_day(day - timedelta(days=back)):
            return day - timedelta(days=back)
    raise NoWorkingDay(f"no working day in the {LONGEST_BREAK_DAYS} days before {day}")


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _moment(zone: str, day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=_zone(zone)).astimezone(UTC)
