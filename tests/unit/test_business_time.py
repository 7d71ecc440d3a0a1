from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.business_time import (
    Hours,
    NoWorkingDay,
    add_business_hours,
    business_hours_between,
    next_business_day,
)
from core.models import BusinessCalendar

NINE_TO_FIVE = Hours()
LISBON = Hours(zone="Europe/Lisbon")
NIGHT_SHIFT = Hours(zone="Europe/Berlin", opens=time(0, 30), closes=time(6), weekdays=frozenset(range(7)))

ZONES = ["UTC", "Europe/Lisbon", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]
moments = st.datetimes(datetime(2023, 1, 1), datetime(2027, 12, 31)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001
working_hours = st.floats(min_value=0, max_value=200, allow_nan=False)


@st.composite
def calendars(draw: st.DrawFn) -> Hours:
    opens, closes = sorted(draw(st.lists(st.integers(0, 23 * 60 + 59), min_size=2, max_size=2, unique=True)))
    return Hours(
        zone=draw(st.sampled_from(ZONES)),
        opens=time(*divmod(opens, 60)),
        closes=time(*divmod(closes, 60)),
        weekdays=draw(st.frozensets(st.integers(0, 6), min_size=1)),
        holidays=draw(st.frozensets(st.dates(date(2023, 1, 1), date(2027, 12, 31)), max_size=5)),
    )


wide_calendars = calendars().filter(lambda hours: hours.opens.hour + 2 <= hours.closes.hour)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "hours", "calendar", "end"),
    [
        ("2026-11-20T10:00", 4, NINE_TO_FIVE, "2026-11-20T14:00"),
        ("2026-11-20T15:00", 4, NINE_TO_FIVE, "2026-11-23T11:00"),  # over a week-end
        ("2026-11-21T12:00", 1, NINE_TO_FIVE, "2026-11-23T10:00"),  # from a Saturday
        ("2026-11-20T09:00", 8, NINE_TO_FIVE, "2026-11-20T17:00"),  # a full day ends at its close
        ("2026-11-20T17:00", 0, NINE_TO_FIVE, "2026-11-23T09:00"),
        ("2026-07-01T08:00", 1, LISBON, "2026-07-01T09:00"),  # nine in Lisbon is eight in UTC in summer
        ("2026-01-01T08:00", 1, LISBON, "2026-01-01T10:00"),
        ("2026-03-29T00:00", 4, NIGHT_SHIFT, "2026-03-29T04:00"),  # clocks forward: the shift has 4.5 hours
        ("2026-03-29T00:00", 5, NIGHT_SHIFT, "2026-03-29T23:30"),
        ("2026-10-25T00:00", 5, NIGHT_SHIFT, "2026-10-25T05:00"),  # clocks back: 6.5 hours
    ],
)
def test_adding_hours_of_work(start: str, hours: float, calendar: Hours, end: str) -> None:
    assert add_business_hours(at(start), hours, calendar) == at(end)


def test_holidays_do_not_count() -> None:
    calendar = Hours(holidays=frozenset({date(2026, 12, 25)}))
    assert add_business_hours(at("2026-12-24T16:00"), 2, calendar) == at("2026-12-28T10:00")
    assert next_business_day(date(2026, 12, 24), calendar) == date(2026, 12, 28)


def test_a_leap_day_is_a_day() -> None:
    assert next_business_day(date(2028, 2, 28), NINE_TO_FIVE) == date(2028, 2, 29)


def test_the_length_of_days_on_which_clocks_change() -> None:
    assert business_hours_between(at("2026-03-28T22:00"), at("2026-03-29T12:00"), NIGHT_SHIFT) == 4.5
    assert business_hours_between(at("2026-10-24T21:00"), at("2026-10-25T12:00"), NIGHT_SHIFT) == 6.5


def test_a_calendar_without_working_days_is_refused() -> None:
    closed = Hours(holidays=frozenset(date(2026, 1, 1) + timedelta(days=day) for day in range(900)))
    with pytest.raises(NoWorkingDay):
        add_business_hours(at("2026-01-01T00:00"), 1, closed)
    with pytest.raises(NoWorkingDay):
        next_business_day(date(2026, 1, 1), closed)


def test_negative_hours_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        add_business_hours(at("2026-01-01T00:00"), -1, NINE_TO_FIVE)


def test_hours_of_a_calendar_and_of_none() -> None:
    assert Hours.from_calendar(None, "Asia/Kolkata") == Hours(zone="Asia/Kolkata")
    row = BusinessCalendar(
        timezone="Europe/Lisbon", opens=time(8), closes=time(16), weekdays=[0, 6], holidays=[date(2026, 1, 1)]
    )
    expected = Hours(
        "Europe/Lisbon", time(8), time(16), weekdays=frozenset({0, 6}), holidays=frozenset({date(2026, 1, 1)})
    )
    assert Hours.from_calendar(row, "UTC") == expected


@given(moments, working_hours, calendars())
def test_adding_lands_in_working_time_and_never_before(start: datetime, hours: float, calendar: Hours) -> None:
    end = add_business_hours(start, hours, calendar)
    assert end >= start
    opens, closes = calendar.span(calendar.local_day(end))
    assert calendar.is_working_day(calendar.local_day(end))
    assert opens <= end <= closes


@given(moments, working_hours, working_hours, calendars())
def test_more_hours_end_later(start: datetime, some: float, more: float, calendar: Hours) -> None:
    few, many = sorted((some, more))
    assert add_business_hours(start, few, calendar) <= add_business_hours(start, many, calendar)


@given(moments, moments, working_hours, calendars())
def test_a_later_start_ends_no_earlier(one: datetime, other: datetime, hours: float, calendar: Hours) -> None:
    early, late = sorted((one, other))
    assert add_business_hours(early, hours, calendar) <= add_business_hours(late, hours, calendar)


@given(moments, st.integers(0, 2000), calendars())
def test_between_undoes_adding(start: datetime, minutes: int, calendar: Hours) -> None:
    end = add_business_hours(start, minutes / 60, calendar)
    assert business_hours_between(start, end, calendar) == pytest.approx(minutes / 60, abs=1e-6)


@given(st.lists(moments, min_size=3, max_size=3), wide_calendars)
def test_between_is_additive(points: list[datetime], calendar: Hours) -> None:
    first, second, third = sorted(points)
    parts = business_hours_between(first, second, calendar) + business_hours_between(second, third, calendar)
    assert business_hours_between(first, third, calendar) == pytest.approx(parts, abs=1e-6)
    assert business_hours_between(third, first, calendar) == -business_hours_between(first, third, calendar)
