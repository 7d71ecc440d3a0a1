"""What is up for renewal, month by month: contracts with what is forecast of them, and accounts that have none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby, islice
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import (
    Case,
    Count,
    DateField,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import TruncMonth
from django.utils import timezone

from accounts.enums import AccountRole, Forecast
from accounts.models import Account, AccountPerson, Contract
from accounts.models.account import AccountQuerySet
from accounts.queries import yearly_revenue
from cx_ops.account_filter import FULL_NAME, kept_by, speaks_against
from cx_ops.account_health import Health, Level
from cx_ops.healths import read_healths
from decisions.queries.losses import losses

MONTHS = 12
PAGE_ROWS = 50
FILE_ROWS = 500
ENDED, RENEWED = Forecast.ENDED.value, Forecast.RENEWED.value
# What can still be renewed, by how sure that is; of a term that has ended, or was renewed, no forecast holds any more.
OPEN = (Forecast.AT_RISK.value, Forecast.UNKNOWN.value, Forecast.LIKELY.value, Forecast.COMMIT.value)
# The order in a bar from its bottom, and of what ends on the same day.
KINDS = (ENDED, *OPEN, RENEWED)
SUMMED = {
    "n": Count("pk"), "said": Count("arr_amount"), "known": Count("yearly"),
    "revenue": Sum("yearly", default=Decimal(0)),
}  # fmt: skip
HOPEFUL = (Forecast.LIKELY.value, Forecast.COMMIT.value)


class Sums(NamedTuple):
    """Contracts and revenue of one forecast in one month.

    Of `unknown` no revenue is known, that of `no_rate` cannot be converted: neither is in `revenue`.
    """

    contracts: int = 0
    revenue: Decimal = Decimal(0)
    unknown: int = 0
    no_rate: int = 0

    def plus(self, other: Sums) -> Sums:
        return Sums(
            self.contracts + other.contracts, self.revenue + other.revenue, self.unknown + other.unknown,
            self.no_rate + other.no_rate,
        )  # fmt: skip

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Sums:
        return cls(row["n"], row["revenue"], row["n"] - row["said"], row["said"] - row["known"])


class Month(NamedTuple):
    """What ends in a month, by kind of forecast in the order of `KINDS`."""

    first: date
    kinds: dict[str, Sums]

    @property
    def all(self) -> Sums:
        return add_up(self.kinds.values())

    @property
    def open(self) -> Sums:
        """What can still be renewed."""
        return add_up(self.kinds[kind] for kind in OPEN)


@dataclass(frozen=True)
class Line:
    """One contract, or one account with a renewal date and no contract. `kind` is its forecast; `renewed` also
    where another term follows, `ended` where none does and its last day has passed.

    `revenue` is in the reporting currency, `amount` in the contract's. `stands`: how the account stands, where that is
    urgent or at risk, or it is said to be lost, and the contract is not renewed.
    """

    id: UUID
    account_id: UUID
    account: str
    tier: str
    csm: str
    kept_by: str
    revenue: Decimal | None
    amount: Decimal | None
    currency: str
    ends_on: date
    ends_in: int
    notice_on: date | None
    notice_in: int | None
    auto_renews: bool
    is_bound: bool
    has_contract: bool
    kind: str
    stands: Health | None

    @property
    def presses(self) -> Health | None:
        """How the account stands, where that is urgent or at risk."""
        return self.stands if self.stands and self.stands.level <= Level.RISK else None

    @property
    def against(self) -> tuple[str, ...]:
        """What speaks against a hopeful forecast, the weightiest first; empty where nothing does."""
        return self.stands.reasons if self.stands and self.kind in HOPEFUL else ()

    @property
    def ended_ago(self) -> int:
        """Days since it ended; 0 where it has not."""
        return max(-self.ends_in, 0)


class Renewing(NamedTuple):
    """What is up for renewal: contracts, and accounts without one whose source gives a renewal date.

    Both are annotated with `kind`, `month`, `place`, `yearly`, and `is_bound`: it renews by itself, and the day to say
    otherwise has passed.
    """

    contracts: QuerySet[Any]
    accounts: QuerySet[Any]


class Page(NamedTuple):
    """A page of lines, by month, and whether there are more."""

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


def renewing(
    accounts: AccountQuerySet, start: date, rates: dict[str, Decimal], *, today: date, months: int = MONTHS
) -> Renewing:
    """Contracts of `accounts` that end in the months from `start`, and accounts that renew then by their own date.

    A contract that was ended early is not up for renewal; one that another term follows, or that is said to be renewed,
    is renewed; another that ended before `today` is not up for renewal any more. An account's date counts where no
    contract of it ends after `start`: what is signed is believed before what a CRM says.
    """
    end = first_of(start, months)
    follows = Contract.objects.filter(account=OuterRef("account"), ends_on__gt=OuterRef("ends_on"), ended_early_on=None)
    ending = Contract.objects.filter(account__in=accounts.values("pk"), ended_early_on=None)
    kinds = ending.filter(ends_on__gte=start, ends_on__lt=end).annotate(
        kind=Case(
            When(Exists(follows), then=Value(RENEWED)),
            When(~Q(forecast=RENEWED), ends_on__lt=today, then=Value(ENDED)),
            default=F("forecast"),
        ),
        month=TruncMonth("ends_on"),
        yearly=yearly_revenue(rates),
        is_bound=Case(When(auto_renews=True, notice_on__lt=today, then=Value(value=True)), default=Value(value=False)),
    )
    places = [When(kind=kind, then=Value(place)) for place, kind in enumerate(KINDS)]
    contracts = kinds.annotate(place=Case(*places, default=Value(len(KINDS)), output_field=IntegerField()))
    signed = Contract.objects.filter(account=OuterRef("pk"), ended_early_on=None, ends_on__gte=start)
    bare = accounts.filter(~Exists(signed), renews_on__gte=start, renews_on__lt=end).annotate(
        kind=Value(Forecast.UNKNOWN.value),
        month=TruncMonth("renews_on"),
        yearly=yearly_revenue(rates),
        is_bound=Value(value=False),
        place=Value(KINDS.index(Forecast.UNKNOWN.value)),
    )
    return Renewing(contracts, bare)


def sum_months(found: Renewing, start: date, months: int = MONTHS) -> list[Month]:
    """Every month from `start`, also those in which nothing ends."""
    sums: dict[tuple[date, str], Sums] = {}
    for rows in found:
        grouped = rows.order_by().values("month", "kind")
        for row in grouped.annotate(**SUMMED):
            held = sums.get((row["month"], row["kind"]), Sums())
            sums[row["month"], row["kind"]] = held.plus(Sums.read(row))
    firsts = [first_of(start, later) for later in range(months)]
    return [Month(first, {kind: sums.get((first, kind), Sums()) for kind in KINDS}) for first in firsts]


def contested(found: Renewing, now: datetime) -> Renewing:
    """Of what is forecast as likely or committed, that of accounts which are urgent or at risk."""
    accounts = Account.objects.filter(speaks_against(now))
    contracts = found.contracts.filter(kind__in=HOPEFUL, account__in=accounts.values("pk"))
    return Renewing(contracts, found.accounts.none())


def sum_contested(found: Renewing, now: datetime) -> Sums:
    """What is `contested`, added up."""
    contracts = contested(found, now).contracts.order_by()
    return Sums.read(contracts.aggregate(**SUMMED))


def load_page(found: Renewing, page: int, now: datetime) -> Page:
    """A page: by the day it ends, then in the order of `KINDS`."""
    first = (page - 1) * PAGE_ROWS
    rows = list(_ordered(found)[first : first + PAGE_ROWS + 1])
    return Page(_lines(rows[:PAGE_ROWS], now), len(rows) > PAGE_ROWS)


def all_lines(found: Renewing, now: datetime) -> Iterator[Line]:
    """Every line in the same order, read in pieces."""
    rows = _ordered(found).iterator(FILE_ROWS)
    while piece := list(islice(rows, FILE_ROWS)):
        yield from _lines(piece, now)


# What a line needs, in the order in which both kinds of it are read.
READ = (
    "id", "about", "called", "rank", "csm", "yearly", "amount", "money", "day", "notice", "itself", "is_signed", "kind",
    "place", "is_bound", "shares",
)  # fmt: skip
NO_DAY = Value(None, DateField())


def _ordered(found: Renewing) -> QuerySet[Any]:
    contracts = found.contracts.annotate(
        about=F("account_id"), called=F("account__name"), rank=F("account__tier"), csm=_csm(OuterRef("account")),
        amount=F("arr_amount"), money=F("arr_currency"), day=F("ends_on"), notice=F("notice_on"),
        itself=F("auto_renews"), is_signed=Value(value=True), shares=F("account__team__name"),
    )  # fmt: skip
    accounts = found.accounts.annotate(
        about=F("id"), called=F("name"), rank=F("tier"), csm=_csm(OuterRef("pk")), day=F("renews_on"), notice=NO_DAY,
        amount=F("arr_amount"), money=F("arr_currency"), itself=Value(value=False), is_signed=Value(value=False),
        shares=F("team__name"),
    )  # fmt: skip
    both = contracts.order_by().values_list(*READ, named=True).union(
        accounts.order_by().values_list(*READ, named=True), all=True
    )  # fmt: skip
    ordered: QuerySet[Any] = both.order_by("day", "place", "id")
    return ordered


def _csm(account: OuterRef) -> Subquery:
    return Subquery(AccountPerson.objects.filter(account=account, role=AccountRole.CSM).values(name=FULL_NAME)[:1])


def _lines(rows: Sequence[Any], now: datetime) -> list[Line]:
    today = timezone.localdate(now)
    ours = {row.about for row in rows if row.kind != RENEWED}
    told = speaks_against(now) | Q(Exists(losses(OuterRef("pk"))))
    stand = read_healths(Account.objects.filter(told, pk__in=ours), now)
    return [_line(row, None if row.kind == RENEWED else stand.get(row.about), today) for row in rows]


def _line(row: Any, stands: Health | None, today: date) -> Line:
    return Line(
        id=row.id,
        account_id=row.about,
        account=row.called,
        tier=row.rank,
        csm=row.csm or "",
        kept_by=kept_by(row.csm, row.shares),
        revenue=row.yearly,
        amount=row.amount,
        currency=row.money,
        ends_on=row.day,
        ends_in=(row.day - today).days,
        notice_on=row.notice,
        notice_in=(row.notice - today).days if row.notice else None,
        auto_renews=row.itself,
        is_bound=row.is_bound,
        has_contract=row.is_signed,
        kind=row.kind,
        stands=stands,
    )
