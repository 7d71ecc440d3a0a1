"""The ownership matrix as a grid: a row per insight type, a column per segment, and whom each cell reaches."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.enums import AccountRole
from core.bulk import read_rows
from core.models import User
from core.templatetags.cx import place_of as region_in_words
from core.templatetags.cx import words_of
from decisions.enums import SAVED
from decisions.queries.coverage import NOBODY, Found, Peers, Reach, Taker, count_accounts, resolve
from decisions.rules.decide import Cell, Ownership, People, Place, chain_of, find_cell

PARTS = ("tier", "region", "stage", "segment")
PART_NAMES = {
    "tier": gettext_lazy("Tier"),
    "region": gettext_lazy("Region"),
    "stage": gettext_lazy("Stage"),
    "segment": gettext_lazy("Segment"),
}
AS_FALLBACK = {"lead": gettext_lazy("%(name)s as lead"), "catch_all": gettext_lazy("%(name)s as catch-all")}
EVERYTHING = Place()
# So many people are named in a cell.
NAMED = 2


def segment_in_words(place: Place) -> str:
    """A segment, such as "Strategic, EMEA"; "All accounts" where no part is named."""
    parts = (value_in_words(value, part) for part in PARTS if (value := getattr(place, part)))
    return ", ".join(parts) or _("All accounts")


def value_in_words(value: str, part: str = "") -> str:
    """A tier, region, stage or segment; a saved segment by the slug that it keeps when it is renamed."""
    if value.startswith(SAVED):
        return _("%(name)s (saved)") % {"name": capfirst(value.removeprefix(SAVED).replace("-", " "))}
    return region_in_words(value) if part == "region" else words_of(value)


class Tally(NamedTuple):
    """Somebody who takes some of a cell's accounts, in words."""

    name: str
    accounts: int
    taker: Taker

    @property
    def is_nobody(self) -> bool:
        return self.taker == NOBODY


@dataclass(frozen=True)
class GridCell:
    """One cell of the grid. `is_own`: the matrix names it; else `source` is the cell that decides here.

    `change` is what a draft does to it: "", "added", "changed" or "removed".
    """

    type: str
    place: Place
    source: Cell
    is_own: bool
    reach: Reach
    tallies: list[Tally]
    change: str = ""

    @property
    def key(self) -> str:
        return ".".join((self.type, *(getattr(self.place, part) for part in PARTS)))

    @property
    def segment(self) -> str:
        return segment_in_words(self.place)

    @property
    def role(self) -> str:
        return role_in_words(self.source.role)

    @property
    def stranded_because(self) -> str:
        """Why nobody takes them, in words; with how many where it is not one reason for all."""
        role = self.role[:1].lower() + self.role[1:]
        reasons: Counter[str] = Counter()
        for one in self.reach.stranded:
            reasons[_why_nobody(one.people, self.source.role) % {"role": role}] += one.accounts
        if len(reasons) == 1:
            return next(iter(reasons))
        return "; ".join(f"{number_format(n, 0, force_grouping=True)} {why}" for why, n in reasons.most_common())

    @property
    def summary(self) -> str:
        """Who takes them, short enough for a cell: those in the role, the pools, and who steps in for how many."""
        people = sorted(one.name for one in self.tallies if one.taker.person and not one.taker.fallback)
        pools = [one.taker.pool for one in self.tallies if one.taker.pool]
        stand_ins = [one for one in self.tallies if one.taker.fallback]
        words = [_first_in_line(people, pools)] if people or pools else []
        is_all = not words and len(stand_ins) == 1
        words += [one.name if is_all else _many(one) for one in stand_ins]
        return "; ".join(words)


def _first_in_line(people: Sequence[str], pools: Sequence[str]) -> str:
    """Those who take most of a cell's accounts, in words: people by name, the teams' pools, or both."""
    named = ", ".join(people) if len(people) <= NAMED else _("each account’s own")
    if not pools:
        return named
    if named:
        return _("%(people)s, else its team’s pool") % {"people": named}
    return _("pool of %(team)s") % {"team": pools[0]} if len(pools) == 1 else _("the pools of their teams")


