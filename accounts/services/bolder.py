"""What relaxed matching of a source would have joined: tried on the records that made accounts, and nothing is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from accounts.enums import Evidence, Matching
from accounts.models import Account, Link
from accounts.rules.alike import parts_of
from accounts.rules.keys import keys_of
from accounts.rules.matching import Sighted, match_all
from accounts.services.links import index_of, said_in
from intake.models import Source

LATEST = 500
SHOWN = 5


@dataclass
class Bolder:
    """Of the `looked` newest accounts that a source made, how many would have been joined to another, and to which."""

    looked: int = 0
    joined: int = 0
    examples: list[tuple[str, str]] = field(default_factory=list)


def try_relaxed(source: Source) -> Bolder:
    """Match them both ways, each against the accounts that were there before its own."""
    made = Link.objects.filter(
        source_id=source.pk, rule=Evidence.NEW, revoked_at=None, namespace_id__isnull=False, account__archived_at=None
    )
    links = list(made.order_by("-id")[:LATEST])
    strictly, boldly = (_matched(links, mode) for mode in (Matching.STRICT, Matching.RELAXED))
    joined = [(own, other) for own, other in boldly.items() if own != other and strictly[own] == own]
    shown = joined[:SHOWN]
    names = dict(Account.objects.filter(pk__in={id for pair in shown for id in pair}).values_list("pk", "name"))
    return Bolder(len(links), len(joined), [(names.get(own, "?"), names.get(other, "?")) for own, other in shown])


def _matched(links: Sequence[Link], mode: Matching) -> dict[UUID, UUID]:
    """The account of each record → the one it would have gone to; ids of accounts rise in the order they are made."""
    sighted = [
        Sighted(link.account_id, link.namespace_id, parts_of(said), keys_of(said))
        for link in links
        for said in [said_in(link.values)]
    ]
    index = index_of([record.keys for record in sighted])
    index.apart = {one.account: {other for other in index.holders if other >= one.account} for one in sighted}
    for account in index.holders:
        index.members[account].add(account)
    matches = match_all(sighted, index, mode)
    return {record.account: match.account for record, match in zip(sighted, matches, strict=True)}
