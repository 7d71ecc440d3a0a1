"""Whom a matrix reaches: for all accounts at once, which cell decides and who takes it, by the rules themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from core.bulk import read_rows
from decisions.enums import SAVED
from decisions.queries.facts import PeopleOfAccounts
from decisions.queries.saved import saved_segments
from decisions.rules.decide import Cell, Ownership, People, Place, chain_of, find_cell, first_free


class Peers(NamedTuple):
    """Accounts that no matrix can tell apart: same segments, one team, the same people in the same roles.

    `revenue` is what is known of it, a year, in the reporting currency; `example` is one of them.
    """

    place: Place
    people: People
    accounts: int
    revenue: Decimal
    example: UUID


class Taker(NamedTuple):
    """Who takes an account's insights: a person by id, or a team's pool by name (not whoever is next in it).

    `fallback`: "lead" or "catch_all" where the person takes them as that, for want of anybody before.
    """

    person: str = ""
    pool: str = ""
    fallback: str = ""

    def is_other(self, taker: Taker) -> bool:
        """Whether it is somebody else, whatever they take it as."""
        return self[:2] != taker[:2]


FALLBACKS = ("lead", "catch_all")
NOBODY = Taker()

PEERS = """
WITH held AS (
    SELECT account_id, string_agg(role || user_id, ' ' ORDER BY role) AS people
    FROM accounts_accountperson GROUP BY account_id),
member AS (
    SELECT m.account_id, array_agg(%(saved)s || s.slug ORDER BY s.slug) AS saved
    FROM accounts_segmentmember AS m JOIN accounts_segment AS s ON s.id = m.segment_id
    WHERE s.is_active AND %(saved)s || s.slug = ANY(%(named)s) GROUP BY m.account_id),
organisation AS (SELECT coalesce(max(reporting_currency), 'USD') AS currency FROM core_organisation)
SELECT (array_agg(a.id))[1], a.team_id, a.tier, a.region, a.stage, a.segment, count(*),
       coalesce(sum(a.arr_amount * CASE WHEN a.arr_currency = o.currency THEN 1 ELSE fx.rate END), 0), member.saved
FROM accounts_account AS a CROSS JOIN organisation AS o
LEFT JOIN held ON held.account_id = a.id
LEFT JOIN member ON member.account_id = a.id
LEFT JOIN LATERAL (
    SELECT rate FROM accounts_fxrate WHERE currency = a.arr_currency AND on_day <= %(today)s
    ORDER BY on_day DESC LIMIT 1) AS fx ON a.arr_currency <> o.currency
WHERE a.archived_at IS NULL
GROUP BY a.team_id, a.tier, a.region, a.stage, a.segment, held.people, member.saved
"""


def read_peers(now: datetime, matrices: Iterable[Ownership] = ()) -> list[Peers]:
    """All accounts, those that are alike to `matrices` together: five queries, whatever their number.

    For everybody who may look at a policy: it holds for the whole house, so it is counted over the whole house.
    """
    rows = read_rows(PEERS, {"today": now.date(), "named": saved_segments(matrices), "saved": SAVED})
    people = PeopleOfAccounts.read([UUID(row[0]) for row in rows], {row[0]: row[1] for row in rows}, now)
    people.read_pools()
    return [
        Peers(
            Place(row[2], row[3], row[4], row[5], tuple(row[8] or ())), people.of(row[0]), row[6], row[7], UUID(row[0])
        )
        for row in rows
    ]


class Found(NamedTuple):
    """Where the accounts of some peers go for one type of insight. `falls`: not to the role that the cell names."""

    type: str
    peers: Peers
    cell: Cell
    taker: Taker
    falls: bool


def taker_of(role: str, people: People) -> tuple[Taker, bool]:
    """The first in the chain who is here, as the rules find them, and whether that is not the role itself."""
    step = first_free(chain_of(role, people))
    if step is None or step.person is None:
        return NOBODY, True
    if step.kind == "pool":
        return Taker(pool=people.team), True
    return Taker(step.person.id, fallback=step.kind if step.kind in FALLBACKS else ""), step.kind != role


def resolve(types: Sequence[str], peers: Iterable[Peers], ownership: Ownership) -> Iterator[Found]:
    """Every type on all accounts: the cell that decides and the one who takes it."""
    for one in peers:
        takers: dict[str, tuple[Taker, bool]] = {}
        for type in types:
            cell = find_cell(type, one.place, ownership)
            if cell.role not in takers:
                takers[cell.role] = taker_of(cell.role, one.people)
            yield Found(type, one, cell, *takers[cell.role])


@dataclass
class Reach:
    """Accounts counted together: how many, worth what, who takes them; on `falling` nobody here holds the role."""

    accounts: int = 0
    falling: int = 0
    revenue: Decimal = Decimal(0)
    takers: Counter[Taker] = field(default_factory=Counter)
    stranded: list[Peers] = field(default_factory=list)

    def add(self, found: Found) -> None:
        self.accounts += found.peers.accounts
        self.falling += found.peers.accounts if found.falls else 0
        self.revenue += found.peers.revenue
        self.takers[found.taker] += found.peers.accounts
        if found.taker is NOBODY:
            self.stranded.append(found.peers)

    @property
    def nobody(self) -> int:
        """How many accounts nobody would take."""
        return self.takers[NOBODY]


def moves(before: Iterable[Found], after: Iterable[Found]) -> list[tuple[Found, Found]]:
    """What would go to somebody else: as it was, as it would be. Both in the order of `resolve`."""
    return [(was, found) for was, found in zip(before, after, strict=True) if was.taker.is_other(found.taker)]


def count_accounts(peers: Iterable[Peers]) -> tuple[int, Decimal]:
    """How many different accounts these are, and what they are worth."""
    different = {one.example: one for one in peers}.values()
    return sum(one.accounts for one in different), sum((one.revenue for one in different), Decimal(0))
