"""The facts that a feed's health is read from, what is wrong with it, and how that is said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, Max, OuterRef, Q, Subquery
from django.utils import formats
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.models import User
from core.templatetags.cx import percent
from intake.enums import ImportStatus, Problem
from intake.models import Pull, PullRun, Shipment, Source, Trouble
from intake.queries.profiles import days_of_calls, profiles_of
from intake.queries.sources import cadence_words
from intake.rules import health
from intake.rules.cadence import Arrival, arrival_of
from intake.rules.health import Load, Profile

# What no cadence says is looked at for so long back; nothing is looked at further back than a year.
WITHOUT_CADENCE, LONGEST = timedelta(days=90), timedelta(days=366)
# A shipment is judged when nothing has followed for so long: an export may come in several files.
SETTLED = timedelta(minutes=10)
# A kind that came so often is expected by itself; less often, the source as a whole is.
HABIT = 3
# So many failures of a pull in a row are no hiccup.
FAILS = 3
# A label, and what was seen: words, or a moment (RFC 3339).
Fact = tuple[str, str, str]


@dataclass(frozen=True)
class Finding:
    """Something wrong with a source at a moment, in words."""

    problem: Problem
    title: str
    facts: list[Fact]
    since: datetime
    is_severe: bool = False


def find_troubles(
    sources: Sequence[Source], expected: Mapping[UUID, datetime], now: datetime
) -> dict[UUID, list[Finding]]:
    """What is wrong with each source at `now`: at most one finding a problem. Seven queries.

    expected: from when on a source from which nothing ever came was expected.
    """
    loads, days = _loads(sources, now), days_of_calls(sources, now)
    accepted = _accepted(sources)
    failing = _failing_pulls(sources)
    found: dict[UUID, list[Finding]] = {}
    for source in sources:
        kinds = loads.get(source.pk, {})
        worst: dict[Problem, Finding] = {}
        said = accepted.get(source.pk, {})
        findings = [*_of_source(source, kinds, expected.get(source.pk), said, now)]
        findings += _of_calls(source, days.get(source.pk, {}), said)
        findings += [_failing(source, pull) for pull in failing.get(source.pk, ()) if not said.get(Problem.ARRIVAL)]
        for finding in findings:
            held = worst.get(finding.problem)
            if held is None or (finding.is_severe, -len(held.facts)) > (held.is_severe, -len(finding.facts)):
                worst[finding.problem] = finding
        found[source.pk] = list(worst.values())
    return found


def _of_source(
    source: Source, kinds: Mapping[str, list[Load]], expected: datetime | None, accepted: Mapping[str, datetime],
    now: datetime,
) -> Iterator[Finding]:  # fmt: skip
    yield from _arrival(source, kinds, expected, accepted.get(Problem.ARRIVAL), now)
    cadence = timedelta(hours=source.cadence_hours) if source.cadence_hours else None
    for kind, loads in sorted(kinds.items()):
        yield from _of_kind(source, kind, loads, cadence, accepted, now)


def _of_kind(
    source: Source, kind: str, loads: list[Load], cadence: timedelta | None, accepted: Mapping[str, datetime],
    now: datetime,
) -> Iterator[Finding]:  # fmt: skip
    """What is wrong with the last shipment of one kind, against those before."""
    if cadence and health.flows(loads, cadence):
        grouped = health.windows(loads, cadence, now)
    else:
        grouped = health.add_up(loads, cadence * health.TOGETHER if cadence else timedelta(0))
        if grouped and cadence and now - grouped[-1].at < min(SETTLED, cadence / 8) and len(grouped) > 1:
            grouped = grouped[:-1]  # more of it may be on its way
    if not grouped:
        return
    last, before = grouped[-1], grouped[:-1]
    what = f"{source.name}: {kind}"

    def usual(problem: Problem) -> list[Load]:
        """Since somebody said that it is meant to be so, only what came from then on is usual."""
        return [load for load in before if problem not in accepted or load.at >= accepted[problem]]

    def is_accepted(problem: Problem) -> bool:
        return problem in accepted and last.at <= accepted[problem]

    if (less := health.shrunken(last, usual(Problem.VOLUME))) and not is_accepted(Problem.VOLUME):
        yield _shrunken(what, less, last)
    if (more := health.refused(last, usual(Problem.REFUSED))) and not is_accepted(Problem.REFUSED):
        yield _refused(what, more, last)
    if (other := health.reshaped(last, usual(Problem.SHAPE))) and not is_accepted(Problem.SHAPE):
        yield _reshaped(what, other, last)
    if (moved := health.drifted(last, usual(Problem.DRIFT))) and not is_accepted(Problem.DRIFT):
        yield _drifted(what, moved, last)


def _of_calls(source: Source, kinds: Mapping[str, list[Load]], accepted: Mapping[str, datetime]) -> Iterator[Finding]:
    """What is wrong with what the calls of the last day held, against the days before."""
    for kind, days in sorted(kinds.items()):
        last, what = days[-1], f"{source.name}: {kind}"
        whole = _fact(_("Looked at"), _("what came by API on that day"))

        def before(problem: Problem, days: Sequence[Load] = days) -> list[Load]:
            since = accepted.get(problem)
            return [load for load in days[:-1] if since is None or load.at >= since]

        def is_judged(problem: Problem, last: Load = last) -> bool:
            return problem not in accepted or last.at > accepted[problem]

        if (other := health.reshaped_by_day(last, before(Problem.SHAPE))) and is_judged(Problem.SHAPE):
            yield _with(_reshaped(what, other, last), whole)
        usual = before(Problem.DRIFT)
        if len(usual) >= health.ENOUGH and (moved := health.drifted(last, usual)) and is_judged(Problem.DRIFT):
            yield _with(_drifted(what, moved, last), whole)


def _with(finding: Finding, fact: Fact) -> Finding:
    return replace(finding, facts=[*finding.facts, fact])


def _failing_pulls(sources: Sequence[Source]) -> dict[UUID, list[Pull]]:
    """Pulls that failed so often in a row that it is no hiccup, with their newest runs."""
    pulls = Pull.objects.filter(source__in=sources, is_on=True, failures__gte=FAILS).annotate(
        last_at=Max("runs__at"), why=Subquery(PullRun.objects.filter(pull=OuterRef("pk")).values("message")[:1])
    )
    found: dict[UUID, list[Pull]] = defaultdict(list)
    for pull in pulls.order_by("id"):
        found[pull.source_id].append(pull)
    return found


# ── In words ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _arrival(
    source: Source, kinds: Mapping[str, list[Load]], expected: datetime | None, accepted: datetime | None, now: datetime
) -> Iterator[Finding]:
    """The source as a whole; where that is on time, each kind that it is in the habit of sending."""
    newest = {kind: loads[-1].at for kind, loads in kinds.items()}
    whole = _missing(source, "", max(newest.values(), default=None), expected, accepted, now)
    if whole:
        yield whole
        return
    for kind, at in newest.items():
        if len(kinds[kind]) >= HABIT and (missing := _missing(source, kind, at, expected, accepted, now)):
            yield missing


def _missing(
    source: Source, kind: str, at: datetime | None, expected: datetime | None, accepted: datetime | None, now: datetime
) -> Finding | None:
    """Late or silent; the wait begins anew when somebody said that it is no fault."""
    start = max((moment for moment in (at or expected, accepted) if moment), default=None)
    state = arrival_of(last=start, since=None, cadence_hours=source.cadence_hours, now=now)
    if start is None or state not in (Arrival.LATE, Arrival.SILENT):
        return None
    silent = state is Arrival.SILENT
    title = _("%(what)s: silent for %(time)s") if silent else _("%(what)s: late, nothing for %(time)s")
    words = {"what": f"{source.name}: {kind}" if kind else source.name, "time": _span(now - start)}
    due = start + timedelta(hours=source.cadence_hours or 0)
    expected_words = _fact(_("Expected"), cadence_words(source.cadence_hours))
    facts = [
        _when(_("Was due"), due),
        _when(_("Last arrival"), at),
        expected_words,
    ]
    return Finding(Problem.ARRIVAL, title % words, facts, since=due, is_severe=silent)


def _failing(source: Source, pull: Pull) -> Finding:
    title = _("%(source)s: the scheduled fetch of %(kind)s fails") % {"source": source.name, "kind": pull.kind}
    at: datetime = pull.last_at  # type: ignore[attr-defined]
    facts = [
        _fact(_("It says"), pull.why),  # type: ignore[attr-defined]
        _fact(_("Times in a row"), _number(pull.failures)), _when(_("Last tried"), at),
    ]  # fmt: skip
    return Finding(Problem.ARRIVAL, title, facts, since=at)


def _shrunken(what: str, less: health.Shrunken, last: Load) -> Finding:
    share = percent(less.rows / less.usual)
    facts = [_fact(_("Rows"), _number(less.rows)), _fact(_("Usually"), _number(less.usual)), _when(_("Came"), last.at)]
    title = _("%(what)s: only %(share)s of the usual rows") % {"what": what, "share": share}
    return Finding(Problem.VOLUME, title, facts, since=last.at, is_severe=True)


def _refused(what: str, more: health.Refused, last: Load) -> Finding:
    title = _("%(what)s: %(share)s of the rows not taken, or waiting") % {"what": what, "share": percent(more.share)}
    facts = [
        _fact(_("Not taken, or waiting"), _("%(n)s of %(all)s") % {"n": _number(more.rows), "all": _number(last.rows)}),
        _fact(_("Usually"), percent(more.usual)), _when(_("Came"), last.at),
    ]  # fmt: skip
    return Finding(Problem.REFUSED, title, facts, since=last.at, is_severe=more.share >= health.SHRUNKEN)


def _reshaped(what: str, other: health.Reshaped, last: Load) -> Finding:
    renamed = dict(other.renamed)
    gone = [name for name in other.gone if name not in renamed]
    new = [name for name in other.new if name not in renamed.values()]
    facts = [_fact(_("Looks renamed"), f"{old} → {name}") for old, name in renamed.items()]
    facts += [_fact(_("Gone"), name) for name in gone] + [_fact(_("New"), name) for name in new]
    count = len(facts)
    words = ngettext("%(what)s: %(n)d column is another", "%(what)s: %(n)d columns are others", count)
    title = words % {"what": what, "n": count}
    return Finding(
        Problem.SHAPE, title, [*facts[:8], _when(_("Came"), last.at)], last.at, is_severe=bool(gone or renamed)
    )


def _drifted(what: str, moved: Sequence[health.Drifted], last: Load) -> Finding:
    facts = []
    for one in moved[:6]:
        if one.blank:
            shares = {"now": percent(one.blank), "was": percent(one.usual_blank)}
            facts.append(_fact(one.field, _("%(now)s blank, usually %(was)s") % shares))
        else:
            facts.append(_fact(one.field, _("values moved: stability index %(index).2f") % {"index": one.index}))
    words = ngettext(
        "%(what)s: “%(field)s” holds other values", "%(what)s: %(n)d columns hold other values", len(moved)
    )
    title = words % {"what": what, "n": len(moved), "field": moved[0].field}
    return Finding(Problem.DRIFT, title, [*facts, _when(_("Came"), last.at)], since=last.at)


def _span(length: timedelta) -> str:
    hours = max(1, int(length.total_seconds() // 3600))
    if hours < 48:
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    return ngettext("%(n)d day", "%(n)d days", hours // 24) % {"n": hours // 24}


@dataclass(frozen=True)
class Seen:
    """A fact as a page shows it: words, or a moment."""

    label: str
    text: str
    at: datetime | None


def what_was_seen(trouble: Trouble) -> list[Seen]:
    return [Seen(label, text, parse_datetime(at) if at else None) for label, text, at in trouble.facts]


def _fact(label: str, text: str) -> Fact:
    return label, text, ""


def _when(label: str, at: datetime | None) -> Fact:
    return label, "" if at else _("never"), at.isoformat() if at else ""


def _number(number: float) -> str:
    return formats.number_format(round(number), 0, force_grouping=True)


# ── What is read ──────────────────────────────────────────────────────────────────────────────────────────────────


def _loads(sources: Sequence[Source], now: datetime) -> dict[UUID, dict[str, list[Load]]]:
    """What each source delivered of each kind, the oldest first, as far back as its cadence makes worth a look."""
    back = {source.pk: _back(source) for source in sources}
    since = now - max(back.values(), default=timedelta(0))
    came = Shipment.objects.exclude(of__status=ImportStatus.UNDONE)
    rows = came.filter(source__in=list(back), at__gt=since, at__lte=now).order_by("at", "id")
    kept = [row for row in rows if row.at > now - back[row.source_id]]
    fields = _fields(kept)
    found: dict[UUID, dict[str, list[Load]]] = defaultdict(lambda: defaultdict(list))
    for row in kept:
        columns = frozenset(row.columns if row.of_id else ())  # those of calls are judged by day
        load = Load(row.at, row.rows, row.rejected + row.parked, columns, fields.get(row.pk, {}))
        found[row.source_id][row.kind].append(load)
    return found


def _back(source: Source) -> timedelta:
    cadence = timedelta(hours=source.cadence_hours) if source.cadence_hours else None
    return min(cadence * (health.LOOKED_BACK + 2), LONGEST) if cadence else WITHOUT_CADENCE


def _fields(deliveries: Iterable[Shipment]) -> dict[UUID, dict[str, Profile]]:
    """The columns of the files among these: of each source and kind the last ones, as many as are compared."""
    last: dict[tuple[UUID, str], list[UUID]] = defaultdict(list)
    for row in deliveries:
        if row.of_id:
            last[row.source_id, row.kind].append(row.pk)
    return profiles_of([id for ids in last.values() for id in ids[-health.LOOKED_BACK :]])


def _accepted(sources: Sequence[Source]) -> dict[UUID, dict[str, datetime]]:
    """When somebody last said of a problem that it is no fault."""
    rows = Trouble.objects.filter(source__in=[source.pk for source in sources], accepted_at__isnull=False)
    found: dict[UUID, dict[str, datetime]] = defaultdict(dict)
    for source_id, problem, at in rows.values_list("source", "problem").annotate(at=Max("accepted_at")).order_by():
        found[source_id][problem] = at
    return found


# ── On the page of a source ───────────────────────────────────────────────────────────────────────────────────────

TROUBLES_SHOWN, SHIPMENTS_SHOWN = 6, 12


def troubles_of(source: Source, user: User) -> list[tuple[Trouble, list[Seen]]]:
    """What is wrong with it, then what was lately; each with what was seen."""
    rows = Trouble.objects.visible_to(user).filter(source=source).order_by(F("cleared_at").desc(nulls_first=True))
    return [(trouble, what_was_seen(trouble)) for trouble in rows[:TROUBLES_SHOWN]]


def last_shipments(source: Source) -> list[Shipment]:
    """What came lately, the newest first; `cells`: those that rows of a file were taken without."""
    counted = Count("of__warnings", filter=~Q(of__status=ImportStatus.UNDONE))
    came = Shipment.objects.filter(source=source).select_related("of__source").annotate(cells=counted)
    return list(came.order_by("-at", "-id")[:SHIPMENTS_SHOWN])
