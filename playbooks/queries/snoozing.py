"""Until when a task can be put off with one click."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from core.business_time import Hours, business_day_until, next_business_day
from core.models import User
from playbooks.queries.terms import Term

MORNING = time(9)
LATER_TODAY = timedelta(hours=3)
BEFORE_THE_END = timedelta(days=3)
BEFORE = _("Three days before the window for acting closes on %(day)s")
BEFORE_DAYS_OFF = _("The working day that is three days or more before the window for acting closes on %(day)s")
BEFORE_TERM = _("Three days before its notice date or the end of its term, %(day)s")
BEFORE_TERM_DAYS_OFF = _(
    "The working day that is three days or more before its notice date or the end of its term, %(day)s"
)


class Preset(NamedTuple):
    """A snooze that one click gives: its name in the form, its words, and when it ends."""

    value: str
    label: Any
    until: datetime


def snooze_presets(now: datetime, user: User, expires_at: datetime | None, term: Term | None = None) -> list[Preset]:
    """The ends of a snooze that make sense at `now`, in the reader's zone and on their working days.

    Those that have passed are left out, and a day is named once. The last is before the window closes, or before the
    next date of the account's `term` where that comes first.
    """
    zone = zone_now()
    hours = Hours.from_calendar(user.calendar, user.timezone)
    local = now.astimezone(zone)
    later = (local + LATER_TODAY).replace(minute=0, second=0, microsecond=0)
    tomorrow, monday = (local.date() + timedelta(days=days) for days in (1, 7 - local.weekday()))
    presets = []
    if later.date() == local.date():
        presets.append(Preset("later", _("Later today"), later))
    if hours.is_working_day(tomorrow):
        presets.append(Preset("tomorrow", _("Tomorrow"), datetime.combine(tomorrow, MORNING, zone)))
    if not hours.is_working_day(monday):
        monday = next_business_day(monday, hours)
    presets.append(Preset("monday", _("At the start of the week"), datetime.combine(monday, MORNING, zone)))
    closes, (exact, days_off) = expires_at, (BEFORE, BEFORE_DAYS_OFF)
    if term and (closes is None or term.next_date(local.date())[1] < closes.astimezone(zone).date()):
        closes = datetime.combine(term.next_date(local.date())[1], MORNING, zone)
        exact, days_off = BEFORE_TERM, BEFORE_TERM_DAYS_OFF
    three_days = (closes - BEFORE_THE_END).astimezone(zone).date() if closes else None
    if closes and three_days and (closes == expires_at or three_days > monday):
        last = business_day_until(three_days, hours)
        label = (exact if last == three_days else days_off) % {"day": day_in_words(closes)}
        presets.append(Preset("before", label, datetime.combine(last, MORNING, zone)))
    ends = [preset.until for preset in presets]
    return [preset for at, preset in enumerate(presets) if preset.until > now and preset.until not in ends[:at]]


def day_in_words(moment: datetime) -> str:
    """Its day in the reader's zone, such as "16 Feb"."""
    return formats.date_format(timezone.localtime(moment), "j M")


def zone_now() -> ZoneInfo:
    """The reader's zone (`core.middleware.use_own_zone`)."""
    return timezone.get_current_timezone()
