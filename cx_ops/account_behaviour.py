"""What an account's people did, as entries of its timeline: a line a day, or a line a day and event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import groupby
from uuid import UUID

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Account
from accounts.queries.behaviour import READ, DayOf, days_of_behaviour
from cx_ops.timeline_entries import Entry, Position

NAMED = 3
END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Folded:
    """A reader whose entries are folded events: by day, and by name too where `by_name`."""

    by_name: bool

    def load(self, account: Account, start: Position | None, place: int, shown: int) -> list[tuple[Position, Entry]]:
        """At least `shown` + 1 entries before `start`, where there are as many."""
        until = _end_of_day(start.at) if start else END_OF_TIME
        found: list[tuple[Position, Entry]] = []
        while len(found) <= shown and (days := days_of_behaviour(account.id, until)):
            found += [one for one in self._entries(days, place) if start is None or one[0] < start]
            until = _begin_of_day(min(day.last_at for day in days))
        return found

    def _entries(self, days: list[DayOf], place: int) -> Iterator[tuple[Position, Entry]]:
        by_day = groupby(sorted(days, key=lambda one: one.day, reverse=True), key=lambda one: one.day)
        groups = [[one] for one in days] if self.by_name else [list(group) for _day, group in by_day]
        for group in groups:
            last = max(one.last_at for one in group)
            name = f"{group[0].day}{group[0].name if self.by_name else ''}"
            id = UUID(bytes=blake2b(name.encode(), digest_size=16).digest())
            yield Position(last, place, id), _tell(group, last)


def _tell(group: list[DayOf], last: datetime) -> Entry:
    if len(group) == 1:
        one = group[0]
        times = {"name": one.name or _("Page without a name"), "n": grouped(one.times)}
        title = times["name"] if one.times == 1 else _("%(name)s, %(n)s times") % times
        return Entry(last, "data", title, tone="minor")
    most = sorted(group, key=lambda one: (-one.times, one.name))
    total = sum(one.times for one in group)
    words = _("%(n)s events or more") if total >= READ else ngettext("%(n)s event", "%(n)s events", total)
    named = [f"{one.name or _('Page without a name')} {grouped(one.times)}" for one in most[:NAMED]]
    if len(most) > NAMED:
        named.append(_("others %(n)s") % {"n": grouped(sum(one.times for one in most[NAMED:]))})
    return Entry(last, "data", words % {"n": grouped(total)}, " · ".join(named), tone="minor")


def grouped(number: int) -> str:
    return str(number_format(number, force_grouping=True))


def _end_of_day(moment: datetime) -> datetime:
    return _begin_of_day(moment + timedelta(days=1))


def _begin_of_day(moment: datetime) -> datetime:
    """The midnight before, in the reader's zone."""
    return timezone.localtime(moment).replace(hour=0, minute=0, second=0, microsecond=0)
