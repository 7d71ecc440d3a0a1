"""What several sections of the weekly review count from: acts, what was not taken, by where it is now, sources."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Case, Count, F, Q, QuerySet, Sum, TextField, Value, When
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy

from accounts.models import Pair, Parked
from core.models import Act, DeadLetter, User
from cx_ops.weekly.week import Week
from intake.enums import DeliveryStatus, Happening, ImportStatus
from intake.models import Import, Quarantined, Shipment, Source, Webhook
from intake.queries.sources import list_in_use

GAVE_UP = "gave_up"
JOINED = {
    "merged": gettext_lazy("merged"), "split": gettext_lazy("split"), "unmerged": gettext_lazy("taken apart again"),
}  # fmt: skip
CAME, LETTERS, PARKED, HELD, CELLS, PAIRS, DRAFTS = "came", "letters", "parked", "held", "cells", "pairs", "drafts"
HOOKS, FAILS = "hooks", "fails"  # webhooks, of which kind where it still fails


class Lost(NamedTuple):
    """What was not taken, or waits: of a stage, kind, source, file or webhook (`slug`); `rows`: all that came."""

    slug: str
    name: str
    kind: str
    n: int
    rows: int


class Seen(NamedTuple):
    """Acts of the week by verb; what was not taken, or waits; sources in use; up to when the week is gone through."""

    acts: dict[str, int]
    lost: dict[str, list[Lost]]
    sources: list[Source]
    until: datetime


def count_seen(week: Week, user: User, now: datetime) -> Seen:
    """What there is of a week at `now`. Three queries."""
    sources = list(list_in_use())
    return Seen(_count_acts(week), _count_lost(week, user), sources, min(week.ends, now))


def _count_acts(week: Week) -> dict[str, int]:
    """How often each of the acts that the review names was done."""
    named = Q(verb=GAVE_UP, subject_type="effect") | Q(verb__in=JOINED, subject_type="account")
    acts = Act.objects.filter(named, at__gte=week.begins, at__lt=week.ends).order_by()
    return dict(acts.values_list("verb").annotate(Count("id")))


def _count_lost(week: Week, user: User) -> dict[str, list[Lost]]:
    """Rows of the week's shipments, and what had come by its end that nobody has settled: one query."""
    came = Shipment.objects.filter(at__gte=week.begins, at__lt=week.ends).exclude(of__status=ImportStatus.UNDONE)
    files = Import.objects.visible_to(user)
    taken = files.filter(finished_at__range=(week.begins, week.ends), status=ImportStatus.DONE)
    drafts = files.filter(created_at__lt=week.ends, status=ImportStatus.DRAFT)
    pairs = Pair.objects.visible_to(user).waiting().filter(found_at__lt=week.ends)
    held = Quarantined.objects.filter(settled_at=None, received_at__lt=week.ends)
    hooks = Webhook.objects.visible_to(user)
    state = Case(When(is_on=True, failures__gt=0, then=Value(FAILS)), default=Value(""), output_field=TextField())
    of_week = Q(deliveries__status=DeliveryStatus.DEAD, deliveries__ended_at__range=(week.begins, week.ends))
    lost = Count("deliveries", filter=of_week & ~Q(deliveries__happening=Happening.TEST))
    sums, counts = {"no": Sum("rejected"), "all": Sum("rows")}, {"no": Count("pk"), "all": Value(0)}
    name, slug, nameless = F("source__name"), F("source__slug"), Value("", TextField())
    parts = (
        _grouped(came, CAME, slug, name, F("kind")).annotate(**sums).filter(no__gt=0),
        _grouped(DeadLetter.objects.filter(replayed_at=None), LETTERS, F("stage"), nameless, nameless).annotate(
            **counts
        ),
        _grouped(Parked.objects.all(), PARKED, F("kind"), nameless, nameless).annotate(**counts),
        _grouped(pairs, PAIRS, F("rule"), nameless, nameless).annotate(**counts),
        _grouped(taken, CELLS, F("filename"), name, Cast("pk", TextField()))
        .annotate(**counts | {"no": Count("warnings")})
        .filter(no__gt=0),
        _grouped(drafts, DRAFTS, F("filename"), name, Cast("pk", TextField())).annotate(**counts),
        _grouped(held, HELD, slug, name, nameless).annotate(**counts),
        _grouped(hooks, HOOKS, Cast("pk", TextField()), name, state)
        .annotate(no=lost, all=Value(0))
        .filter(~Q(no=0) | Q(of_kind=FAILS)),
    )
    found: dict[str, list[Lost]] = defaultdict(list)
    for row in parts[0].union(*parts[1:], all=True).order_by("-no", "key"):
        found[row["what"]].append(Lost(row["key"], row["called"], row["of_kind"], row["no"], row["all"]))
    return found


def _grouped(rows: QuerySet[Any], what: str, key: Any, called: Any, kind: Any) -> QuerySet[Any]:
    return rows.order_by().values(what=Value(what), key=key, called=called, of_kind=kind)
