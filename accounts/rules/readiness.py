"""How ready the data is: four measures from 0 to 100, each with its arithmetic, and what raises them most. Pure.

The formulas are in docs/readiness.md. A measure that has too little to go by is None, and says how much is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import log

HOUR, DAY = 1.0, 24.0
# An hour between two readings of an account is as fine as it gets; a quarter between them is of no use.
FINEST_HOURS, COARSEST_HOURS = HOUR, 90 * DAY
# So many different kinds of behaviour are variety enough.
ENOUGH_KINDS = 10
# Of the resolution, so much is which behaviour it was, the rest is who it was.
WEIGHT_KINDS, WEIGHT_PERSON = 0.4, 0.6
FEWEST_READINGS, FEWEST_ACCOUNTS = 30, 10
# A source that tells of an account at every so many of its arrivals leaves most accounts out.
SPARSE = 2
# What raises the overall score by less is not worth a line.
LEAST = 0.1


class Measure(StrEnum):
    TEMPORAL = "temporal"
    BEHAVIOURAL = "behavioural"
    UNIFICATION = "unification"
    OUTCOME = "outcome"


@dataclass(frozen=True)
class Facts:
    """What is known of one source, or of all together, in the time looked at.

    gap_hours: the median over accounts of the time between two readings (None: no account has two). rhythm_hours: how
    often a source is expected to send (None: nobody said).
    readings: dated behaviours; named: those that name a person; kinds: different kinds of them; measured: those that
    are there whatever a customer does, such as how many people are active.
    accounts: accounts it speaks about; shared: those that another source knows too; rows, parked: of what it sent.
    with_outcome: of the accounts, those whose money is known: an entry of the ledger or a contract; brought: those of
    which the source itself brought it.
    """

    readings: int = 0
    gap_hours: float | None = None
    rhythm_hours: float | None = None
    kinds: int = 0
    named: int = 0
    measured: int = 0
    accounts: int = 0
    shared: int = 0
    rows: int = 0
    parked: int = 0
    with_outcome: int = 0
    brought: int = 0


@dataclass(frozen=True)
class Score:
    """`value` is None where there is too little: `has` of `needs`. `sum` is the arithmetic, with the numbers in it."""

    measure: Measure
    value: int | None
    sum: str
    has: int = 0
    needs: int = 0


@dataclass(frozen=True)
class Fix:
    """Something that can be done at a source; what the measure and the overall score would be after it."""

    source: str
    measure: Measure
    what: str
    count: int
    before: int
    after: int
    overall_before: float
    overall_after: float

    @property
    def gain(self) -> float:
        return self.overall_after - self.overall_before


def scores(facts: Facts) -> dict[Measure, Score]:
    """The four measures of one source, or of all."""
    found = (temporal(facts), behavioural(facts), unification(facts), outcome(facts))
    return {score.measure: score for score in found}


def overall(found: Mapping[Measure, Score]) -> float | None:
    """The mean of the measures that have enough to go by; None where none has."""
    values = [score.value for score in found.values() if score.value is not None]
    return sum(values) / len(values) if values else None


def _whole(value: float) -> int:
    """Rounded, but 100 only where nothing is missing."""
    return 100 if round(value, 6) >= 100 else min(99, round(value))


def temporal(facts: Facts) -> Score:
    """100 where an account is read every hour, 0 where every 90 days, by the logarithm of the time between."""
    if facts.readings < FEWEST_READINGS or facts.gap_hours is None:
        return Score(Measure.TEMPORAL, None, "", facts.readings, FEWEST_READINGS)
    gap = min(max(facts.gap_hours, FINEST_HOURS), COARSEST_HOURS)
    share = 1 - log(gap / FINEST_HOURS) / log(COARSEST_HOURS / FINEST_HOURS)
    text = f"100 × (1 - ln {gap:.1f} h / ln {COARSEST_HOURS:.0f} h)"
    return Score(Measure.TEMPORAL, _whole(100 * share), text, facts.readings, FEWEST_READINGS)


def behavioural(facts: Facts) -> Score:
    """How exactly behaviour is told: how many kinds of it, and how much of it names who it was."""
    if facts.readings < FEWEST_READINGS:
        return Score(Measure.BEHAVIOURAL, None, "", facts.readings, FEWEST_READINGS)
    kinds = min(1.0, facts.kinds / ENOUGH_KINDS)
    value = 100 * (WEIGHT_KINDS * kinds + WEIGHT_PERSON * facts.named / facts.readings)
    text = (
        f"100 × ({WEIGHT_KINDS} × {min(facts.kinds, ENOUGH_KINDS)} / {ENOUGH_KINDS} kinds"
        f" + {WEIGHT_PERSON} × {facts.named} / {facts.readings} that name a person)"
    )
    return Score(Measure.BEHAVIOURAL, _whole(value), text, facts.readings, FEWEST_READINGS)


def unification(facts: Facts) -> Score:
    """How many accounts more than one source knows, less what is parked because its account is not known."""
    if facts.accounts < FEWEST_ACCOUNTS:
        return Score(Measure.UNIFICATION, None, "", facts.accounts, FEWEST_ACCOUNTS)
    linked = 1 - facts.parked / facts.rows if facts.rows else 1.0
    value = 100 * facts.shared / facts.accounts * linked
    text = f"100 × {facts.shared} / {facts.accounts} accounts × (1 - {facts.parked} parked / {facts.rows} rows)"
    return Score(Measure.UNIFICATION, _whole(value), text, facts.accounts, FEWEST_ACCOUNTS)


def outcome(facts: Facts) -> Score:
    """Of how many accounts the money is known, so that what was done can be held against what it brought."""
    if facts.accounts < FEWEST_ACCOUNTS:
        return Score(Measure.OUTCOME, None, "", facts.accounts, FEWEST_ACCOUNTS)
    value = 100 * facts.with_outcome / facts.accounts
    text = f"100 × {facts.with_outcome} / {facts.accounts} accounts"
    return Score(Measure.OUTCOME, _whole(value), text, facts.accounts, FEWEST_ACCOUNTS)


def best_fixes(whole: Facts, sources: Mapping[str, Facts], most: int = 6) -> list[Fix]:
    """What raises the overall score, the best first; each with the score as it would be after it alone."""
    before = scores(whole)
    now = overall(before)
    if now is None:
        return []
    found = []
    for name, facts in sources.items():
        for what, measure, count, after in _options(whole, facts):
            score, was = scores(after)[measure].value, before[measure].value
            then = overall(scores(after))
            if score is not None and was is not None and then is not None and then - now >= LEAST:
                found.append(Fix(name, measure, what, count, was, score, now, then))
    return sorted(found, key=lambda fix: (-fix.gain, fix.source))[:most]


def _options(whole: Facts, source: Facts) -> Sequence[tuple[str, Measure, int, Facts]]:
    """(what, measure, how many, all together as they would be after it) of what can be done at a source."""
    options: list[tuple[str, Measure, int, Facts]] = []
    unnamed = source.readings - source.named - source.measured  # what is measured of all together names nobody
    if unnamed > 0:
        options.append(("name", Measure.BEHAVIOURAL, unnamed, replace(whole, named=whole.named + unnamed)))
    if source.measured and source.readings >= FEWEST_READINGS and source.gap_hours and whole.gap_hours:
        what, wanted = _oftener(source, source.gap_hours)
        gap = whole.gap_hours * (wanted / source.gap_hours) ** (source.readings / whole.readings)
        if what:
            n = round(source.gap_hours / (wanted if what == "every" else DAY))
            options.append((what, Measure.TEMPORAL, n, replace(whole, gap_hours=gap)))
    alone = source.accounts - source.shared
    if alone > 0:
        shared = min(whole.accounts, whole.shared + alone)
        options.append(("link", Measure.UNIFICATION, alone, replace(whole, shared=shared)))
    if source.parked > 0:
        parked = max(0, whole.parked - source.parked)
        options.append(("parked", Measure.UNIFICATION, source.parked, replace(whole, parked=parked)))
    moneyless = source.accounts - source.with_outcome
    if moneyless > 0:
        with_outcome = min(whole.accounts, whole.with_outcome + moneyless)
        options.append(("money", Measure.OUTCOME, moneyless, replace(whole, with_outcome=with_outcome)))
    return options


def _oftener(source: Facts, gap: float) -> tuple[str, float]:
    """How a source would tell of each account oftener, and the hours between two readings then; `""`: it would not.

    One that comes far oftener than it tells of an account leaves accounts out; else it is sent too seldom.
    """
    if source.rhythm_hours and gap >= SPARSE * source.rhythm_hours:
        return "every", source.rhythm_hours
    return ("daily", DAY) if gap > DAY else ("", gap)
