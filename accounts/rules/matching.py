"""The ladder by which a new record is matched to an account, and its guards (INTAKE.md, Identity). Pure.

Rungs, the surest first; the account's own id was looked up before. A key that several accounts hold is shared and
identifies nobody by itself: only a likeness to exactly one of them chooses. An account has at most one id in one
namespace, and one of each kind of number that is given once. Whatever speaks against a match makes it a doubt: the
record gets an account of its own, and a person decides.

Companies and people climb the same rungs: what a record does not say is neither looked for nor compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from accounts.enums import Evidence, Matching
from accounts.rules.alike import NAMES_AGREE, Likeness, Part, Parts, compare, slips
from accounts.rules.keys import Keys

# Below this two names contradict each other.
NAMES_DIFFER = 50
# Relaxed, a record is like another from here on, where more than names is compared: nobody writes all without a slip.
LIKE = 70


@dataclass(frozen=True)
class Rung:
    """A kind of key, and how alike a record and the one account that holds it must be, by how boldly one matches.

    by_name: strictly, nothing makes up for names that differ: relatives have nearly all else in common.
    says: the parts that the key was made of, which are not evidence once more.
    ask: how alike they must be for a person to be asked at all: many strangers have one birthday.
    within: whether two of one source are compared, which keeps them apart.
    """

    rule: Evidence
    confidence: float
    strict: int
    relaxed: int
    by_name: bool = True
    says: frozenset[Part] = frozenset()
    ask: int = 0
    within: bool = True

    def score(self, likeness: Likeness, mode: Matching) -> float:
        return likeness.sure if self.by_name and mode == Matching.STRICT else likeness.total


BIRTH = frozenset({Part.BORN_ON, Part.POSTCODE})
PLACE = frozenset({Part.STREET, Part.POSTCODE, Part.CITY})
LADDER = (
    Rung(Evidence.SUBSCRIPTION, 0.99, strict=NAMES_DIFFER, relaxed=0, by_name=False),
    Rung(Evidence.TAX_ID, 0.98, strict=NAMES_DIFFER, relaxed=0, by_name=False, says=frozenset({Part.TAX_ID})),
    Rung(Evidence.EMAIL, 0.97, strict=NAMES_AGREE, relaxed=NAMES_DIFFER),
    Rung(Evidence.DOMAIN, 0.9, strict=NAMES_AGREE, relaxed=0),
    Rung(Evidence.PHONE, 0.9, strict=NAMES_AGREE, relaxed=LIKE),
    Rung(Evidence.BORN_ON, 0.9, strict=NAMES_AGREE, relaxed=LIKE, says=BIRTH, ask=NAMES_DIFFER),
    Rung(Evidence.ADDRESS, 0.85, strict=NAMES_AGREE, relaxed=NAMES_AGREE, says=PLACE, ask=LIKE),
)


class Once(NamedTuple):
    """A number that an account has one of: another one forbids a match, beyond so many slips of the hand.

    parts: where it is compared as well, a relaxed match only counts that it differs.
    """

    rule: Evidence
    why: str
    slips: int = 0
    parts: frozenset[Part] = frozenset()


ONCE = (
    Once(Evidence.SUBSCRIPTION, "two_subscriptions"),
    Once(Evidence.TAX_ID, "two_tax_ids", slips=2, parts=frozenset({Part.TAX_ID})),
)


class Sighted(NamedTuple):
    """A record that no account is known for. `account` is the one it will make, if it matches nobody."""

    account: UUID
    namespace: UUID | None
    parts: Parts
    keys: Keys


@dataclass
class Holder:
    """An account as the ladder sees it: the namespaces in which it has an id, and all that is said of it."""

    namespaces: set[UUID | None] = field(default_factory=set)
    numbers: dict[Evidence, set[str]] = field(default_factory=lambda: defaultdict(set))
    parts: dict[Part, set[str]] = field(default_factory=lambda: defaultdict(set))


class Doubt(NamedTuple):
    """Two accounts that may be one, and what speaks for and against it."""

    account: UUID
    other: UUID
    rule: Evidence
    evidence: Mapping[str, object]

    @property
    def pattern(self) -> str:
        return f"{self.rule.value}:{self.evidence['why']}"


class Match(NamedTuple):
    """Which account a record is about: its own, where nobody else's is sure."""

    account: UUID
    rule: Evidence
    confidence: float
    evidence: Mapping[str, object]
    doubt: Doubt | None = None


