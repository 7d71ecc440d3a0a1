"""The ladder on books with truth: how often it is right, how much it finds, what it leaves to a person."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from uuid import UUID, uuid5

import pytest

from accounts.enums import Evidence, Matching
from accounts.rules.matching import Index, Match, Sighted, match_all
from accounts.rules.sayings import marks
from tests.book_of_companies import Entry, book

SPACE = UUID(int=1)
CHUNK = 1000


@dataclass(frozen=True)
class Judged:
    precision: float
    recall: float
    largest: int
    to_review: int
    compared: int


def sighted(entry: Entry) -> Sighted:
    domain, email, subscription = marks(
        {"domain": entry.domain, "fields.email": entry.email, "fields.subscription_id": entry.subscription}
    )
    keys = {Evidence.SUBSCRIPTION: subscription, Evidence.EMAIL: email, Evidence.DOMAIN: domain}
    return Sighted(uuid5(SPACE, entry.id), uuid5(SPACE, entry.system), entry.name, keys)


def matched(entries: list[Entry], mode: Matching) -> tuple[list[Match], Index]:
    """As they come in: system by system, in chunks of a file."""
    index, found = Index(), list[Match]()
    for system in dict.fromkeys(entry.system for entry in entries):
        mine = [sighted(entry) for entry in entries if entry.system == system]
        for at in range(0, len(mine), CHUNK):
            found += match_all(mine[at : at + CHUNK], index, mode)
    return found, index


def judge(entries: list[Entry], mode: Matching) -> Judged:
    found, index = matched(entries, mode)
    clusters: dict[UUID, list[int]] = defaultdict(list)
    for entry, match in zip(entries, found, strict=True):
        clusters[match.account].append(entry.truth)
    joined = sum(pairs(len(truths)) for truths in clusters.values())
    right = sum(pairs(n) for truths in clusters.values() for n in Counter(truths).values())
    wanted = sum(pairs(n) for n in Counter(entry.truth for entry in entries).values())
    return Judged(
        precision=right / joined,
        recall=right / wanted,
        largest=max(map(len, clusters.values())),
        to_review=sum(match.doubt is not None for match in found),
        compared=index.compared,
    )


def pairs(n: int) -> int:
    return n * (n - 1) // 2


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_strict_is_hardly_ever_wrong(seed: int) -> None:
    judged = judge(book(3000, seed), Matching.STRICT)
    assert judged.precision >= 0.999
    assert judged.largest <= 6


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_relaxed_finds_nearly_all_and_is_seldom_wrong(seed: int) -> None:
    judged = judge(book(3000, seed), Matching.RELAXED)
    assert judged.precision >= 0.99
    assert judged.recall >= 0.95
    assert judged.largest <= 6


def test_pairs_compared_grow_with_the_records() -> None:
    small, large = (judge(book(firms), Matching.RELAXED).compared / firms for firms in (1000, 8000))
    assert large < small * 1.3
