"""The readiness of the data in words: the four measures, of all and per source, and what raises them most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Account, Pair
from accounts.models.account import AccountQuerySet
from accounts.queries.readiness import WINDOW, readiness_facts
from accounts.rules.readiness import Facts, Fix, Measure, Share, best_fixes, overall, shares
from cx_ops.account_filter import has_ended
from intake.models import Source
from intake.queries.sources import kinds_sent, list_sources
from intake.services.kinds import find

NAMES = {
    Measure.TEMPORAL: gettext_lazy("Heard of every week"),
    Measure.BEHAVIOURAL: gettext_lazy("Records that name a person"),
    Measure.UNIFICATION: gettext_lazy("Known to two sources"),
    Measure.OUTCOME: gettext_lazy("Contract or orders known"),
}
# As the literature and docs/readiness.md call them.
TERMS = {
    Measure.TEMPORAL: gettext_lazy("temporal granularity"),
    Measure.BEHAVIOURAL: gettext_lazy("behavioural resolution"),
    Measure.UNIFICATION: gettext_lazy("cross-channel unification"),
    Measure.OUTCOME: gettext_lazy("outcome linkage"),
}
MEANS = {
    Measure.TEMPORAL: gettext_lazy("Something with a date came in each of the last four weeks."),
    Measure.BEHAVIOURAL: gettext_lazy("Of what people did in the last 90 days, that of which we know who it was."),
    Measure.UNIFICATION: gettext_lazy("Two sources or more tell of the account, so that one can check the other."),
    Measure.OUTCOME: gettext_lazy("A contract, or an order of the last year: what acting can be held against."),
}


class Shown(NamedTuple):
    """One measure as a page shows it; `rest` is what lacks, in words, and `lack` how much is missing to measure it."""

    measure: Measure
    name: str
    term: str
    means: str
    value: float | None
    of: str
    rest: str
    lack: str


class ShownFix(NamedTuple):
    """A fix in a sentence, what it brings, and the source whose accounts it is about ("" for any)."""

    text: str
    name: str
    fix: Fix


class OfSource(NamedTuple):
    """What one source sends, in words, and what it has of each measure; `""` where it brings nothing of it."""

    source: Source
    sends: str
    told: list[str]


@dataclass(frozen=True)
class Readiness:
    measures: list[Shown]
    overall: float | None
    sources: list[OfSource]
    others: list[Source]
    fixes: list[ShownFix]
    doubles: int


def accounts_measured(now: datetime) -> AccountQuerySet:
    """Customers that are here: former ones are not heard of, and need not be."""
    return Account.objects.filter(archived_at=None).exclude(has_ended(now))


def load_readiness(now: datetime) -> Readiness:
    """Everything on the page. `others`: sources that bring nothing measured; `doubles`: pairs that may be one."""
    whole, by_source = readiness_facts(accounts_measured(now), now)
    sources, found, sent = list(list_sources()), shares(whole), kinds_sent(now - WINDOW)
    return Readiness(
        measures=[_shown(measure, share) for measure, share in found.items()],
        overall=overall(found),
        sources=[
            OfSource(source, _sends(sent.get(source.pk, ())), _told(by_source[source.pk]))
            for source in sources
            if source.pk in by_source
        ],
        others=[source for source in sources if source.is_active and source.pk not in by_source],
        fixes=_fixes(whole, by_source, sources),
        doubles=Pair.objects.waiting().filter(first__isnull=False).count(),
    )


def of_all(measure: Measure, share: Share) -> str:
    """What a measure is the share of, such as "981 of 1,001 accounts"."""
    words = {"n": _number(share.has), "all": _number(share.all)}
    if measure == Measure.BEHAVIOURAL:
        return ngettext("%(n)s of %(all)s record", "%(n)s of %(all)s records", share.all) % words
    return ngettext("%(n)s of %(all)s account", "%(n)s of %(all)s accounts", share.all) % words


def _told(facts: Facts) -> list[str]:
    """What a source has of the four measures, in their order; of records `""` where it sends none."""
    return [of_all(measure, share) if share.all else "" for measure, share in shares(facts).items()]


def _sends(kinds: tuple[str, ...] | list[str]) -> str:
    return ", ".join(find(kind).label.lower() for kind in kinds)


def _number(number: int) -> str:
    return number_format(number, force_grouping=True)


def _shown(measure: Measure, share: Share) -> Shown:
    words = {"n": _number(share.lacks), "has": share.all, "needs": share.needs}
    if measure == Measure.BEHAVIOURAL:
        rest = ngettext("%(n)s record that names nobody", "%(n)s records that name nobody", share.lacks)
        lack = _("Too little data: %(has)d of the %(needs)d records that it takes.")
    else:
        rest = ngettext("the other account", "the other %(n)s accounts", share.lacks)
        lack = _("Too little data: %(has)d of the %(needs)d accounts that it takes.")
    return Shown(
        measure, str(NAMES[measure]), str(TERMS[measure]), str(MEANS[measure]), share.value, of_all(measure, share),
        rest % words if share.lacks else "", lack % words,
    )  # fmt: skip


def _fixes(whole: Facts, by_source: Mapping[UUID, Facts], sources: list[Source]) -> list[ShownFix]:
    """Of sources that are in use."""
    names = {source.slug: source.name for source in sources}
    facts = {source.slug: by_source[source.pk] for source in sources if source.is_active and source.pk in by_source}
    return [
        ShownFix(_sentence(fix, names.get(fix.source, "")), str(NAMES[fix.measure]), fix)
        for fix in best_fixes(whole, facts)
    ]


def _sentence(fix: Fix, source: str) -> str:
    n = fix.count
    return {
        "weekly": ngettext(
            "Let %(source)s send a reading of every account each week, zeros too: %(n)s has weeks without",
            "Let %(source)s send a reading of every account each week, zeros too: %(n)s have weeks without", n,
        ),
        "name": ngettext(
            "Let %(source)s send who it was: %(n)s record names nobody",
            "Let %(source)s send who it was: %(n)s records name nobody", n,
        ),
        "second": ngettext(
            "Bring a second source for the %(n)s account that only %(source)s knows",
            "Bring a second source for the %(n)s accounts that only %(source)s knows", n,
        ),
        "money": ngettext(
            "Bring a contract or orders of the %(n)s account without either",
            "Bring a contract or orders of the %(n)s accounts without either", n,
        ),
    }[fix.what] % {"n": _number(n), "source": source}  # fmt: skip