class Index:
    """Accounts by the keys that they hold; grows as records are matched. Counts the pairs it compares.

    apart: what a person said is another: account → accounts that it is not.
    """

    def __init__(self, apart: Mapping[UUID, Collection[UUID]] | None = None) -> None:
        self.apart = apart or {}
        self.members: dict[UUID, set[UUID]] = defaultdict(set)
        self.holders: dict[UUID, Holder] = {}
        self.by_key: dict[tuple[Evidence, str], set[UUID]] = defaultdict(set)
        self.compared = 0

    def add(self, account: UUID, namespace: UUID | None, parts: Parts, keys: Keys) -> None:
        holder = self.holders.setdefault(account, Holder())
        holder.namespaces.add(namespace)
        for part, text in parts.items():
            holder.parts[part].add(text)
        for once in ONCE:
            if once.rule in keys:
                holder.numbers[once.rule].add(keys[once.rule])
        for rule, value in keys.items():
            self.by_key[rule, value].add(account)

    def held_by(self, rung: Rung, value: str, record: Sighted) -> set[UUID]:
        """Who has this key and is to be compared, but for those who are known to be another."""
        holders = self.by_key.get((rung.rule, value), set())
        if not rung.within:
            holders = {one for one in holders if record.namespace not in self.holders[one].namespaces}
        apart = self.apart.get(record.account)
        return {one for one in holders if not self.members[one] & set(apart)} if apart else holders

    def likeness(self, record: Sighted, account: UUID, rung: Rung) -> Likeness:
        self.compared += 1
        return compare(record.parts, self.holders[account].parts, without=rung.says)


# A key that more accounts than this hold is nobody's: names are not even compared.
MOST_HOLDERS = 50


Rivals = Mapping[tuple[UUID | None, Evidence, str], set[UUID]]


def match_all(records: Iterable[Sighted], index: Index, mode: Matching, ladder: Sequence[Rung] = LADDER) -> list[Match]:
    """Match records of one call, in order. Those of one namespace are different accounts, so keys they have in common
    are shared before the first of them is matched."""
    records = list(records)
    rivals: dict[tuple[UUID | None, Evidence, str], set[UUID]] = defaultdict(set)
    for record in records:
        for rule, value in record.keys.items():
            rivals[record.namespace, rule, value].add(record.account)
    found = []
    for record in records:
        match = _match(record, index, rivals, mode, ladder)
        index.add(match.account, record.namespace, record.parts, record.keys)
        if index.apart:
            index.members[match.account].add(record.account)
        found.append(match)
    return found


def _match(record: Sighted, index: Index, rivals: Rivals, mode: Matching, ladder: Sequence[Rung]) -> Match:
    doubt: Doubt | None = None
    for rung in ladder:
        value = record.keys.get(rung.rule, "")
        holders = index.held_by(rung, value, record) if value else set()
        if not holders or len(holders) > MOST_HOLDERS:
            continue
        shared = len(holders) + len(rivals[record.namespace, rung.rule, value] - {record.account}) > 1
        alike = {account: index.likeness(record, account, rung) for account in holders}
        scores = {account: rung.score(likeness, mode) for account, likeness in alike.items()}
        best = max(sorted(scores), key=scores.__getitem__)
        agreeing = sum(score >= NAMES_AGREE for score in scores.values())
        against = _against(record, index.holders[best], rung, scores[best], shared, agreeing, mode)
        evidence = {"value": value, "holders": len(holders), **_in_figures(alike[best])}
        if against is None:
            return Match(best, rung.rule, rung.confidence, evidence)
        if against and doubt is None:
            doubt = Doubt(record.account, best, rung.rule, {**evidence, "why": against})
    return Match(record.account, Evidence.NEW, 1.0, {}, doubt)


def _in_figures(likeness: Likeness) -> dict[str, object]:
    """How alike they are: their names, and all that was compared where that was more."""
    parts = {part.value: round(score) for part, score in likeness.by_part.items()}
    figures: dict[str, object] = {"name_score": parts.get(Part.NAME.value, 100)}
    return figures if parts.keys() <= {Part.NAME.value} else {**figures, "score": round(likeness.total), "parts": parts}


def _against(
    record: Sighted, holder: Holder, rung: Rung, score: float, shared: bool, agreeing: int, mode: Matching
) -> str | None:
    """Why the best holder may not simply be taken: None for nothing, `""` where it is nobody worth asking about."""
    if shared and agreeing != 1:
        return "several" if agreeing > 1 else ""
    if record.namespace in holder.namespaces:
        return "two_ids" if score >= NAMES_AGREE else ""
    if once := _another_number(record, holder, mode):
        rest = compare(record.parts, holder.parts, without=rung.says | once.parts)
        return once.why if rest.total >= NAMES_AGREE else ""
    if score >= (rung.strict if mode == Matching.STRICT else rung.relaxed):
        return None
    return "name" if score >= rung.ask else ""


def leans_to_one(evidence: Mapping[str, Any]) -> bool:
    """Whether what was found speaks for one account or person: the names agree, and nothing contradicts it."""
    score = evidence.get("name_score")
    return score is not None and score >= NAMES_AGREE and evidence.get("why", "") in ("", "name")


def _another_number(record: Sighted, holder: Holder, mode: Matching) -> Once | None:
    for once in ONCE:
        mine, theirs = record.keys.get(once.rule), holder.numbers.get(once.rule)
        if not mine or not theirs or (once.parts and mode != Matching.STRICT):
            continue
        if min(slips(mine, other) for other in theirs) > once.slips:
            return once
    return None
