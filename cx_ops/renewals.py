"""Contracts that end, month by month, with what is forecast of their renewal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby, islice
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import TruncMonth
from django.utils import timezone

from accounts.enums import AccountRole, Forecast
from accounts.models import Account, AccountPerson, Contract
from accounts.models.account import AccountQuerySet
from accounts.queries import yearly_revenue
from cx_ops.account_filter import FULL_NAME, speaks_against
from cx_ops.portfolio import read_healths

MONTHS = 12
PAGE_ROWS = 50
FILE_ROWS = 500
RENEWED = "renewed"
# The order in a month: what can still be lost comes first, what is settled last.
KINDS = (Forecast.AT_RISK.value, Forecast.UNKNOWN.value, Forecast.LIKELY.value, Forecast.COMMIT.value, RENEWED)
HOPEFUL = (Forecast.LIKELY.value, Forecast.COMMIT.value)


class Sums(NamedTuple):
    """Contracts and revenue of one forecast in one month; `unknown` of them have no revenue that can be counted."""

    contracts: int = 0
    revenue: Decimal = Decimal(0)
    unknown: int = 0

    def plus(self, other: Sums) -> Sums:
        return Sums(self.contracts + other.contracts, self.revenue + other.revenue, self.unknown + other.unknown)


class Month(NamedTuple):
    """What ends in a month, by kind of forecast in the order of `KINDS`."""

    first: date
    kinds: dict[str, Sums]

    @property
    def all(self) -> Sums:
        return add_up(self.kinds.values())


@dataclass(frozen=True)
class Line:
    """One contract. `kind` is its forecast, or `renewed` where another term follows.

    `against`: what speaks against a hopeful forecast, the weightiest first; empty where nothing does.
    """

    id: UUID
    account_id: UUID
    account: str
    tier: str
    csm: str
    revenue: Decimal | None
    ends_on: date
    notice_on: date | None
    notice_in: int | None
    auto_renews: bool
    kind: str
    against: tuple[str, ...]


class Page(NamedTuple):
    """A page of contracts, by month, and whether there are more."""

    lines: list[Line]
    has_next: bool

    def by_month(self) -> list[tuple[date, list[Line]]]:
        months = groupby(self.lines, key=lambda line: line.ends_on.replace(day=1))
        return [(first, list(lines)) for first, lines in months]


def add_up(sums: Iterable[Sums]) -> Sums:
    total = Sums()
    for each in sums:
        total = total.plus(each)
    return total


def first_of(day: date, months_later: int = 0) -> date:
    """The first day of the month so many months after the one of `day`."""
    month = day.year * 12 + day.month - 1 + months_later
    return date(month // 12, month % 12 + 1, 1)


def renewing(accounts: AccountQuerySet, start: date, rates: dict[str, Decimal], months: int = MONTHS) -> QuerySet[Any]:
    """Contracts of `accounts` that end in the months from `start`, each with its `kind`, `place` and `yearly`.

    One that was ended early is not up for renewal; one that another term follows is renewed.
    """
    follows = Contract.objects.filter(account=OuterRef("account"), ends_on__gt=OuterRef("ends_on"), ended_early_on=None)
    ending = Contract.objects.filter(account__in=accounts.values("pk"), ended_early_on=None)
    ending = ending.filter(ends_on__gte=start, ends_on__lt=first_of(start, months))
    kinds = ending.annotate(
        kind=Case(When(Exists(follows), then=Value(RENEWED)), default=F("forecast")),
        month=TruncMonth("ends_on"),
        yearly=yearly_revenue(rates),
    )
    places = [When(kind=kind, then=Value(place)) for place, kind in enumerate(KINDS)]
    found: QuerySet[Any] = kinds.annotate(place=Case(*places, default=Value(len(KINDS)), output_field=IntegerField()))
    return found


def sum_months(contracts: QuerySet[Any], start: date, months: int = MONTHS) -> list[Month]:
    """Every month from `start`, also those in which nothing ends."""
    found: dict[date, dict[str, Sums]] = {}
    grouped = contracts.order_by().values("month", "kind")
    sums = grouped.annotate(n=Count("pk"), known=Count("yearly"), revenue=Sum("yearly", default=Decimal(0)))
    for row in sums:
        found.setdefault(row["month"], {})[row["kind"]] = Sums(row["n"], row["revenue"], row["n"] - row["known"])
    firsts = [first_of(start, later) for later in range(months)]
    return [Month(first, {kind: found.get(first, {}).get(kind, Sums()) for kind in KINDS}) for first in firsts]


def sum_contested(contracts: QuerySet[Any], now: datetime) -> Sums:
    """Of what is forecast as likely or committed, that which a red line or an open risk speaks against."""
    accounts = Account.objects.filter(speaks_against(now))
    contested = contracts.order_by().filter(kind__in=HOPEFUL, account__in=accounts.values("pk"))
    row = contested.aggregate(n=Count("pk"), known=Count("yearly"), revenue=Sum("yearly", default=Decimal(0)))
    return Sums(row["n"], row["revenue"], row["n"] - row["known"])


def load_page(contracts: QuerySet[Any], page: int, now: datetime) -> Page:
    """A page of contracts: by month, at risk first, then by notice date."""
    first = (page - 1) * PAGE_ROWS
    rows = list(_ordered(contracts)[first : first + PAGE_ROWS + 1])
    return Page(_lines(rows[:PAGE_ROWS], now), len(rows) > PAGE_ROWS)


def all_lines(contracts: QuerySet[Any], now: datetime) -> Iterator[Line]:
    """Every contract in the same order, read in pieces."""
    rows = _ordered(contracts).iterator(FILE_ROWS)
    while piece := list(islice(rows, FILE_ROWS)):
        yield from _lines(piece, now)


def _ordered(contracts: QuerySet[Any]) -> QuerySet[Any]:
    csm = AccountPerson.objects.filter(account=OuterRef("account"), role=AccountRole.CSM)
    named = contracts.select_related("account").annotate(csm=Subquery(csm.values(name=FULL_NAME)[:1]))
    ordered: QuerySet[Any] = named.order_by("month", "place", F("notice_on").asc(nulls_last=True), "ends_on", "pk")
    return ordered


def _lines(rows: Sequence[Any], now: datetime) -> list[Line]:
    hopeful = {row.account_id for row in rows if row.kind in HOPEFUL}
    doubted = read_healths(Account.objects.filter(speaks_against(now), pk__in=hopeful), now)
    against = {id: health.reasons for id, health in doubted.items()}
    today = timezone.localdate(now)
    return [_line(row, against.get(row.account_id, ()) if row.kind in HOPEFUL else (), today) for row in rows]


def _line(row: Any, against: tuple[str, ...], today: date) -> Line:
    return Line(
        id=row.pk,
        account_id=row.account_id,
        account=row.account.name,
        tier=row.account.tier,
        csm=row.csm or "",
        revenue=row.yearly,
        ends_on=row.ends_on,
        notice_on=row.notice_on,
        notice_in=(row.notice_on - today).days if row.notice_on else None,
        auto_renews=row.auto_renews,
        kind=row.kind,
        against=against,
    )


# ── Chart ─────────────────────────────────────────────────────────────────────────────────────────────────────────

WIDTH, LEFT, CEILING, FLOOR = 1080, 56, 12, 164
BAR_SHARE = 0.5


class Bar(NamedTuple):
    """A piece of a month's bar."""

    x: int
    y: float
    width: int
    height: float
    kind: str


