"""The readiness of the data in words: the four measures, of all and per source, and what raises them most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.queries.readiness import readiness_facts
from accounts.rules.readiness import DAY, Facts, Fix, Measure, Score, best_fixes, overall, scores
from core.templatetags.cx import percent
from intake.models import Source
from intake.queries.sources import cadence_words, list_sources

NAMES = {
    Measure.TEMPORAL: gettext_lazy("How often we hear of an account"),
    Measure.BEHAVIOURAL: gettext_lazy("How exactly we know who did what"),
    Measure.UNIFICATION: gettext_lazy("Known to more than one source"),
    Measure.OUTCOME: gettext_lazy("Money is known"),
}
# As the literature and docs/readiness.md call them.
TERMS = {
    Measure.TEMPORAL: gettext_lazy("temporal granularity"),
    Measure.BEHAVIOURAL: gettext_lazy("behavioural resolution"),
    Measure.UNIFICATION: gettext_lazy("cross-channel unification"),
    Measure.OUTCOME: gettext_lazy("outcome linkage"),
}
MEANS = {
    Measure.TEMPORAL: gettext_lazy(
        "From the time between two records of an account, at the middle of all accounts: hourly is 100, every 90 days "
        "is 0; twice as often adds the same anywhere between."
    ),
    Measure.BEHAVIOURAL: gettext_lazy(
        "Ten kinds of behaviour that all name a person are 100; it is less with fewer, or without names."
    ),
    Measure.UNIFICATION: gettext_lazy("The share of accounts of which two sources or more have a record."),
    Measure.OUTCOME: gettext_lazy(
        "The share of accounts with a contract or an order, so that one can see what acting earned."
    ),
}
READINGS = (Measure.TEMPORAL, Measure.BEHAVIOURAL)


class Shown(NamedTuple):
    """One measure as a page shows it; `lack` says how much is missing where there is too little."""

    name: str
    term: str
    means: str
    score: Score
    lack: str


class ShownFix(NamedTuple):
    """A fix in a sentence, what it brings, and where it is done."""

    text: str
    measure: str
    fix: Fix
    url: str
    button: str
    is_estimate: bool


class OfSource(NamedTuple):
    """What each measure is read from at one source, in words; `""` where it brings nothing of it."""

    source: Source
    told: list[str]


@dataclass(frozen=True)
class Readiness:
    measures: list[Shown]
    overall: float | None
    sources: list[OfSource]
    others: list[Source]
    fixes: list[ShownFix]


def load_readiness(now: datetime) -> Readiness:
    """Everything on the page, in three queries. `others`: sources that bring nothing that is measured."""
    whole, found_by_source = readiness_facts(now)
    sources = list(list_sources().filter(is_active=True))
    by_source = {
        source.pk: replace(found_by_source[source.pk], rhythm_hours=source.cadence_hours)
        for source in sources
        if source.pk in found_by_source
    }
    found = scores(whole)
    return Readiness(
        measures=_shown(found),
        overall=overall(found),
        sources=[OfSource(source, _told(by_source[source.pk])) for source in sources if source.pk in by_source],
        others=[source for source in sources if source.pk not in by_source],
        fixes=_fixes(whole, by_source, sources),
    )


def _told(facts: Facts) -> list[str]:
    """What the four measures are read from, in the order of the measures."""
    accounts = {"all": _number(facts.accounts)}
    kinds = {"n": facts.kinds, "share": percent(facts.named / facts.readings)} if facts.readings else {}
    return [
        every(facts.gap_hours) if facts.gap_hours else "",
        ngettext("%(n)d kind, %(share)s name a person", "%(n)d kinds, %(share)s name a person", facts.kinds) % kinds
        if kinds
        else "",
        _("%(n)s of %(all)s accounts") % {**accounts, "n": _number(facts.shared)} if facts.accounts else "",
        _("%(n)s of %(all)s accounts") % {**accounts, "n": _number(facts.brought)} if facts.brought else "",
    ]


def _number(number: int) -> str:
    return number_format(number, force_grouping=True)


def every(hours: float) -> str:
    """A time between two readings as people say it."""
    return cadence_words(max(1, round(hours)) if hours < DAY else round(hours / DAY) * round(DAY))


def _shown(found: Mapping[Measure, Score]) -> list[Shown]:
    return [
        Shown(
            str(NAMES[measure]),
            str(TERMS[measure]),
            str(MEANS[measure]),
            score,
            "" if score.value is not None else _lack(score),
        )
        for measure, score in found.items()
    ]


def _lack(score: Score) -> str:
    words = {"has": score.has, "needs": score.needs}
    if score.measure in READINGS and score.has >= score.needs:
        return _("too little data: no account was heard of twice")
    if score.measure in READINGS:
        return _("too little data: %(has)d of the %(needs)d dated behaviours that it takes") % words
    return _("too little data: %(has)d of the %(needs)d accounts that it takes") % words


def _fixes(whole: Facts, by_source: Mapping[UUID, Facts], sources: list[Source]) -> list[ShownFix]:
    named = {source.slug: source for source in sources}
    facts = {source.slug: by_source[source.pk] for source in sources if source.pk in by_source}
    return [
        ShownFix(
            _sentence(fix, named[fix.source]),
            str(NAMES[fix.measure]),
            fix,
            *_where(fix),
            fix.measure == Measure.TEMPORAL,
        )
        for fix in best_fixes(whole, facts)
    ]


def _sentence(fix: Fix, source: Source) -> str:
    n = fix.count
    words = {"n": _number(n), "source": source.name}
    return {
        "name": ngettext(
            "Name the contact in %(n)s record of %(source)s", "Name the contact in %(n)s records of %(source)s", n
        ),
        "every": _(
            "Put every account into each delivery of %(source)s: now each holds about 1 account in %(n)s"
        ),
        "daily": _("Send %(source)s every day: now it tells of an account every %(n)s days"),
        "link": ngettext(
            "Bring a second source for the %(n)s account that only %(source)s knows",
            "Bring a second source for the %(n)s accounts that only %(source)s knows", n,
        ),
        "parked": ngettext(
            "Send the account that %(n)s parked record of %(source)s waits for",
            "Send the accounts that %(n)s parked records of %(source)s wait for", n,
        ),
        "money": ngettext(
            "Bring orders or a contract for the %(n)s account of %(source)s without either",
            "Bring orders or contracts for the %(n)s accounts of %(source)s without either", n,
        ),
    }[fix.what] % words  # fmt: skip


def _where(fix: Fix) -> tuple[str, str]:
    """Where it is done: what is sent otherwise is a matter of the source, what is missing of a file."""
    if fix.what in ("name", "every", "daily"):
        return reverse("source", args=[fix.source]), _("Open the source")
    return reverse("imports"), _("Send a file")
