"""Digests: an e-mail at the beginning of somebody's working day, once, in their own zone; only to those who want it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from core.bulk import execute
from core.business_time import Hours
from core.enums import Digest
from core.ids import uuid7
from core.tokens import light_colours
from playbooks.queries.digest import Content, Reader, content_for, readers, written_already

A_DAY, A_WEEK = timedelta(days=1), timedelta(days=7)
WRITE = """
INSERT INTO playbooks_effect (id, key, to_id, address, subject, body, html, status, not_before, attempts, last_error)
VALUES (%(id)s, %(key)s, %(to)s, %(address)s, %(subject)s, %(body)s, %(html)s, 'due', %(now)s, 0, '')
ON CONFLICT (key) DO NOTHING
"""


def write_digests(now: datetime) -> int:
    """Put the digests of everybody whose day has begun into the outbox; how many.

    Its key, person and day, makes each one; the outbox sends it. A day on which nothing ran while they worked has none.
    """
    due = {_key(reader, day): (reader, day) for reader in readers(now) if (day := day_begun(reader, now))}
    if not due:
        return 0
    done = written_already(due)
    return sum(_write(key, reader, day, now) for key, (reader, day) in due.items() if key not in done)


def day_begun(reader: Reader, now: datetime) -> date | None:
    """The working day that `now` lies in, if a digest belongs to it: any, or the first of its week."""
    hours = reader.hours
    day = hours.local_day(now)
    if not hours.is_working_day(day):
        return None
    opens, closes = hours.span(day)
    is_wanted = reader.digest is Digest.DAILY or _is_first_of_week(day, hours)
    return day if is_wanted and opens <= now < closes else None


def _is_first_of_week(day: date, hours: Hours) -> bool:
    return not any(hours.is_working_day(day - timedelta(days=back)) for back in range(1, day.weekday() + 1))


def _key(reader: Reader, day: date) -> str:
    return f"digest-{reader.id}-{day.isoformat()}"


def _write(key: str, reader: Reader, day: date, now: datetime) -> int:
    zone = ZoneInfo(reader.zone)
    length = A_DAY if reader.digest is Digest.DAILY else A_WEEK
    with timezone.override(zone):
        midnight = datetime.combine(now.astimezone(zone).date() + A_DAY, time(), zone)
        content = content_for(reader, since=now - length, day_ends=midnight, now=now)
        context = {
            "reader": reader,
            "content": content,
            "day": day,
            "site": next(iter(settings.CSRF_TRUSTED_ORIGINS), ""),
            "colours": light_colours(),
        }
        row = {
            "id": uuid7(),
            "key": key,
            "to": reader.id,
            "address": reader.email,
            "subject": _subject(content),
            "body": render_to_string("email/digest.txt", context),
            "html": render_to_string("email/digest.html", context),
            "now": now,
        }
    return execute(WRITE, row)


def _subject(content: Content) -> str:
    due = content.parts[1].total
    return _("Your day: %(now)d in Now, %(due)d more due today") % {"now": content.in_now, "due": due}
