"""Until when a task can be put off with one click."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from core.business_time import Hours, business_day_until, next_business_day
from core.models import User
from playbooks.queries.terms import Limit

MORNING = time(9)
LATER_TODAY = timedelta(hours=3)
BEFORE_THE_END = timedelta(days=3)
BEFORE = _("Three days before %(day)s, when %(what)s")
BEFORE_DAYS_OFF = _("The working day that is three days or more before %(day)s, when %(what)s")


class Preset(NamedTuple):
    """A snooze that one click gives: its name in the form, its words, and when it ends."""

    value: str
    label: Any
    until: datetime


def snooze_presets(now: datetime, user: User, limit: Limit | None) -> list[Preset]:
    """The ends of a snooze that make sense at `now`, in the reader's zone and on their working days.

    Those that have passed are left out, and a day is named once. The last is before the `limit`.
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
    presets.append(Preset("monday", _("Start of the week"), datetime.combine(monday, MORNING, zone)))
    if limit:
        three_days = limit.day - BEFORE_THE_END
        last = business_day_until(three_days, hours)
        label = BEFORE if last == three_days else BEFORE_DAYS_OFF
        words = label % {"day": day_in_words(limit.day), "what": limit.what}
        presets.append(Preset("before", words, datetime.combine(last, MORNING, zone)))
    presets.sort(key=lambda preset: preset.until)
    ends = [preset.until for preset in presets]
    return [preset for at, preset in enumerate(presets) if preset.until > now and preset.until not in ends[:at]]


def day_in_words(day: date) -> str:
    """Such as "16 Feb"."""
    return formats.date_format(day, "j M")


def moment_in_words(moment: datetime) -> str:
    """In the reader's zone, such as "Monday 16 February, 09:00"."""
    return formats.date_format(timezone.localtime(moment), "l j F, H:i")


def moment_in_short(moment: datetime) -> str:
    """The same where there is little room, such as "Mon 16 Feb, 09:00"."""
    return formats.date_format(timezone.localtime(moment), "D j M, H:i")


def zone_now() -> ZoneInfo:
    """The reader's zone (`core.middleware.use_own_zone`)."""
    return timezone.get_current_timezone()