def _many(tally: Tally) -> str:
    count = number_format(tally.accounts, 0, force_grouping=True)
    return _("%(who)s for %(n)s") % {"who": tally.name, "n": count}


def _why_nobody(people: People, role: str) -> str:
    """Why the chain finds nobody: those who stand in it are away or have left, or nobody does."""
    if any(step.person for step in chain_of(role, people)):
        return _("those who could are not here")
    return _("in a team without people, no %(role)s") if people.team else _("in no team, no %(role)s")


class Column(NamedTuple):
    """A segment, with how many accounts stand in it."""

    place: Place
    label: str
    part: str
    accounts: int
    has_cells: bool


class Row(NamedTuple):
    type: str
    label: str
    cells: list[GridCell]


@dataclass(frozen=True)
class Grid:
    columns: list[Column]
    rows: list[Row]

    @cached_property
    def cells(self) -> list[GridCell]:
        return [cell for row in self.rows for cell in row.cells]

    @cached_property
    def stranded(self) -> list[GridCell]:
        """Cells with an account that nobody would take."""
        return [cell for cell in self.cells if cell.reach.nobody]

    @cached_property
    def has_stand_ins(self) -> bool:
        """Whether somebody takes accounts for want of anybody before: as lead or as catch-all."""
        return any(taker.fallback for cell in self.cells for taker in cell.reach.takers)

    @cached_property
    def lost(self) -> tuple[int, Decimal]:
        """How many accounts that are, over all cells, and what they are worth."""
        return count_accounts(one for cell in self.stranded for one in cell.reach.stranded)

    @cached_property
    def lost_without_tier(self) -> int:
        """How many of them have no tier: they stand in no column but the first."""
        lost = (one for cell in self.stranded for one in cell.reach.stranded)
        return count_accounts(one for one in lost if not one.place.tier)[0]

    def find(self, key: str) -> GridCell | None:
        return next((cell for cell in self.cells if cell.key == key), None)


class Book(NamedTuple):
    """What a grid is drawn from: types by slug ("" for all others), all accounts, names of people and of segments.

    `currency`: in which their revenue is told.
    """

    types: Mapping[str, str]
    peers: Sequence[Peers]
    names: Mapping[str, str]
    saved: Mapping[str, str]
    currency: str

    def name(self, taker: Taker) -> str:
        if taker == NOBODY:
            return _("Nobody")
        if taker.pool:
            return _("Pool of %(team)s") % {"team": taker.pool}
        name = self.names[taker.person]
        return str(AS_FALLBACK[taker.fallback]) % {"name": name} if taker.fallback else name

    def found(self, ownership: Ownership) -> list[Found]:
        return list(resolve(list(self.types), self.peers, ownership))


NAMES = """
SELECT 'type', slug, name FROM insights_insighttype WHERE is_active
UNION ALL SELECT 'segment', slug, name FROM accounts_segment WHERE is_active
UNION ALL SELECT 'currency', '', coalesce(max(reporting_currency), 'USD') FROM core_organisation ORDER BY 3
"""


def read_book(peers: Sequence[Peers]) -> Book:
    """Two queries: the types, the saved segments in use and the currency; the names of those who work here."""
    named: dict[str, dict[str, str]] = {"type": {}, "segment": {}, "currency": {}}
    for what, slug, name in read_rows(NAMES):
        named[what][slug] = name
    saved = {f"{SAVED}{slug}": name for slug, name in named["segment"].items()}
    names = {str(user.pk): str(user) for user in User.objects.only("first_name", "last_name", "username")}
    return Book({**named["type"], "": _("All other types")}, peers, names, saved, named["currency"][""])


