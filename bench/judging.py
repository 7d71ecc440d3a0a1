"""What the ladder of identity is worth: records of which the truth is known, matched as they would come in."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID, uuid5

from accounts.enums import Matching
from accounts.rules.alike import parts_of
from accounts.rules.keys import keys_of
from accounts.rules.matching import Index, Match, Sighted, match_all

SPACE = UUID(int=1)
CHUNK = 1000


class Told(NamedTuple):
    """What one system says of one customer, field by field as sayings are kept; `truth` is the customer."""

    truth: int
    system: str
    id: str
    said: Mapping[str, str]


@dataclass(frozen=True)
class Judged:
    """How often two records that were joined are of one customer; how many of those that are were joined; and so on."""

    precision: float
    recall: float
    largest: int
    to_review: int
    compared: int

    def __str__(self) -> str:
        right = f"precision {self.precision:.4f}, recall {self.recall:.3f}, largest cluster {self.largest}"
        return f"{right}, {self.to_review:,} to review, {self.compared:,} pairs compared"


def matched(records: Sequence[Told], mode: Matching) -> tuple[list[Match], Index]:
    """As they come in: system by system, in chunks of a file."""
    index, found = Index(), list[Match]()
    for system in dict.fromkeys(record.system for record in records):
        mine = [_sighted(record) for record in records if record.system == system]
        for at in range(0, len(mine), CHUNK):
            found += match_all(mine[at : at + CHUNK], index, mode)
    return found, index


def judge(records: Sequence[Told], mode: Matching) -> Judged:
    found, index = matched(records, mode)
    clusters: dict[UUID, list[int]] = defaultdict(list)
    for record, match in zip(records, found, strict=True):
        clusters[match.account].append(record.truth)
    joined = sum(_pairs(len(truths)) for truths in clusters.values())
    right = sum(_pairs(n) for truths in clusters.values() for n in Counter(truths).values())
    wanted = sum(_pairs(n) for n in Counter(record.truth for record in records).values())
    return Judged(
        precision=right / joined,
        recall=right / wanted,
        largest=max(map(len, clusters.values())),
        to_review=sum(match.doubt is not None for match in found),
        compared=index.compared,
    )


def _sighted(record: Told) -> Sighted:
    said = record.said
    return Sighted(uuid5(SPACE, record.id), uuid5(SPACE, record.system), parts_of(said), keys_of(said))


def _pairs(n: int) -> int:
    return n * (n - 1) // 2
