"""Sources as their screens show them: who answers for each, and how its feed keeps its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, IntegerField, Max, OuterRef, QuerySet, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.models import Act, User
from intake.enums import SourceMode
from intake.models import Import, Shipment, Source, Webhook
from intake.rules.cadence import Arrival, arrival_of, due_at

# Rejected rows of so long are counted.
LATELY = timedelta(days=28)
HOURS_A_DAY = 24
# Kinds of record that carry a score.
SCORED = ("insights", "scores")


@dataclass(frozen=True)
class SourceLine:
    """A source in the list. `words` and `tone` are for a badge; `due_at` is None where nothing is expected.

    is_overdue: the moment at which it was due has passed, though it may not be late yet. is_told: of our changes.
    """

    source: Source
    last_at: datetime | None
    due_at: datetime | None
    arrival: Arrival
    rejected: int
    is_overdue: bool
    is_told: bool

    @property
    def cadence(self) -> str:
        return cadence_words(self.source.cadence_hours)

    @property
    def words(self) -> str:
        if not self.source.is_active:
            return _("Switched off")
        if self.source.mode == SourceMode.PROPAGATE and not self.is_told:
            return _("Told of nothing")
        if self.last_at is None and self.source.mode != SourceMode.CONSOLIDATE:
            return str(self.source.get_mode_display())
        return {
            Arrival.SILENT: _("Silent"),
            Arrival.LATE: _("Late"),
            Arrival.ON_TIME: _("On time"),
            Arrival.UNKNOWN: _("Nothing yet") if self.last_at is None else _("No cadence"),
        }[self.arrival]

    @property
    def tone(self) -> str:
        if not self.source.is_active:
            return ""
        return {Arrival.SILENT: "bad", Arrival.LATE: "warn", Arrival.ON_TIME: "good", Arrival.UNKNOWN: ""}[self.arrival]


def cadence_words(hours: int | None) -> str:
    """A cadence as people say it: every day, every 6 hours."""
    if not hours:
        return _("whenever it comes")
    if hours % HOURS_A_DAY:
        return ngettext("every hour", "every %(n)d hours", hours) % {"n": hours}
    days = hours // HOURS_A_DAY
    return ngettext("every day", "every %(n)d days", days) % {"n": days}


def list_sources() -> QuerySet[Source]:
    """Every system that sends us records or is told of changes (`is_told`: by a webhook), the ones in use first."""
    told = Webhook.objects.filter(source=OuterRef("pk"), is_on=True)
    return (
        Source.objects.systems()
        .annotate(is_told=Exists(told))
        .select_related("owner", "backup", "account_namespace", "look_up")
        .order_by("-is_active", "name")
    )


def source_lines(sources: Sequence[Source], now: datetime) -> list[SourceLine]:
    """Each source with its last arrival, in a number of queries that does not depend on how many there are."""
    ids = [source.pk for source in sources]
    last = last_arrivals(ids)
    made = expected_from(ids)
    rejected = _rejected(ids, now)
    return [
        _line(source, last.get(source.pk), made.get(source.pk), rejected.get(source.pk, 0), now) for source in sources
    ]


def _line(source: Source, last: datetime | None, made: datetime | None, rejected: int, now: datetime) -> SourceLine:
    hours = source.cadence_hours if source.is_active else None
    due = due_at(last, hours) if last and hours else None
    return SourceLine(
        source=source,
        last_at=last,
        due_at=due,
        arrival=arrival_of(last=last, since=made, cadence_hours=hours, now=now),
        rejected=rejected,
        is_overdue=due is not None and due < now,
        is_told=source.is_told,  # type: ignore[attr-defined]  # by list_sources
    )


def last_arrivals(ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When something last arrived from each source: a file, or a call that brought records."""
    return dict(Shipment.objects.filter(source__in=ids).values_list("source").annotate(at=Max("at")).order_by())


def expected_from(ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """From when on each source is expected: since it was made."""
    acts = Act.objects.filter(subject_type="source", verb="created", subject_id__in=[str(id) for id in ids])
    return {UUID(id): at for id, at in acts.values_list("subject_id", "at")}


def _rejected(ids: Sequence[UUID], now: datetime) -> dict[UUID, int]:
    """Rows of files lately that were not taken."""
    lately = Import.objects.filter(source__in=ids, created_at__gt=now - LATELY, counts__has_key="rejected")
    count = Sum(Cast(KT("counts__rejected"), IntegerField()))
    return dict(lately.values_list("source").annotate(n=count).order_by())


def find_source(slug: str) -> Source | None:
    """The system of this short name; None where there is none, or it is a person.

    `sends_scores`: it has sent something with a score, so that it matters what its scores say.
    """
    scored = Shipment.objects.filter(source=OuterRef("pk"), kind__in=SCORED)
    return list_sources().filter(slug=slug).annotate(sends_scores=Exists(scored)).first()


def owners() -> QuerySet[User]:
    """Who can answer for a source: everybody who works here."""
    people: QuerySet[User] = User.objects.filter(is_active=True)
    return people.exclude(role="integration").order_by("first_name", "username")
