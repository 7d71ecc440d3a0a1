"""What narrows a queue, and the query string that says so: the same words in the address, the form and a saved view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from django.db.models import Case, F, Q, When
from django.utils.translation import gettext_lazy as _

from insights.models import InsightType
from playbooks.enums import Lane, TaskStatus
from playbooks.models.task import TaskQuerySet
from playbooks.queries.deadlines import CLOSING
from playbooks.rules.lanes import SOON

# What of an address belongs to the list it shows; the rest is about the page.
OF_THE_LIST = ("who", "lane", "type", "segment", "sla", "q")
STATES = {
    "late": _("Late"),
    "due_soon": _("Due soon"),
    "closing": _("Window closing"),
    "paused": _("Waiting"),
    "on_track": _("On track"),
}
NEXT_DUE = Case(
    When(acknowledge_by__isnull=False, acknowledged_at=None, then=F("acknowledge_by")),
    When(touch_by__isnull=False, touched_at=None, then=F("touch_by")),
    default=F("due_at"),
)

# Beyond the cap: it waits in Later, with no deadline, until its owner's day has room (ADR 0025).
HELD = Q(lane=Lane.LATER, urgent=True, touched_at=None)


class Filters(NamedTuple):
    """Each empty where it does not narrow."""

    type: str = ""
    segment: str = ""
    sla: str = ""
    q: str = ""

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Filters:
        """From a query string; a state that does not exist narrows nothing."""
        given = cls(**{name: values.get(name, "").strip().replace("\0", "")[:100] for name in cls._fields})
        return given if given.sla in STATES else given._replace(sla="")

    def as_query(self) -> dict[str, str]:
        return {name: value for name, value in self._asdict().items() if value}

    def narrow(self, tasks: TaskQuerySet, now: datetime) -> TaskQuerySet:
        """Those of `tasks` that fit; the state of a deadline as `next_deadline` would call it."""
        if self.type:
            tasks = tasks.filter(type=self.type)
        if self.segment:
            tasks = tasks.filter(account__segment=self.segment)
        if self.q:
            tasks = tasks.filter(
                Q(account__name__icontains=self.q) | Q(source__name__icontains=self.q) | Q(title__icontains=self.q)
            )
        return tasks.annotate(next_due=NEXT_DUE).filter(in_state(self.sla, now)) if self.sla else tasks

    def in_words(self) -> Iterator[str]:
        """What it narrows to, for the head of the list."""
        if self.type:
            yield str(InsightType.objects.filter(slug=self.type).first() or self.type)
        yield from filter(None, [self.segment, str(STATES.get(self.sla, ""))])
        if self.q:
            yield f"“{self.q}”"


def is_late(now: datetime) -> Q:
    """Tasks that are late, where `NEXT_DUE` is there as `next_due`."""
    return ~Q(status=TaskStatus.WAITING) & Q(next_due__lte=now)


def in_state(state: str, now: datetime) -> Q:
    """Tasks in one of `STATES`, where `NEXT_DUE` is there as `next_due`."""
    waits = Q(status=TaskStatus.WAITING)
    closing = Q(next_due__gt=now + SOON, expires_at__lte=now + CLOSING)
    return {
        "paused": waits,
        "late": is_late(now),
        "due_soon": ~waits & Q(next_due__gt=now, next_due__lte=now + SOON),
        "closing": ~waits & closing,
        "on_track": ~waits & Q(next_due__gt=now + SOON) & (Q(expires_at=None) | Q(expires_at__gt=now + CLOSING)),
    }[state]


def list_query_of(values: Mapping[str, str]) -> str:
    """The part of a query string that names a list, in one order, so that two of the same list are the same."""
    return urlencode({name: value for name in OF_THE_LIST if (value := values.get(name, "").strip())})
