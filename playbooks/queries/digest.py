"""What a digest says: what is in Now, due today, woken since the last one, and how much waits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.utils.translation import gettext_lazy

from core.bulk import Id, read_rows
from core.business_time import Hours
from core.enums import Digest
from core.models import Act
from playbooks.enums import Lane
from playbooks.models import Task
from playbooks.queries.deadlines import HasDeadlines, next_deadline
from playbooks.queries.dispatching import hours_of
from playbooks.queries.queue import Columns, read_columns, title_beside

SHOWN = 8
WOKEN = ("woken", "resumed")


class Reader(NamedTuple):
    """Somebody who wants a digest, with the hours they work and the zone they read times in."""

    id: Id
    name: str
    email: str
    digest: Digest
    zone: str
    hours: Hours


# Those who are away today are told nothing.
READERS = """
SELECT u.id, coalesce(nullif(u.first_name, ''), u.username), u.email, u.digest, u.timezone,
       coalesce(c.timezone, u.timezone), c.opens, c.closes, c.weekdays, c.holidays
FROM core_user u
LEFT JOIN core_businesscalendar c ON c.id = coalesce(u.calendar_id, (SELECT calendar_id FROM core_organisation))
WHERE u.digest <> '' AND u.is_active AND u.email <> ''
    AND NOT EXISTS (SELECT FROM core_absence a
                    WHERE a.user_id = u.id AND a.active_from <= %(now)s AND a.active_to > %(now)s)
ORDER BY u.id
"""


def readers(now: datetime) -> list[Reader]:
    """Everybody who wants a digest and is here."""
    rows = read_rows(READERS, {"now": now})
    return [Reader._make((*row[:3], Digest(row[3]), row[4], hours_of(*row[5:]))) for row in rows]


class Line(NamedTuple):
    """One task: its account, what it is about, and when what is due."""

    id: UUID
    account: str
    text: str
    due: str
    state: str


class Part(NamedTuple):
    """One heading with its tasks; `more` are not shown."""

    title: Any
    lines: list[Line]
    total: int

    @property
    def more(self) -> int:
        return self.total - len(self.lines)


class Content(NamedTuple):
    """What one person is told."""

    parts: list[Part]
    waiting: int
    later: int

    @property
    def in_now(self) -> int:
        return self.parts[0].total


def content_for(reader: Reader, *, since: datetime, day_ends: datetime, now: datetime) -> Content:
    """Four short lists at most; a task stands in the first that it belongs to."""
    mine = Task.objects.active().filter(assignee=UUID(reader.id)).order_by("-priority", "due_at", "id")
    waiting, later = mine.filter(lane=Lane.WAITING).count(), mine.filter(lane=Lane.LATER).count()
    at_hand = read_columns(mine.exclude(lane__in=(Lane.WAITING, Lane.LATER)), UUID(reader.id), now)
    ids = [str(row["id"]) for row in at_hand]
    acts = Act.objects.filter(subject_type="task", subject_id__in=ids, verb__in=WOKEN, at__gt=since)
    woken = set(acts.values_list("subject_id", flat=True))
    wanted = (
        (gettext_lazy("In Now"), lambda row: row["lane"] == Lane.NOW),
        (gettext_lazy("Due today"), lambda row: row["due_at"] < day_ends),
        (gettext_lazy("Back with you"), lambda row: str(row["id"]) in woken),
    )
    parts = []
    for title, belongs in wanted:
        found = [row for row in at_hand if belongs(row)]
        at_hand = [row for row in at_hand if not belongs(row)]
        parts.append(Part(title, [_line(row, now) for row in found[:SHOWN]], len(found)))
    return Content(parts, waiting, later)


def _line(row: dict[str, Any], now: datetime) -> Line:
    deadline = next_deadline(cast("HasDeadlines", Columns(row)), now)
    about = row["account__name"] or row["source__name"]
    return Line(row["id"], about, title_beside(row["title"], about), deadline.whole, deadline.state)


def written_already(keys: Iterable[str]) -> set[str]:
    """Which of these are in the outbox, or were."""
    return {key for (key,) in read_rows("SELECT key FROM playbooks_effect WHERE key = ANY(%s)", [list(keys)])}
