"""The portfolio: somebody's accounts, each with how it stands, its money, its last touch and its next step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.core.cache import cache
from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    OrderBy,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)  # fmt: skip
from django.db.models.functions import Coalesce, Concat, Trim, TruncDate
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, SegmentMember
from accounts.models.account import AccountQuerySet, reads_all
from accounts.queries import rates_on, search_accounts, yearly_revenue
from accounts.rules.segments import AccountFilter
from core.models import User
from cx_ops.account_filter import TEAM, filter_accounts, has_lapsed, kept_by, with_signs
from cx_ops.account_health import ENDS_DAYS, Health, Level
from cx_ops.healths import healths_of
from playbooks.enums import RunStatus, RunStepStatus, TaskStatus
from playbooks.models import RunStep, Task
from playbooks.queries.deadlines import days_since, span
from playbooks.queries.filters import HELD, NEXT_DUE
from playbooks.queries.queue import title_beside
from playbooks.rules.steps import fill

PAGE_ROWS = 50
FILE_ROWS = 500
FACETS = ("tier", "stage", "region", "segment")
FACETS_FOR_SECONDS = 300
Facets = dict[str, list[str]]


class Asked(NamedTuple):
    """What somebody wants to see of their portfolio."""

    wanted: AccountFilter = AccountFilter()
    text: str = ""
    saved: UUID | None = None
    sort: str = ""
    page: int = 1


class NextStep(NamedTuple):
    """The task of an account whose day comes first: the end of its snooze, else its next step, else when it is due.

    `title`: of the first open step of its playbook, else of the task. `late`: by how long, in words, "" while it is
    not and while the customer has the next move. `is_held`: it waits for a day with room. `owner`: a name, "" where
    nobody has it yet.
    """

    task_id: UUID
    title: str
    on: date
    due_on: date
    is_snoozed: bool
    is_held: bool = False
    owner: str = ""
    late: str = ""


@dataclass(frozen=True)
class Line:
    """One account. `revenue` is in the reporting currency; None: unknown; `amount` in the contract's.

    `ends_on`: of the last term, else the renewal date that its source gives. `notice_by`: the next notice date that is
    still ahead; `notice_passed`: that of the last term has passed. `touched_ago`: in days, 0 without a touch.
    """

    id: UUID
    name: str
    tier: str
    stage: str
    region: str
    csm: str
    kept_by: str
    revenue: Decimal | None
    amount: Decimal | None
    currency: str
    ends_on: date | None
    ends_in: int | None
    has_term: bool
    renews_itself: bool
    notice_by: date | None
    notice_passed: bool
    last_touch: datetime | None
    health: Health
    next_step: NextStep | None
    open_tasks: int
    touched_ago: int

    @property
    def ended_ago(self) -> int:
        """Days since its term ended; 0 where that is today or ahead."""
        return max(-(self.ends_in or 0), 0)

    @property
    def ends_soon(self) -> bool:
        """Its term ends by itself, so soon that it presses."""
        return self.has_term and not self.renews_itself and (self.ends_in or 0) <= ENDS_DAYS

    @property
    def wants_step(self) -> bool:
        """It stands badly, is not said to be lost, and nobody has a task for it."""
        return self.next_step is None and self.health.level <= Level.RISK and not self.health.lost

    @property
    def step_after_end(self) -> int:
        """By how many days the next step comes after the term; 0 where it comes in time, or the term has ended."""
        if self.next_step is None or self.next_step.is_held or self.ends_on is None or self.ended_ago:
            return 0
        return max((self.next_step.on - self.ends_on).days, 0)


class Totals(NamedTuple):
    """Of all accounts that were asked for; of `unknown` no revenue is known, that of `no_rate` cannot be converted.

    `over` of them have no term that runs: their revenue is `lost` unless a new one is signed, and not in `revenue`.
    """

    accounts: int
    revenue: Decimal
    unknown: int
    over: int = 0
    lost: Decimal = Decimal(0)
    no_rate: int = 0


@dataclass(frozen=True)
class Portfolio:
    """A page of accounts, and the totals of all of them."""

    lines: list[Line]
    totals: Totals
    currency: str
    first: int
    has_next: bool


class Sort(NamedTuple):
    """An order of the list."""

    label: Any
    order: tuple[OrderBy | F, ...]


# Open tasks of an account, as a part of a query for accounts: the one whose day comes first, and how many.
_DAY = Case(
    When(status=TaskStatus.SNOOZED, then=TruncDate("snoozed_until")),
    default=Coalesce("next_step_on", TruncDate("due_at")),
)
_OPEN = Task.objects.active().filter(account=OuterRef("pk")).order_by("due_at", "pk")
# What is to be done of one: the first open step of the playbook that is its plan.
_STEPS = RunStep.objects.filter(
    run=OuterRef("run"), run__status=RunStatus.LIVE, run__automated=False, status=RunStepStatus.OPEN
).order_by("step__position")
_NEXT_TITLE = Coalesce(Subquery(_STEPS.values("step__title")[:1]), F("title"))
_NEXT_ON = Subquery(_OPEN.order_by(_DAY).values(on=_DAY)[:1])
_HOW_MANY = Subquery(_OPEN.order_by().values("account").annotate(n=Count("pk")).values("n"))
_NAME = (F("name").asc(), F("id").asc())
SORTS = {
    "health": Sort(
        _("Health"),
        (F("rank").asc(), F("near").asc(nulls_last=True), F("risk_confidence").desc(nulls_last=True), *_NAME),
    ),
    "name": Sort(_("Account"), _NAME),
    "revenue": Sort(_("Revenue a year"), (F("yearly").desc(nulls_last=True), *_NAME)),
    "ends": Sort(_("Term ends"), (Coalesce("term_end", "renews_on").asc(nulls_last=True), *_NAME)),
    "touch": Sort(_("Last touch"), (F("last_touch").asc(nulls_first=True), *_NAME)),
    "step": Sort(_("Next task"), (_NEXT_ON.asc(nulls_last=True), *_NAME)),
    "open": Sort(_("Open tasks"), (_HOW_MANY.desc(nulls_last=True), *_NAME)),
}


def asked_accounts(user: User, asked: Asked, now: datetime) -> AccountQuerySet:
    """The accounts that somebody asked for, as far as they may see them."""
    accounts = Account.objects.visible_to(user).filter(archived_at=None)
    return in_segment(search_accounts(filter_accounts(accounts, asked.wanted, now), asked.text), asked.saved)


def in_segment(accounts: AccountQuerySet, segment: UUID | None) -> AccountQuerySet:
    """Those of `accounts` that are in a segment; all of them without one."""
    if segment is None:
        return accounts
    return accounts.filter(Exists(SegmentMember.objects.filter(account=OuterRef("pk"), segment=segment)))


def load_portfolio(user: User, asked: Asked, now: datetime) -> Portfolio:
    """A page in the order asked for, with totals: six queries, whatever the number of accounts."""
    rates = rates_on(now.date())
    accounts = asked_accounts(user, asked, now)
    totals = _totals(accounts, rates, now)
    first = min((asked.page - 1) * PAGE_ROWS, max(totals.accounts - 1, 0) // PAGE_ROWS * PAGE_ROWS)
    rows = list(_ordered(accounts, asked.sort, rates, now)[first : first + PAGE_ROWS])
    return Portfolio(
        _lines(rows, now), totals, next(reversed(rates)), first, has_next=first + PAGE_ROWS < totals.accounts
    )


def all_lines(user: User, asked: Asked, now: datetime) -> Iterator[Line]:
    """Every account that was asked for, in the same order, read in pieces."""
    ordered = _ordered(asked_accounts(user, asked, now), asked.sort, rates_on(now.date()), now)
    piece: list[Any] = []
    for row in ordered.iterator(FILE_ROWS):
        piece.append(row)
        if len(piece) == FILE_ROWS:
            yield from _lines(piece, now)
            piece = []
    yield from _lines(piece, now)


def read_facets(user: User) -> Facets:
    """The tiers, stages, regions and segments there are among the accounts somebody may see; new within minutes."""
    key = f"facets:{'all' if reads_all(user) else user.pk}"
    found: Facets | None = cache.get(key)
    if found is None:
        accounts = Account.objects.visible_to(user).filter(archived_at=None).order_by()
        read = {f"{name}s": ArrayAgg(name, filter=~Q(**{name: ""}), distinct=True, default=[]) for name in FACETS}
        held = accounts.aggregate(**read)
        found = {name: held[f"{name}s"] for name in FACETS}
        cache.set(key, found, FACETS_FOR_SECONDS)
    return found


def owner_choices(user: User) -> list[tuple[str, str]]:
    """The teams and people whose accounts somebody may ask for, as values of the filter `owner`."""
    people = User.objects.filter(is_active=True, team__is_active=True).select_related("team")
    if not reads_all(user):
        people = people.filter(Q(team=user.team_id) | Q(team__lead=user))
    found = list(people.exclude(pk=user.pk).order_by("team__name", "first_name", "username"))
    teams = {f"{TEAM}{person.team_id}": str(person.team) for person in found}
    return [*teams.items(), *((str(person.pk), str(person)) for person in found)]


def _totals(accounts: AccountQuerySet, rates: dict[str, Decimal], now: datetime) -> Totals:
    is_over = Case(When(has_lapsed(now), then=Value(value=True)), default=Value(value=False))
    found = accounts.order_by().annotate(yearly=yearly_revenue(rates), is_over=is_over).aggregate(
        accounts=Count("pk"), said=Count("arr_amount"), known=Count("yearly"), over=Count("pk", filter=Q(is_over=True)),
        revenue=Sum("yearly", filter=Q(is_over=False), default=Decimal(0)),
        lost=Sum("yearly", filter=Q(is_over=True), default=Decimal(0)),
    )  # fmt: skip
    return Totals(
        found["accounts"], found["revenue"], found["accounts"] - found["said"], found["over"], found["lost"],
        found["said"] - found["known"],
    )  # fmt: skip


def _ordered(accounts: AccountQuerySet, sort: str, rates: dict[str, Decimal], now: datetime) -> AccountQuerySet:
    signed = with_signs(accounts.annotate(yearly=yearly_revenue(rates), team_name=F("team__name")), now)
    return signed.order_by(*SORTS[sort].order)


def _lines(rows: Sequence[Any], now: datetime) -> list[Line]:
    ids = [row.pk for row in rows]
    if not ids:
        return []
    healths, steps = healths_of(rows, now), _open_tasks(ids, now)
    return [_line(row, healths[row.pk], steps.get(row.pk, []), now) for row in rows]


def _first(steps: Sequence[NextStep], account: str) -> NextStep | None:
    """The step that is due first, said beside its account's name."""
    if not steps:
        return None
    first = steps[0]
    return first._replace(title=title_beside(fill(first.title, {"account": account}), account))


