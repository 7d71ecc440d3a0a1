"""How a cell of the ownership matrix says who takes its accounts."""

from __future__ import annotations

import pytest

from decisions.queries.coverage import NOBODY, Reach, Taker
from decisions.queries.matrix import EVERYTHING, Book, GridCell, Tally
from decisions.rules.decide import Cell

HANA, IVO, JUNO = Taker("Hana"), Taker("Ivo"), Taker("Juno")
EAST, WEST = Taker(pool="East"), Taker(pool="West")
LEAD, LAST = Taker("Juno", fallback="lead"), Taker("Mara", fallback="catch_all")
BOOK = Book({}, [], {name: name for name in ("Hana", "Ivo", "Juno", "Mara")}, {}, "USD")


@pytest.mark.parametrize(
    ("takers", "words"),
    [
        ({HANA: 6, IVO: 2}, "Hana, Ivo"),
        ({HANA: 500, EAST: 500}, "Hana, else its team’s pool"),
        ({HANA: 3, IVO: 3, JUNO: 3, WEST: 900}, "each account’s own, else its team’s pool"),
        ({EAST: 700, WEST: 92, LAST: 8}, "the pools of their teams; Mara as catch-all for 8"),
        ({HANA: 30, IVO: 30, JUNO: 30, LAST: 3}, "each account’s own; Mara as catch-all for 3"),
        ({EAST: 9000, LEAD: 1200, LAST: 3}, "pool of East; Juno as lead for 1,200; Mara as catch-all for 3"),
        ({JUNO: 5, LEAD: 2}, "Juno; Juno as lead for 2"),
        ({LAST: 8}, "Mara as catch-all"),
        ({NOBODY: 8}, ""),
    ],
)
def test_a_cell_names_who_steps_in_as_what_and_for_how_many(takers: dict[Taker, int], words: str) -> None:
    tallies = [Tally(BOOK.name(taker), n, taker) for taker, n in takers.items()]
    cell = Cell("", "", "", "", "", "csm")
    assert GridCell("", EVERYTHING, cell, is_own=True, reach=Reach(), tallies=tallies).summary == words


def test_who_takes_the_same_accounts_as_something_else_is_not_another() -> None:
    assert not LEAD.is_other(JUNO)
    assert EAST.is_other(Taker("East"))
