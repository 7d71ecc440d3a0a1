"""The ladder by which a new record is matched to an account, and its guards (INTAKE.md, Identity). Pure.

Rungs, the surest first: subscription id, exact e-mail, registrable domain; the account's own id was looked up before.
A key that several accounts hold is shared and identifies nobody by itself: only a name that agrees with exactly one
of them chooses. An account has at most one id in one namespace, and one subscription. Whatever speaks against a match
makes it a doubt: the record gets an account of its own, and a person decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from accounts.enums import Evidence, Matching
from accounts.rules.identity import NAMES_AGREE, name_score

# Below this two names contradict each other.
NAMES_DIFFER = 50


@dataclass(frozen=True)
class Rung:
    """A kind of key, and how alike names must be where one account alone holds it, by how boldly one matches."""

    rule: Evidence
    confidence: float
    strict: int
    relaxed: int


LADDER = (
    Rung(Evidence.SUBSCRIPTION, 0.99, strict=NAMES_DIFFER, relaxed=0),
    Rung(Evidence.EMAIL, 0.97, strict=NAMES_AGREE, relaxed=NAMES_DIFFER),
    Rung(Evidence.DOMAIN, 0.9, strict=NAMES_AGREE, relaxed=0),
)
Keys = Mapping[Evidence, str]


class Sighted(NamedTuple):
    """A record that no account is known for. `account` is the one it will make, if it matches nobody."""

    account: UUID
    namespace: UUID | None
    name: str
    keys: Keys


@dataclass
class Holder:
    """An account as the ladder sees it: the namespaces in which it has an id, its subscriptions, its names."""

    namespaces: set[UUID | None] = field(default_factory=set)
    subscriptions: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)


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
    """Accounts by the keys that they hold; grows as records are matched. Counts the pairs it compares."""

    def __init__(self) -> None:
        self.holders: dict[UUID, Holder] = {}
        self.by_key: dict[tuple[Evidence, str], set[UUID]] = defaultdict(set)
        self.compared = 0

    def add(self, account: UUID, namespace: UUID | None, name: str, keys: Keys) -> None:
        holder = self.holders.setdefault(account, Holder())
        holder.namespaces.add(namespace)
        if name:
            holder.names.add(name)
        if subscription := keys.get(Evidence.SUBSCRIPTION):
            holder.subscriptions.add(subscription)
        for rule, value in keys.items():
            if value:
                self.by_key[rule, value].add(account)

    def score(self, name: str, account: UUID) -> float:
        """How alike the record's name and the account's best are; 100 where one of them has none."""
        self.compared += 1
        names = self.holders[account].names
        return max((name_score(name, held) for held in names), default=100.0) if name else 100.0


# A key that more accounts than this hold is nobody's: names are not even compared.
MOST_HOLDERS = 50


def match_all(records: Iterable[Sighted], index: Index, mode: Matching) -> list[Match]:
    """Match records of one call, in order. Those of one namespace are different accounts, so keys they have in common
    are shared before the first of them is matched."""
    records = list(records)
    rivals: dict[tuple[Evidence, str], set[UUID]] = defaultdict(set)
    for record in records:
        for rule, value in record.keys.items():
            if value:
                rivals[rule, value].add(record.account)
    found = []
    for record in records:
        match = _match(record, index, rivals, mode)
        index.add(match.account, record.namespace, record.name, record.keys)
        found.append(match)
    return found


def _match(record: Sighted, index: Index, rivals: Mapping[tuple[Evidence, str], set[UUID]], mode: Matching) -> Match:
    doubt: Doubt | None = None
    for rung in LADDER:
        value = record.keys.get(rung.rule, "")
        holders = index.by_key.get((rung.rule, value), set()) if value else set()
        if not holders or len(holders) > MOST_HOLDERS:
            continue
        shared = len(holders) + len(rivals[rung.rule, value] - {record.account}) > 1
        scores = {account: index.score(record.name, account) for account in holders}
        best = max(sorted(scores), key=scores.__getitem__)
        agreeing = [account for account, score in scores.items() if score >= NAMES_AGREE]
        evidence: dict[str, object] = {"value": value, "name_score": round(scores[best]), "holders": len(holders)}
        against = _against(record, index.holders[best], rung, scores[best], shared, len(agreeing), mode)
        if against is None:
            return Match(best, rung.rule, rung.confidence, evidence)
        if against and doubt is None:
            doubt = Doubt(record.account, best, rung.rule, {**evidence, "why": against})
    return Match(record.account, Evidence.NEW, 1.0, {}, doubt)


def _against(
    record: Sighted, holder: Holder, rung: Rung, score: float, shared: bool, agreeing: int, mode: Matching
) -> str | None:
    """Why the best holder may not simply be taken: None for nothing, `""` where it is nobody worth asking about."""
    if shared and agreeing != 1:
        return "several" if agreeing > 1 else ""
    if record.namespace in holder.namespaces:
        return "two_ids" if score >= NAMES_AGREE else ""
    subscription = record.keys.get(Evidence.SUBSCRIPTION)
    if subscription and holder.subscriptions and subscription not in holder.subscriptions:
        return "two_subscriptions" if score >= NAMES_AGREE else ""
    enough = rung.strict if mode == Matching.STRICT else rung.relaxed
    return None if score >= enough else "name"
