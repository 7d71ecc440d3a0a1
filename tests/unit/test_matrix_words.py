"""How a cell of the ownership matrix says who takes its accounts."""

from __future__ import annotations

from collections import Counter

import pytest

from decisions.queries.coverage import Reach, Taker
from decisions.queries.matrix import EVERYTHING, GridCell, Tally
from decisions.rules.decide import Cell

HANA, IVO, JUNO, MARA, POOL = "Hana", "Ivo", "Juno", "Mara", "Pool of East"


def cell_of(**takers: int) -> GridCell:
    """A cell whose accounts these people take, and the pool of a team as `pool`."""
    found = Counter({Taker(pool="East") if who == "pool" else Taker(who): n for who, n in takers.items()})
    tallies = [Tally(POOL if taker.pool else taker.person, n, is_pool=bool(taker.pool)) for taker, n in found.items()]
    return GridCell(
        "", EVERYTHING, Cell("", "", "", "", "", "csm"), is_own=True, reach=Reach(takers=found), tallies=tallies
    )


@pytest.mark.parametrize(
    ("takers", "words"),
    [
        ({HANA: 6, IVO: 2}, "Hana, Ivo"),
        ({JUNO: 1000, MARA: 4}, "Juno; Mara for 4"),
        ({"pool": 792, MARA: 8}, "pool of East; Mara for 8"),
        ({HANA: 500, "pool": 500}, "Hana, else its team’s pool"),
        ({HANA: 30, IVO: 30, JUNO: 30, MARA: 3}, "each account’s own"),
        ({HANA: 3, IVO: 3, JUNO: 3, "pool": 900}, "each account’s own, else its team’s pool"),
    ],
)
def test_whoever_takes_few_of_them_is_named_last_with_how_many(takers: dict[str, int], words: str) -> None:
    assert cell_of(**takers).summary == words
