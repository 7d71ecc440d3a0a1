"""Sources as their screens show them: who answers for each, and how its feed keeps its time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import Case, Count, Exists, F, Max, OuterRef, QuerySet, Subquery, Sum, Value, When
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.models import Act, User
from intake.enums import ImportStatus, Problem, SourceMode
from intake.models import ApiToken, LookedUp, PullRun, RowWarning, Shipment, Source, Trouble, Webhook
from intake.rules.cadence import Arrival, arrival_of, due_at

# Rejected rows of so long are counted.
LATELY = timedelta(days=28)
HOURS_A_DAY = 24
# Kinds of record that carry a score.
SCORED = ("insights", "scores")
# How records come in.
WAYS = {"file": gettext_lazy("by file"), "pull": gettext_lazy("by scheduled fetch"), "api": gettext_lazy("by API")}


class Came(NamedTuple):
    """When a source last brought something, and how, in words."""

    at: datetime
    way: str


@dataclass(frozen=True)
class SourceLine:
    """A source in the list. `words` and `tone` are for a badge; `due_at` is None where nothing is expected.

    way: how the last arrival came. is_overdue: the moment at which it was due has passed, though it may not be late
    yet. is_told: of our changes. rejected, cells, troubles: `with_losses`; rows and cells that were not taken, and what
    else is wrong with it, and is called no fault by nobody.
    token_ended: when the last of its tokens expired, if nothing has come since.
    """

    source: Source
    last_at: datetime | None
    way: str
    due_at: datetime | None
    arrival: Arrival
    is_overdue: bool
    is_told: bool
    token_ended: datetime | None = None
    rejected: int = 0
    cells: int = 0
    troubles: Sequence[Trouble] = ()

    @property
    def lost(self) -> list[str]:
        """What was not taken lately, in words."""
        return not_taken(self.rejected, self.cells)

    @property
    def trouble_words(self) -> list[str]:
        """What is wrong with it beside its being late, each in short."""
        ended = [_("Token expired")] if self.token_ended else []
        return [*ended, *(str(one.get_problem_display()) for one in self.troubles)]

    @property
    def is_late(self) -> bool:
        return self.arrival in (Arrival.LATE, Arrival.SILENT)

    @property
    def comes_in(self) -> bool:
        """Whether records of it are kept here, or were."""
        return self.source.mode == SourceMode.CONSOLIDATE or self.last_at is not None

    @property
    def cadence(self) -> str:
        return cadence_words(self.source.cadence_hours)

    @property
    def words(self) -> str:
        if not self.source.is_active:
            return _("Switched off")
        if self.source.mode == SourceMode.PROPAGATE and not self.is_told:
            return _("No webhook is on")
        if self.last_at is None and self.source.mode != SourceMode.CONSOLIDATE:
            return str(self.source.get_mode_display())
        return {
            Arrival.SILENT: _("Silent"),
            Arrival.LATE: _("Late"),
            Arrival.ON_TIME: _("On time"),
            Arrival.UNKNOWN: _("Nothing yet") if self.last_at is None else _("Never late"),
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
    """Every system that sends us records or is told of changes (`is_told`: by a webhook), the ones in use first.

    `tokens_end`: when the last of its tokens ends; None where it has none, or one without an end.
    """
    told = Webhook.objects.filter(source=OuterRef("pk"), is_on=True)
    tokens = ApiToken.objects.filter(source=OuterRef("pk"), revoked_at=None)
    ends = tokens.order_by(F("expires_at").desc(nulls_first=True)).values("expires_at")[:1]
    return (
        Source.objects.systems()
        .annotate(is_told=Exists(told), tokens_end=Subquery(ends))
        .select_related("owner", "backup", "account_namespace", "look_up")
        .order_by("-is_active", "name")
    )


def list_in_use() -> QuerySet[Source]:
    """Those of `list_sources` that are in use, with when something last came (`last_at`)."""
    came = Shipment.objects.filter(source=OuterRef("pk")).order_by("-at").values("at")[:1]
    return list_sources().filter(is_active=True).annotate(last_at=Subquery(came))


def source_lines(sources: Sequence[Source], now: datetime) -> list[SourceLine]:
    """Each source with its last arrival, in a number of queries that does not depend on how many there are."""
    ids = [source.pk for source in sources]
    last, made = _last_arrivals(ids), expected_from(ids)
    return [_line(source, last.get(source.pk), made.get(source.pk), now) for source in sources]


def with_losses(lines: Sequence[SourceLine], now: datetime) -> list[SourceLine]:
    """The same lines with what was not taken lately, and what is wrong with each feed beside its being late."""
    ids = [line.source.pk for line in lines]
    rejected, cells = _rejected(ids, now), _left_out(ids, now)
    troubles: dict[UUID, list[Trouble]] = defaultdict(list)
    for trouble in Trouble.objects.filter(source__in=ids, cleared_at=None, accepted_at=None).order_by("problem"):
        troubles[trouble.source_id].append(trouble)
    return [
        replace(
            line, rejected=rejected.get(line.source.pk, 0), cells=cells.get(line.source.pk, 0),
            troubles=[one for one in troubles[line.source.pk] if one.problem != Problem.ARRIVAL or not line.is_late],
        )
        for line in lines
    ]  # fmt: skip


def _line(source: Source, came: Came | None, made: datetime | None, now: datetime) -> SourceLine:
    hours = source.cadence_hours if source.is_active else None
    last, way = came or (None, "")
    due = due_at(last, hours) if last and hours else None
    return SourceLine(
        source=source,
        last_at=last,
        way=way,
        due_at=due,
        arrival=arrival_of(last=last, since=made, cadence_hours=hours, now=now),
        is_overdue=due is not None and due < now,
        is_told=source.is_told,  # type: ignore[attr-defined]  # by list_sources
        token_ended=token_ended(source, last, now),
    )


def token_ended(source: Source, last: datetime | None, now: datetime) -> datetime | None:
    """When the last token of a source in use expired, where nothing has come since, by whatever way."""
    end: datetime | None = source.tokens_end  # type: ignore[attr-defined]  # by list_sources
    return end if source.is_active and end and end <= now and (last is None or last <= end) else None


def _last_arrivals(ids: Sequence[UUID]) -> dict[UUID, Came]:
    """When something last arrived from each source, and how: a file, a pull, or calls that brought records."""
    pulled = Exists(PullRun.objects.filter(import_id=OuterRef("of")))
    way = Case(When(of=None, then=Value("api")), When(pulled, then=Value("pull")), default=Value("file"))
    came = Shipment.objects.filter(source__in=ids).annotate(way=way).values_list("source", "way")
    by_way = sorted(came.annotate(last=Max("at")).order_by(), key=lambda row: row[2])
    return {source: Came(at, str(WAYS[way])) for source, way, at in by_way}


def last_answers(ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When each source that is looked up answered last."""
    answers = LookedUp.objects.filter(look_up__source__in=ids, fetched_at__isnull=False).order_by()
    return dict(answers.values_list("look_up__source").annotate(at=Max("fetched_at")))


