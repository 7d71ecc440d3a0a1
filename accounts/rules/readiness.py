"""How ready the data is: four shares of what is there, of all sources together and of each, and what raises them. Pure.

What is counted, and why, is in docs/readiness.md. A measure that has too little to go by has no value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

# So many weeks back an account has to be heard of in each.
WEEKS = 4
FEWEST_RECORDS, FEWEST_ACCOUNTS = 30, 10
# What raises the overall figure by less is not worth a line.
LEAST = 0.05


class Measure(StrEnum):
    TEMPORAL = "temporal"
    BEHAVIOURAL = "behavioural"
    UNIFICATION = "unification"
    OUTCOME = "outcome"


@dataclass(frozen=True)
class Facts:
    """What is known of one source, or of all together.

    accounts: those it knows; weekly: of them those it told of in each of the last weeks; unheard: those that not even
    all sources together told of so.
    records: of what somebody did; named: those that name a person; sums: figures of a whole account, beside them.
    shared: accounts that another source knows too; with_money: those of which it brought a contract or an order.
    """

    accounts: int = 0
    weekly: int = 0
    unheard: int = 0
    records: int = 0
    named: int = 0
    sums: int = 0
    shared: int = 0
    with_money: int = 0


class Share(NamedTuple):
    """`has` of `all`; `needs`: as many as it takes to say anything."""

    has: int
    all: int
    needs: int

    @property
    def value(self) -> float | None:
        """From 0 to 100 with one decimal, 100 only where nothing is missing; None where there is too little."""
        if self.all < self.needs:
            return None
        return 100.0 if self.has == self.all else min(99.9, round(100 * self.has / self.all, 1))

    @property
    def lacks(self) -> int:
        return self.all - self.has


SHARES: dict[Measure, Callable[[Facts], Share]] = {
    Measure.TEMPORAL: lambda facts: Share(facts.weekly, facts.accounts, FEWEST_ACCOUNTS),
    Measure.BEHAVIOURAL: lambda facts: Share(facts.named, facts.records, FEWEST_RECORDS),
    Measure.UNIFICATION: lambda facts: Share(facts.shared, facts.accounts, FEWEST_ACCOUNTS),
    Measure.OUTCOME: lambda facts: Share(facts.with_money, facts.accounts, FEWEST_ACCOUNTS),
}


@dataclass(frozen=True)
class Fix:
    """Something to do, at a source or ("") anywhere; `count` is what it mends, and what it brings is that alone."""

    source: str
    measure: Measure
    what: str
    count: int
    before: float
    after: float
    overall_before: float
    overall_after: float

    @property
    def gain(self) -> float:
        return self.overall_after - self.overall_before


def shares(facts: Facts) -> dict[Measure, Share]:
    """The four measures of one source, or of all."""
    return {measure: share(facts) for measure, share in SHARES.items()}


def overall(found: Mapping[Measure, Share]) -> float | None:
    """The mean of the measures, as they are shown, that have enough to go by; None where none has.

    Added up in decimals, so that a half is a half and everywhere rounded alike.
    """
    values = [Decimal(str(share.value)) for share in found.values() if share.value is not None]
    return float(sum(values) / len(values)) if values else None


def best_fixes(whole: Facts, sources: Mapping[str, Facts], most: int = 3) -> list[Fix]:
    """What raises the overall figure, the best first; each with the figures as they would be after it alone."""
    before, found = shares(whole), []
    now = overall(before)
    if now is None:
        return []
    for source, measure, what, count, after in _options(whole, sources):
        was, then = before[measure].value, shares(after)
        better, all_then = then[measure].value, overall(then)
        if was is not None and better is not None and all_then is not None and all_then - now >= LEAST:
            found.append(Fix(source, measure, what, count, was, better, now, all_then))
    return sorted(found, key=lambda fix: (-fix.gain, fix.source))[:most]


def _options(whole: Facts, sources: Mapping[str, Facts]) -> list[tuple[str, Measure, str, int, Facts]]:
    """(source, measure, what, how many it mends, all together as they would be after it)."""
    options = []
    for name, source in sources.items():
        unnamed, alone = source.records - source.named, source.accounts - source.shared
        # Only what comes whatever a customer does can be sent of every account.
        silent = source.unheard if source.sums else 0
        options += [
            (name, Measure.TEMPORAL, "weekly", silent, replace(whole, weekly=whole.weekly + silent)),
            (name, Measure.BEHAVIOURAL, "name", unnamed, replace(whole, named=whole.named + unnamed)),
            (name, Measure.UNIFICATION, "second", alone, replace(whole, shared=whole.shared + alone)),
        ]
    moneyless = whole.accounts - whole.with_money
    options.append(("", Measure.OUTCOME, "money", moneyless, replace(whole, with_money=whole.accounts)))
    return options