def _line(row: Any, health: Health, steps: Sequence[NextStep], now: datetime) -> Line:
    ends_on = row.term_end or row.renews_on
    return Line(
        id=row.pk,
        name=row.name,
        tier=row.tier,
        stage=row.stage,
        region=row.region,
        csm=row.csm or "",
        kept_by=kept_by(row.csm, row.team_name),
        revenue=row.yearly,
        amount=row.arr_amount,
        currency=row.arr_currency,
        ends_on=ends_on,
        ends_in=(ends_on - now.date()).days if ends_on else None,
        has_term=row.term_end is not None,
        renews_itself=row.renews_itself,
        notice_by=row.notice_by,
        notice_passed=row.notice_on is not None and row.notice_on < now.date(),
        last_touch=row.last_touch,
        health=health,
        next_step=_first(steps, row.name),
        open_tasks=len(steps),
        touched_ago=days_since(row.last_touch, now) if row.last_touch else 0,
    )


def _open_tasks(ids: Iterable[UUID], now: datetime) -> dict[UUID, list[NextStep]]:
    owner = Trim(Concat("assignee__first_name", Value(" "), "assignee__last_name"))
    tasks = Task.objects.active().filter(account__in=ids).annotate(day=_DAY, named=_NEXT_TITLE, owner=owner)
    tasks = tasks.annotate(held=ExpressionWrapper(HELD, BooleanField()), next_due=NEXT_DUE)
    found: dict[UUID, list[NextStep]] = defaultdict(list)
    for account, task, title, due, day, status, is_held, owner in tasks.order_by("day", "due_at", "pk").values_list(
        "account_id", "pk", "named", "next_due", "day", "status", "held", "owner"
    ):
        late = "" if is_held or due > now or status == TaskStatus.WAITING else span(due, now)
        step = NextStep(task, title, day, timezone.localdate(due), status == TaskStatus.SNOOZED, is_held, owner, late)
        found[account].append(step)
    return found