def look_ups_off(sources: Sequence[Source]) -> dict[UUID, Act]:
    """The act with which each look-up that is off was switched off, by its source."""
    off = {str(one.look_up.pk): one.pk for one in sources if hasattr(one, "look_up") and not one.look_up.is_on}
    acts = Act.objects.filter(subject_type="lookup", subject_id__in=off, data__is_on=False).select_related("by")
    return {off[act.subject_id]: act for act in acts.order_by("at", "id")} if off else {}


def expected_from(ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """From when on each source is expected: since it was made."""
    acts = Act.objects.filter(subject_type="source", verb="created", subject_id__in=[str(id) for id in ids])
    return {UUID(id): at for id, at in acts.values_list("subject_id", "at")}


def _rejected(ids: Sequence[UUID], now: datetime) -> dict[UUID, int]:
    """Rows that came lately, by file or by call, and were not taken."""
    lately = Shipment.objects.filter(source__in=ids, at__gt=now - LATELY).exclude(of__status=ImportStatus.UNDONE)
    return dict(lately.values_list("source").annotate(n=Sum("rejected")).order_by())


def _left_out(ids: Sequence[UUID], now: datetime) -> dict[UUID, int]:
    """Cells that rows of files were taken without lately."""
    taken = RowWarning.objects.filter(of__source__in=ids, of__finished_at__gt=now - LATELY)
    taken = taken.exclude(of__status=ImportStatus.UNDONE)
    return dict(taken.values_list("of__source").annotate(n=Count("pk")).order_by())


def not_taken(rows: int, cells: int) -> list[str]:
    """What of a file or a source was not taken, in words: rows, and cells of rows that were."""
    said = (ngettext("%(n)s row", "%(n)s rows", rows), rows), (ngettext("%(n)s cell", "%(n)s cells", cells), cells)
    return [words % {"n": number_format(count, force_grouping=True)} for words, count in said if count]


def kinds_sent(since: datetime) -> dict[UUID, list[str]]:
    """The kinds of record that each source has sent since then, by name."""
    came = Shipment.objects.filter(at__gt=since).exclude(of__status=ImportStatus.UNDONE).order_by("kind")
    found: dict[UUID, list[str]] = defaultdict(list)
    for source, kind in came.values_list("source", "kind").distinct():
        found[source].append(kind)
    return found


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
