"""What waits in quarantine, by source and reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, QuerySet

from core.models import User
from intake.models import Quarantined, Source

SHOWN = 50
SETTLED_SHOWN = 10


class Reason(NamedTuple):
    """Messages of one source with one reason."""

    source: Source
    code: str
    message: str
    waiting: int


@dataclass(frozen=True)
class Quarantine:
    """A page of what waits, the newest first; `matching` counts all that the filter leaves, `reasons` all there are."""

    rows: list[Quarantined]
    matching: int
    reasons: list[Reason]
    settled: list[Quarantined]


def waiting_in_quarantine(user: User, *, source: str = "", code: str = "") -> QuerySet[Quarantined]:
    """What waits that `user` may see, of one source (its slug) and for one reason where they are given."""
    rows = Quarantined.objects.visible_to(user).filter(settled_at=None)
    rows = rows.filter(source__slug=source) if source else rows
    return rows.filter(code=code) if code else rows


def show_quarantine_of(user: User, *, source: str = "", code: str = "") -> Quarantine:
    waiting = waiting_in_quarantine(user, source=source, code=code)
    settled = Quarantined.objects.visible_to(user).exclude(settled_at=None).select_related("source", "settled_by")
    return Quarantine(
        rows=list(waiting.select_related("source")[:SHOWN]),
        matching=waiting.count(),
        reasons=_reasons(user),
        settled=list(settled.order_by("-settled_at", "-id")[:SETTLED_SHOWN]),
    )


def _reasons(user: User) -> list[Reason]:
    """Each source's reasons, the most frequent first; the words are those of the newest."""
    grouped = waiting_in_quarantine(user).order_by().values("source_id", "code", "field").annotate(count=Count("id"))
    counts = {(row["source_id"], row["code"], row["field"]): row["count"] for row in grouped}
    newest = waiting_in_quarantine(user).select_related("source").order_by("source_id", "code", "field", "-id")
    rows = newest.distinct("source_id", "code", "field")
    found = [Reason(row.source, row.code, row.message, counts[row.source_id, row.code, row.field]) for row in rows]
    return sorted(found, key=lambda one: (-one.waiting, one.source.name, one.code))
