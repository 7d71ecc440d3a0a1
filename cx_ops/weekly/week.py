"""The week that is gone through, and who went through it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from django.utils import timezone

from core.models import Act, User

REVIEWED = "reviewed"


@dataclass(frozen=True)
class Week:
    """From Monday's midnight to the next, in the organisation's zone."""

    monday: date
    begins: datetime
    ends: datetime

    @property
    def key(self) -> str:
        year, number, _day = self.monday.isocalendar()
        return f"{year}-W{number:02}"

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)


class Reviewed(NamedTuple):
    by: User | None
    at: datetime
    note: str


def week_of(day: date) -> Week:
    """The week that `day` is in."""
    monday = day - timedelta(days=day.weekday())
    zone = timezone.get_current_timezone()
    begins = datetime.combine(monday, time(), zone)
    return Week(monday, begins, datetime.combine(monday + timedelta(days=7), time(), zone))


def week_named(key: str, today: date) -> Week | None:
    """The week of a key such as "2026-W48", not in the future; None where there is no such week."""
    if not key:
        return week_of(today)
    try:
        monday = date.fromisocalendar(int(key[:4]), int(key[6:]), 1)
    except ValueError:
        return None
    return week_of(monday) if key[4:6] == "-W" and monday <= today and monday.year > 1970 else None


def reviews_of(week: Week) -> list[Reviewed]:
    """Who looked through it, and when; the newest first."""
    acts = Act.objects.filter(subject_type="organisation", verb=REVIEWED, data__week=week.key).select_related("by")
    return [Reviewed(act.by, act.at, act.why) for act in acts]
