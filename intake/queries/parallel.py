"""Parallel runs as pages show them: which there is, what was held, and how the two feeds keep their time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max, Q, Sum

from core.models import User
from intake.models import Held, ParallelRun, Shipment, Source


@dataclass(frozen=True)
class Brought:
    """What one feed brought of a kind since the run began; `last_at` may be before that."""

    rows: int = 0
    rejected: int = 0
    times: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True)
class KindLine:
    """One kind of record: what both feeds brought, and how much is held of the new one."""

    kind: str
    old: Brought
    new: Brought
    held: int = 0
    unmatched: int = 0
    doubtful: int = 0

    @property
    def brought(self) -> int:
        """Rows of both feeds since the run began."""
        return self.old.rows + self.new.rows


def run_of(source: Source, user: User) -> ParallelRun | None:
    """The run that is on beside a source, else the last one that was."""
    runs = ParallelRun.objects.visible_to(user).select_related("old", "new", "started_by", "ended_by")
    return runs.filter(old=source).order_by("-id").first()


def runs_about(source: Source, user: User) -> Iterable[ParallelRun]:
    """Runs that are on now and in which a source is the old or the new one; at most one of each."""
    running = ParallelRun.objects.visible_to(user).running().select_related("old", "new")
    return running.filter(Q(old=source) | Q(new=source))


def held_feeds(user: User) -> dict[UUID, str]:
    """Sources that run beside another one now, by id, with the name of that one."""
    running = ParallelRun.objects.visible_to(user).running()
    return dict(running.values_list("new_id", "old__name"))


def calling_by_ids_of(source: Source, *, but: Source) -> list[str]:
    """Names of the sources in use that call accounts by the ids of this one; `but`: without that one."""
    found = Source.objects.systems().filter(account_namespace=source, is_active=True).exclude(pk=but.pk)
    return list(found.order_by("name").values_list("name", flat=True))


def kind_lines(run: ParallelRun) -> list[KindLine]:
    """Every kind that one of the two feeds brought since the run began."""
    since = Q(at__gte=run.started_at)
    shipments = Shipment.objects.filter(source__in=(run.old_id, run.new_id)).order_by()
    rows = shipments.values_list("source", "kind").annotate(
        rows=Sum("rows", filter=since), rejected=Sum("rejected", filter=since), times=Count("id", filter=since),
        last_at=Max("at"),
    )  # fmt: skip
    brought = {
        (source, kind): Brought(count or 0, rejected or 0, times, at)
        for source, kind, count, rejected, times, at in rows
    }
    unknown, doubtful = Q(account_id=None), Q(is_doubtful=True)
    held = Held.objects.filter(run=run).order_by().values_list("kind").annotate(
        held=Count("id"), unmatched=Count("id", filter=unknown), doubtful=Count("id", filter=doubtful)
    )  # fmt: skip
    counts = {kind: numbers for kind, *numbers in held}
    return [
        KindLine(kind, brought.get((run.old_id, kind), Brought()), brought.get((run.new_id, kind), Brought()),
                 *counts.get(kind, ()))
        for kind in sorted({kind for _source, kind in brought} | counts.keys())
    ]  # fmt: skip
