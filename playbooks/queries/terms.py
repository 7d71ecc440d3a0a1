"""How near the term of a task's account is to its notice date or its end."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.templatetags.cx import in_days
from decisions.rules.decide import URGENCY
from playbooks.models import Task

# From so many days before a term's notice date or end the priority counts how near it is (`decisions.rules.decide`).
NEAR_DAYS = URGENCY[-1][0]


class Term(NamedTuple):
    """The term that runs now: its end, and the last day on which notice can be given."""

    ends_on: date
    notice_on: date | None

    @classmethod
    def read(cls, dates: list[date] | None) -> Term | None:
        """From what `running_term` finds."""
        return cls(*dates) if dates else None

    def next_date(self, today: date) -> tuple[str, date]:
        """What comes first, in words, and its day: the notice date, else the end of the term."""
        if self.notice_on and self.notice_on >= today:
            return _("notice by"), self.notice_on
        return _("term ends"), self.ends_on

    def nearness(self, today: date) -> str:
        """How near that is, where it makes a task more urgent; else ""."""
        left = (self.next_date(today)[1] - today).days
        if left > NEAR_DAYS:
            return ""
        words = _("notice %(when)s") if self.notice_on and self.notice_on >= today else _("term ends %(when)s")
        return words % {"when": in_days(left)}


class Limit(NamedTuple):
    """The last moment until which a task is put off without a reason: its day, and in words what happens then."""

    at: datetime
    day: date
    what: Any


def limit_of(expires_at: datetime | None, term: Term | None, today: date, zone: ZoneInfo) -> Limit | None:
    """The end of a task's window, or of the day of its account's next date where that comes first."""
    limits = []
    if expires_at:
        closes = gettext_lazy("the window for acting closes")
        limits.append(Limit(expires_at, expires_at.astimezone(zone).date(), closes))
    if term:
        day = term.next_date(today)[1]
        ends = gettext_lazy("the term ends") if day == term.ends_on else gettext_lazy("the time to give notice ends")
        limits.append(Limit(datetime.combine(day, time.max, zone), day, ends))
    return min(limits, key=lambda limit: limit.at, default=None)


# In plain SQL: Django takes a millisecond to write the same, for each list and each task.
RUNNING = """
SELECT ARRAY[ends_on, notice_on] FROM accounts_contract
WHERE account_id = playbooks_task.account_id AND ends_on >= %s ORDER BY ends_on LIMIT 1
"""


def running_term(today: date) -> RawSQL:
    """The term of a task's account that runs on `today`, for `Term.read`."""
    return RawSQL(RUNNING, [today])  # RUNNING is above  # noqa: S611  # nosec B611


def term_of(task: Task, today: date) -> Term | None:
    """The term of a task's account that runs on `today`."""
    return Term.read(Task.objects.filter(pk=task.pk).values_list(running_term(today), flat=True)[0])
