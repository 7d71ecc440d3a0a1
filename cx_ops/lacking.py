"""The accounts that lack what readiness measures: who told of each in which week, and what may be why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Max, Q
from django.utils.translation import gettext_lazy

from accounts.models import Contract, Pair
from accounts.models.account import AccountQuerySet
from accounts.queries.readiness import WEEK, Lacking, lacking, readiness_facts
from accounts.rules.readiness import WEEKS, Measure
from cx_ops.account_filter import TERM_END
from intake.models import Source

TITLES = {
    Measure.TEMPORAL: gettext_lazy("Not heard of every week"),
    Measure.BEHAVIOURAL: gettext_lazy("Records that name nobody"),
    Measure.UNIFICATION: gettext_lazy("Not known to two sources"),
    Measure.OUTCOME: gettext_lazy("Without a contract or orders"),
}
# What is counted, and what to do about it.
ADVICE = {
    Measure.TEMPORAL: gettext_lazy(
        "What counts is a ticket, a call, an event or a usage reading that a source sent; orders and contracts do not. "
        "To mend most of them, let a source of usage send a reading of every account each week, zeros too."
    ),
    Measure.BEHAVIOURAL: gettext_lazy("Let the sources say who it was: by the contact’s id or e-mail address."),
    Measure.UNIFICATION: gettext_lazy("Bring a second source that knows them, so that one can check the other."),
    Measure.OUTCOME: gettext_lazy("Bring their contracts, or their orders of the last year."),
}


class Line(NamedTuple):
    """An account in the list. weeks: of each of the last ones, the oldest first, the names of the sources that told.

    nameless: sources that sent records which name nobody, with how many. term_ended: the day on which its last term
    ended, if it has. pair: in which it waits to be told from another account.
    """

    found: Lacking
    weeks: list[str]
    nameless: list[tuple[str, int]]
    term_ended: date | None
    pair: UUID | None


@dataclass(frozen=True)
class LackingPage:
    """`until`: the last days of the weeks, the oldest first; `of`: of how many accounts these are `count`."""

    lines: list[Line]
    count: int
    of: int
    until: list[datetime]


def load_lacking(
    accounts: AccountQuerySet, measure: Measure, now: datetime, *, source: Source | None, most: int
) -> LackingPage:
    """The first of those of `accounts` that lack what is measured; with `source` of those that it knows."""
    found = list(lacking(accounts, measure, now, source=source.pk if source else None, most=most))
    ids = [one.account_id for one in found]
    ended, doubles = _terms_ended(ids, now.date()), _doubles(ids)
    return LackingPage(
        lines=[
            Line(one, _weeks(one), _nameless(one), ended.get(one.account_id), doubles.get(one.account_id))
            for one in found
        ],
        count=found[0].total if found else 0,
        of=readiness_facts(accounts, now)[1][source.pk].accounts if source and found else accounts.count(),
        until=[now - WEEK * back for back in reversed(range(WEEKS))],
    )


def _weeks(one: Lacking) -> list[str]:
    told = list(zip(one.sources, one.told, strict=True))
    return [", ".join(name for name, bits in told if bits >> back & 1) for back in reversed(range(WEEKS))]


def _nameless(one: Lacking) -> list[tuple[str, int]]:
    sent = zip(one.sources, one.nameless, strict=True)
    return sorted(((name, count) for name, count in sent if count), key=lambda pair: -pair[1])


def _terms_ended(ids: Collection[UUID], today: date) -> dict[UUID, date]:
    """Of accounts whose last term is over, its last day."""
    last = Contract.objects.filter(account__in=ids).order_by().values_list("account").annotate(end=Max(TERM_END))
    return dict(last.filter(end__lt=today))


def _doubles(ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Account → a pair of it that waits for a person."""
    waiting = Pair.objects.waiting().filter(Q(first__in=ids) | Q(second__in=ids))
    return {id: pair for pair, *sides in waiting.values_list("pk", "first", "second") for id in sides}