class Tick(NamedTuple):
    y: float
    amount: Decimal


class Chart(NamedTuple):
    """Stacked bars, a month each, with their places for the words below; and the lines they stand against."""

    bars: list[Bar]
    months: list[tuple[int, Month]]
    ticks: list[Tick]


def draw_chart(months: Sequence[Month]) -> Chart:
    """A bar a month of revenue, at risk at the bottom."""
    top = _round_up(max((month.all.revenue for month in months), default=Decimal(0)))
    step = (WIDTH - LEFT) / max(len(months), 1)
    bars: list[Bar] = []
    places: list[tuple[int, Month]] = []
    for number, month in enumerate(months):
        middle, y = LEFT + step * (number + 0.5), float(FLOOR)
        places.append((round(middle), month))
        for kind, sums in month.kinds.items():
            height = float(sums.revenue / top) * (FLOOR - CEILING)
            if height:
                y -= height
                width = round(step * BAR_SHARE)
                bars.append(Bar(round(middle - width / 2), round(y, 1), width, round(max(height - 1, 0.5), 1), kind))
    ticks = [Tick(round(FLOOR - (FLOOR - CEILING) * share / 2, 1), top * share / 2) for share in (0, 1, 2)]
    return Chart(bars, places, ticks)


def _round_up(amount: Decimal) -> Decimal:
    """The next single digit with noughts whose half is easily read, and that is not below `amount`."""
    size = Decimal(10) ** max(amount.adjusted(), 0) if amount else Decimal(1)
    return next(size * factor for factor in (1, 2, 3, 4, 6, 8, 10) if size * factor >= amount)
