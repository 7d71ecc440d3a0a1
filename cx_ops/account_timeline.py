"""What happened on an account, newest first: one timeline of what every room knows, a page at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import DateTimeField, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.enums import ActivityKind
from accounts.models import Account, Activity, LedgerEntry
from core.models import User
from core.templatetags.cx import humane, money
from cx_ops.account_behaviour import Folded
from cx_ops.timeline_entries import Entry, Position, without_tokens
from decisions.enums import OutcomeKind, Response, Suppression
from decisions.models import Decision
from decisions.queries.claims import claim_in_short
from decisions.queries.explain import first_fact, raised_by, uncapitalised
from intake.models import Source
from playbooks.enums import EffectStatus
from playbooks.models import Effect, Task, TaskNote
from playbooks.queries.outcomes import label_of

SHOWN = 30
# From so many quiet entries in a row on, they are one line.
FOLDED_FROM = 3
QUIET_ICON = "insight"
TEXT_SHOWN = 400
ICONS: dict[str, str] = {
    ActivityKind.NOTE: "note", ActivityKind.CALL: "phone", ActivityKind.MEETING: "team", ActivityKind.EMAIL: "mail",
    ActivityKind.TICKET: "ticket", ActivityKind.USAGE: "data", ActivityKind.SURVEY: "flag",
}  # fmt: skip


class CursorRefused(ValueError):
    """The cursor is not one of ours."""


class Asked(NamedTuple):
    """Whose timeline, and who reads it (None: anybody)."""

    account: Account
    reader: User | None


@dataclass(frozen=True)
class Reader:
    """One sort of entry: its rows, those of them that it tells, when each was, and how it is told.

    Readers with the same `rows` are asked for theirs together.
    """

    rows: Callable[[Asked], QuerySet[Any]]
    tell: Callable[[Any, datetime], Entry]
    at: F | Cast
    told: Q = field(default_factory=Q)

    def newest(self, asked: Asked, start: Position | None, place: int, shown: int) -> QuerySet[Any, Any]:
        """Where its first `shown` + 1 entries before `start` stand: at, place, id."""
        rows = self.rows(asked).filter(self.told).annotate(moment=self.at, place=Value(place), entry=F("pk"))
        found: QuerySet[Any, Any] = rows.filter(_older(start, place)).order_by("-moment", "-entry")
        return found.values_list("moment", "place", "entry")[: shown + 1]


class Timeline(NamedTuple):
    """A page of entries, and the cursor of the next ("": there is none)."""

    entries: list[Entry]
    older: str


def load_timeline(
    account: Account, reader: User | None = None, *, kind: str = "", before: str = "", shown: int = SHOWN
) -> Timeline:
    """What happened before the cursor `before`: of one of `KINDS`, else everything but usage readings.

    What is held out is there for a `reader` who is a leader; None: for nobody in particular.

    Raises `CursorRefused`, KeyError. One query for where the entries stand, and one per table of those among them.
    """
    start, asked = _position(before) if before else None, Asked(account, reader)
    found: list[tuple[Position, Entry]] = []
    heads: list[QuerySet[Any, Any]] = []
    for name in KINDS[kind].readers if kind else EVERYTHING:
        if isinstance(sort := READERS[name], Folded):
            found += sort.load(account, start, _PLACES[name], shown)
        else:
            heads.append(sort.newest(asked, start, _PLACES[name], shown))
    found += _newest_of(heads, asked, shown)
    found.sort(key=lambda one: one[0], reverse=True)
    older = str(found[shown - 1][0]) if len(found) > shown else ""
    return Timeline(fold_quiet([entry for _, entry in found[:shown]], use=not kind), older)


def _newest_of(heads: list[QuerySet[Any, Any]], asked: Asked, shown: int) -> list[tuple[Position, Entry]]:
    """The first `shown` + 1 of all of them: whole rows are read of these alone."""
    if not heads:
        return []
    newest = heads[0]
    if len(heads) > 1:
        newest = newest.union(*heads[1:], all=True).order_by("-moment", "-place", "-entry")[: shown + 1]
    wanted = [Position(*head) for head in newest]
    ids: dict[Callable[[Asked], QuerySet[Any]], set[UUID]] = defaultdict(set)
    for one in wanted:
        ids[_BY_PLACE[one.place].rows].add(one.id)
    found = {rows: rows(asked).in_bulk(some) for rows, some in ids.items()}
    entries = ((one, _BY_PLACE[one.place]) for one in wanted)
    told = ((one, reader.tell(row, one.at)) for one, reader in entries if (row := found[reader.rows].get(one.id)))
    return [(one, without_tokens(entry)) for one, entry in told]


def fold_quiet(entries: Sequence[Entry], *, use: bool) -> list[Entry]:
    """Runs of insights that were only recorded, and of `use` too, as one line that opens; all else as it is."""
    lines: list[Entry] = []
    for is_quiet, alike in groupby(entries, key=lambda one: one.tone == "minor" and (use or one.icon == QUIET_ICON)):
        run = tuple(alike)
        lines += [_folded(run)] if is_quiet and len(run) >= FOLDED_FROM else run
    return lines


def _folded(run: tuple[Entry, ...]) -> Entry:
    insights = sum(entry.icon == QUIET_ICON for entry in run)
    used = len(run) - insights
    parts = [
        insights
        and ngettext("%(n)d insight, nothing to do", "%(n)d insights, nothing to do", insights) % {"n": insights},
        used and ngettext("%(n)d day of use", "%(n)d days of use", used) % {"n": used},
    ]
    days = [formats.date_format(timezone.localtime(entry.at), "j M Y") for entry in (run[-1], run[0])]
    when = days[0] if days[0] == days[1] else _("%(first)s to %(last)s") % {"first": days[0], "last": days[1]}
    words = " · ".join(part for part in parts if part)
    return Entry(run[0].at, QUIET_ICON if insights else "data", words, meta=when, tone="minor", folded=run)


def _older(start: Position | None, place: int) -> Q:
    if start is None:
        return Q()
    if place > start.place:
        return Q(moment__lt=start.at)
    same = Q(moment=start.at, pk__lt=start.id) if place == start.place else Q(moment=start.at)
    return Q(moment__lt=start.at) | same


def _position(cursor: str) -> Position:
    try:
        at, place, id = cursor.split("~")
        found = Position(datetime.fromisoformat(at), int(place), UUID(id))
    except ValueError:
        raise CursorRefused(cursor) from None
    if found.at.tzinfo is None or not 1900 <= found.at.year < 9000:
        raise CursorRefused(cursor)
    return found


# ── Readers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _activities(*kinds: ActivityKind) -> Callable[[Asked], QuerySet[Activity]]:
    source = Subquery(Source.objects.filter(id=OuterRef("source_id"), person=None).values("name"))

    def rows(asked: Asked) -> QuerySet[Activity]:
        found = Activity.objects.filter(account=asked.account, kind__in=kinds).select_related("by", "contact")
        return found.annotate(source=source)

    return rows


def _tell_activity(row: Any, at: datetime) -> Entry:
    kind = ActivityKind(row.kind)
    is_reading = kind == ActivityKind.USAGE
    said = "" if row.value is None or f"{row.value.normalize():f}" in row.summary else f"{row.value.normalize():f}"
    text = " ".join(part for part in (said, row.body) if part)
    meta = (kind.label, row.by, row.contact and _("with %(name)s") % {"name": row.contact.name}, row.source)
    return Entry(at, ICONS[kind], row.summary, _short(text), _line(*meta), tone="minor" if is_reading else "")


def _decisions(asked: Asked) -> QuerySet[Decision]:
    rows = Decision.objects.shown_to(asked.reader).filter(account=asked.account)
    rows = rows.select_related("insight__source", "insight__type", "owner")
    return rows.defer("inputs", "reasons", "owner_path")


def _tell_decision(row: Any, at: datetime) -> Entry:
    # Where somebody was asked at once, their task stands beside it.
    verdict = "" if row.response == Response.HUMAN else str(Response(row.response).label)
    if row.suppressed_by:
        why = uncapitalised(str(Suppression(row.suppressed_by).label))
        verdict = _("Nothing new was begun: %(why)s") % {"why": why}
    is_quiet = row.response == Response.RECORD
    return Entry(
        at=at,
        icon=QUIET_ICON,
        title=claim_in_short(row.insight.type.name, row.insight.probability, row.insight.horizon_days),
        text="" if is_quiet else first_fact(row.insight.factors),
        meta=_line(verdict, raised_by(row.insight)),
        url=reverse("decision", args=[row.pk]),
        tone="minor" if is_quiet else "",
    )


def _tasks(asked: Asked) -> QuerySet[Task]:
    return Task.objects.filter(account=asked.account).select_related("assignee", "created_by", "closed_by")


def _tell_task(row: Any, at: datetime) -> Entry:
    whose = _("Task for %(name)s") % {"name": row.assignee} if row.assignee else _("Task, nobody has it yet")
    asked = row.created_by and row.created_by != row.assignee and _("asked by %(name)s") % {"name": row.created_by}
    return Entry(at, "queue", row.title, meta=_line(whose, asked), url=reverse("task", args=[row.pk]))


def _notes(asked: Asked) -> QuerySet[TaskNote]:
    """What was written in between: the note of a close stands with its outcome, a call or meeting by itself."""
    rows = TaskNote.objects.filter(task__account=asked.account, kind="").exclude(at=F("task__closed_at"))
    return rows.select_related("by", "task")


def _tell_note(row: Any, at: datetime) -> Entry:
    url = reverse("task", args=[row.task_id])
    return Entry(at, "note", _("Note on the task"), _short(row.text), _line(row.task.title, row.by), url)


GOOD = (OutcomeKind.RISK_RESOLVED, OutcomeKind.EXPANSION_AGREED, OutcomeKind.ADVOCACY_GIVEN)


def _tell_outcome(row: Any, at: datetime) -> Entry:
    outcome = OutcomeKind(row.outcome)
    return Entry(
        at=at,
        icon="check-circle",
        title=_("Step done") if outcome == OutcomeKind.COMPLETED and row.run_step_id else label_of(outcome),
        text=_short(row.outcome_note),
        meta=_line(_("Closed: %(title)s") % {"title": row.title}, row.closed_by or _("by itself")),
        url=reverse("task", args=[row.pk]),
        tone="good" if outcome in GOOD else "bad" if outcome == OutcomeKind.LOST else "",
    )


def _effects(asked: Asked) -> QuerySet[Effect]:
    rows = Effect.objects.filter(run_step__run__account=asked.account)
    return rows.select_related("to", "run_step__run__version__playbook")


def _tell_effect(row: Any, at: datetime) -> Entry:
    to = _("Internal e-mail to %(name)s") % {"name": row.to or row.address}
    playbook = row.run_step.run.version.playbook.name
    return Entry(at, "mail", row.subject, meta=_line(to, playbook, EffectStatus(row.status).label))


def _ledger(asked: Asked) -> QuerySet[LedgerEntry]:
    source = Subquery(Source.objects.filter(id=OuterRef("source_id")).values("name"))
    return LedgerEntry.objects.filter(account=asked.account).annotate(source=source)


def _tell_ledger(row: Any, at: datetime) -> Entry:
    words = {"kind": humane(row.kind), "amount": money(row.amount, row.currency)}
    return Entry(at, "revenue", _("%(kind)s of %(amount)s") % words, meta=_line(_("Ledger"), row.source))


def _line(*parts: object) -> str:
    return " · ".join(str(part) for part in parts if part)


def _short(text: str) -> str:
    return text if len(text) <= TEXT_SHOWN else f"{text[:TEXT_SHOWN].rstrip()} …"


CONVERSATIONS = (ActivityKind.NOTE, ActivityKind.CALL, ActivityKind.MEETING, ActivityKind.EMAIL)
SIGNALS = (ActivityKind.TICKET, ActivityKind.SURVEY)
# Activities are one table, so what shows several kinds of them asks once.
READERS: dict[str, Reader | Folded] = {
    "activity": Reader(_activities(*CONVERSATIONS, *SIGNALS), _tell_activity, F("happened_at")),
    "conversation": Reader(_activities(*CONVERSATIONS), _tell_activity, F("happened_at")),
    "mail": Reader(_activities(ActivityKind.EMAIL), _tell_activity, F("happened_at")),
    "signal": Reader(_activities(*SIGNALS, ActivityKind.USAGE), _tell_activity, F("happened_at")),
    "decision": Reader(_decisions, _tell_decision, F("decided_at")),
    "task": Reader(_tasks, _tell_task, F("opened_at")),
    "note": Reader(_notes, _tell_note, F("at")),
    "outcome": Reader(_tasks, _tell_outcome, F("closed_at"), Q(closed_at__isnull=False)),
    "effect": Reader(_effects, _tell_effect, F("not_before")),
    "ledger": Reader(_ledger, _tell_ledger, Cast("happened_on", DateTimeField())),
    "behaviour_by_day": Folded(by_name=False),
    "behaviour": Folded(by_name=True),
}
# Readings come every week and would swamp the rest: they have their kind, and the line at the top of the page. So has
# behaviour, of which everything shows a line a day.
EVERYTHING = ("activity", "decision", "task", "note", "outcome", "effect", "ledger", "behaviour_by_day")
_PLACES = {name: place for place, name in enumerate(READERS)}
_BY_PLACE = {place: reader for place, reader in enumerate(READERS.values()) if isinstance(reader, Reader)}


class Kind(NamedTuple):
    """What one can keep of the timeline."""

    label: Any
    readers: tuple[str, ...]


KINDS = {
    "conversations": Kind(gettext_lazy("Conversations"), ("conversation",)),
    "insights": Kind(gettext_lazy("Insights"), ("decision",)),
    "tasks": Kind(gettext_lazy("Tasks"), ("task", "note")),
    "outcomes": Kind(gettext_lazy("Outcomes"), ("outcome",)),
    "emails": Kind(gettext_lazy("E-mails"), ("mail", "effect")),
    "signals": Kind(gettext_lazy("Tickets and usage"), ("signal",)),
    "behaviour": Kind(gettext_lazy("Behaviour"), ("behaviour",)),
    "orders": Kind(gettext_lazy("Money"), ("ledger",)),
}