def grid_of(book: Book, ownership: Ownership, *, live: Ownership | None = None, extra: Iterable[Place] = ()) -> Grid:
    """The grid of one matrix. With `live`, cells say what they change; `extra` columns are shown though empty."""
    columns = columns_of(book.peers, [ownership, *([live] if live else [])], extra)
    reaches = _reaches(book.found(ownership), [column.place for column in columns])
    own = {(cell.type, place_of(cell)): cell for cell in ownership.cells}
    before = {(cell.type, place_of(cell)): cell for cell in live.cells} if live else own
    rows = [
        Row(type, label, [_cell(book, ownership, type, column.place, own, before, reaches) for column in columns])
        for type, label in book.types.items()
    ]
    return Grid(columns, rows)


Cells = Mapping[tuple[str, Place], Cell]
Reaches = Mapping[tuple[str, Place, Cell], Reach]


def _cell(
    book: Book, ownership: Ownership, type: str, place: Place, own: Cells, before: Cells, reaches: Reaches
) -> GridCell:
    source = own.get((type, place)) or find_cell(type, place, ownership)
    reach = reaches.get((type, place, source), Reach())
    tallies = [Tally(book.name(taker), n, taker) for taker, n in reach.takers.most_common()]
    here, there = own.get((type, place)), before.get((type, place))
    change = "" if here == there else "added" if there is None else "removed" if here is None else "changed"
    return GridCell(type, place, source, here is not None, reach, tallies, change)


def _reaches(found: Iterable[Found], places: Sequence[Place]) -> Reaches:
    """For each type, column and deciding cell: the accounts of that column which it decides."""
    reaches: dict[tuple[str, Place, Cell], Reach] = defaultdict(Reach)
    fitting: dict[Place, list[Place]] = {}
    for one in found:
        here = one.peers.place
        if here not in fitting:
            fitting[here] = [place for place in places if fits(place, here)]
        for place in fitting[here]:
            reaches[one.type, place, one.cell].add(one)
    return reaches


def fits(segment: Place, place: Place) -> bool:
    """Whether an account that stands at `place` is in `segment`."""
    parts = all(getattr(segment, part) in ("", getattr(place, part)) for part in PARTS[:-1])
    return parts and segment.segment in ("", place.segment, *place.saved)


def columns_of(peers: Sequence[Peers], matrices: Sequence[Ownership], extra: Iterable[Place]) -> list[Column]:
    """All accounts, then every tier of the book by its worth, then the other segments that a cell names."""
    worth: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for one in peers:
        worth[one.place.tier][0] += one.revenue
        worth[one.place.tier][1] += one.accounts
    tiers = sorted(filter(None, worth), key=lambda tier: worth[tier][0] / worth[tier][1], reverse=True)
    named = {place_of(cell) for matrix in matrices for cell in matrix.cells}
    places = {EVERYTHING, *(Place(tier=tier) for tier in tiers), *named, *extra}
    order = {tier: rank for rank, tier in enumerate(tiers)}

    def rank(place: Place) -> tuple[object, ...]:
        others = tuple(getattr(place, part) for part in PARTS[1:])
        return (place != EVERYTHING, not place.tier, order.get(place.tier, len(order)), place.tier, others)

    return [
        Column(
            place,
            segment_in_words(place),
            ", ".join(str(PART_NAMES[part]) for part in PARTS if getattr(place, part)),
            sum(one.accounts for one in peers if fits(place, one.place)),
            place in named,
        )
        for place in sorted(places, key=rank)
    ]


def cell_in_words(cell: Cell, book: Book) -> str:
    """A cell's insights, such as "Churn risk × Strategic"."""
    return f"{book.types.get(cell.type, cell.type)} × {segment_in_words(place_of(cell))}"


def role_in_words(role: str) -> str:
    return str(AccountRole(role).label)


def place_of(cell: Cell) -> Place:
    return Place(cell.tier, cell.region, cell.stage, cell.segment)


def values_of(peers: Sequence[Peers]) -> dict[str, list[str]]:
    """The values that the accounts have, by part of a segment: what a new cell may name."""
    return {part: sorted({value for one in peers if (value := getattr(one.place, part))}) for part in PARTS}
