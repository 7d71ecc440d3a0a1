"""What a draft of the matrix would change, in words and in counts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _

from decisions.queries.coverage import NOBODY, Reach, Taker, count_accounts, moves
from decisions.queries.matrix import Book, cell_in_words, role_in_words
from decisions.rules.decide import Cell, Ownership


class Moved(NamedTuple):
    """Accounts whose insights of one type would go to somebody else."""

    type: str
    was: str
    now: str
    accounts: int
    revenue: Decimal
    to_nobody: bool


@dataclass(frozen=True)
class Difference:
    """Draft against what it replaces. `accounts` are different accounts, however many of their types move."""

    cells: list[str]
    moved: list[Moved]
    accounts: int
    revenue: Decimal


def difference(book: Book, live: Ownership, draft: Ownership) -> Difference:
    """Cells that differ, and accounts that would have another owner today."""
    # No account has an insight of a type that does not exist yet.
    pairs = [pair for pair in moves(book.found(live), book.found(draft)) if pair[0].type]
    reaches: dict[tuple[str, Taker, Taker], Reach] = defaultdict(Reach)
    for was, found in pairs:
        reaches[found.type, was.taker, found.taker].add(found)
    moved = [
        Moved(book.types[type], book.name(was), book.name(now), reach.accounts, reach.revenue, now == NOBODY)
        for (type, was, now), reach in reaches.items()
    ]
    accounts, revenue = count_accounts(found.peers for _was, found in pairs)
    return Difference(cells_changed(book, live, draft), sorted(moved, key=_weight), accounts, revenue)


def _weight(moved: Moved) -> tuple[object, ...]:
    return (not moved.to_nobody, -moved.accounts, moved.type, moved.was, moved.now)


def cells_changed(book: Book, live: Ownership, draft: Ownership) -> list[str]:
    """One sentence per cell that was added, removed or given another role."""
    before = {_key(cell): cell for cell in live.cells}
    after = {_key(cell): cell for cell in draft.cells}
    return [
        _sentence(book, after.get(key) or before[key], before.get(key), after.get(key))
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]


def _sentence(book: Book, cell: Cell, was: Cell | None, now: Cell | None) -> str:
    words = {"cell": cell_in_words(cell, book), "role": role_in_words(cell.role)}
    if now is None:
        return _("%(cell)s: taken away (was %(role)s)") % words
    if was is None:
        return _("%(cell)s: new, %(role)s") % words
    return _("%(cell)s: %(role)s instead of %(was)s") % {**words, "was": role_in_words(was.role)}


def _key(cell: Cell) -> tuple[str, ...]:
    return (cell.type, cell.tier, cell.region, cell.stage, cell.segment)
