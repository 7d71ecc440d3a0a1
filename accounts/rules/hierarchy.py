"""Which wishes for a parent account cannot be granted. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from intake.rules import Problem

UNKNOWN = Problem("parent", "unknown_parent", "The parent account is not known: send it first, or in the same request.")
CYCLE = Problem("parent", "cycle", "This parent would make the account an ancestor of itself.")


@dataclass(frozen=True)
class Wish:
    """Row `row` wants account `child` under `parent` (None: nobody knows that parent)."""

    row: int
    child: UUID
    parent: UUID | None


def refuse_parents(
    wishes: Iterable[Wish], *, existing: set[UUID], coming: set[UUID], parents: Mapping[UUID, UUID]
) -> dict[int, Problem]:
    """The rows that cannot have the parent they want, each with its reason.

    `existing` accounts are there already, `coming` ones are new in this call and not refused otherwise;
    `parents` is child → parent as it stands. An account that is refused here cannot be a parent either.
    """
    wishes = list(wishes)
    refused = _cycles(wishes, parents)
    there = existing | (coming - {wish.child for wish in wishes if wish.row in refused})
    while lost := [wish for wish in wishes if wish.row not in refused and wish.parent not in there]:
        refused |= {wish.row: UNKNOWN for wish in lost}
        there -= {wish.child for wish in lost} - existing
    return refused


def _cycles(wishes: Iterable[Wish], parents: Mapping[UUID, UUID]) -> dict[int, Problem]:
    above = dict(parents)
    refused = {}
    for wish in wishes:
        if wish.parent is None:
            continue
        if wish.child in ancestry(wish.parent, above):
            refused[wish.row] = CYCLE
        else:
            above[wish.child] = wish.parent
    return refused


def ancestry(account: UUID, above: Mapping[UUID, UUID]) -> set[UUID]:
    seen: set[UUID] = set()
    at: UUID | None = account
    while at is not None and at not in seen:
        seen.add(at)
        at = above.get(at)
    return seen
