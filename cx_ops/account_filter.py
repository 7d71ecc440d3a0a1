"""Which accounts a filter means, and the signs by which they stand: the same for lists, segments and files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Case,
    DateField,
    Exists,
    F,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Concat, Least, NullIf, Trim
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.enums import BECAME, KEY_PEOPLE, TOUCHES, AccountRole, Forecast
from accounts.models import Account, AccountPerson, Activity, Contact, Contract
from accounts.models.account import AccountQuerySet
from accounts.queries import crosses_red_line, rates_on, yearly_revenue
from accounts.rules.segments import AccountFilter
from cx_ops.account_health import ENDS_DAYS, LAPSED_DAYS, QUIET_DAYS, Level
from decisions.models import Item
from decisions.queries.losses import losses
from insights.enums import Direction
from playbooks.models import Watch

TEAM = "team:"
TERM_END = Coalesce("ended_early_on", "ends_on")
_RENEWS_ITSELF = Case(When(auto_renews=True, ended_early_on=None, then=Value(value=True)), default=Value(value=False))
FULL_NAME = Coalesce(
    NullIf(Trim(Concat("user__first_name", Value(" "), "user__last_name")), Value("")), "user__username"
)


def filter_accounts(accounts: AccountQuerySet, wanted: AccountFilter, now: datetime) -> AccountQuerySet:
    """Those of `accounts` for which every part of the filter holds; former customers only if it asks for them."""
    if wanted.health != Level.ENDED.name.lower():
        accounts = accounts.exclude(has_ended(now))
    for part in PARTS:
        if (value := getattr(wanted, part)) not in ("", None):
            accounts = PARTS[part](accounts, value, now)
    return accounts


def has_ended(now: datetime) -> Q:
    """Accounts whose last term ended more than `LAPSED_DAYS` ago, or has ended and somebody said that they are lost, or
    that it is not renewed; one that never had a term has not ended."""
    here, outer = OuterRef("pk"), OuterRef(OuterRef("pk"))
    last = Contract.objects.filter(account=outer).annotate(end=TERM_END).order_by("-end", "pk").values("pk")[:1]
    is_left = Q(Exists(Contract.objects.filter(account=here, forecast=Forecast.ENDED, pk=Subquery(last))))
    is_lost = Q(Exists(losses(here)))
    return _none_since(now.date() - timedelta(days=LAPSED_DAYS)) | ((is_lost | is_left) & _none_since(now.date()))


def has_lapsed(now: datetime) -> Q:
    """Accounts whose last term has ended, however long ago."""
    return _none_since(now.date())


def _none_since(day: date) -> Q:
    """Accounts with terms, all of which ended before `day`."""
    ever = Contract.objects.filter(account=OuterRef("pk"))
    return Q(Exists(ever)) & ~Q(Exists(ever.annotate(end=TERM_END).filter(end__gte=day)))


def speaks_against(now: datetime) -> Q:
    """Accounts that are urgent or at risk, as `with_signs` ranks them: what a hopeful forecast has against it.

    By conditions that indexes answer; a rank is worked out account by account. A test holds the two together.
    """
    here, outer, today = OuterRef("pk"), OuterRef(OuterRef("pk")), now.date()
    terms = Contract.objects.annotate(end=TERM_END, itself=_RENEWS_ITSELF)
    risks = Item.objects.filter(account=here, closed_at=None, type__direction=Direction.RISK)
    last = terms.filter(account=outer).order_by("-end", "pk").values("pk")[:1]
    ended = Q(end__range=(today - timedelta(days=LAPSED_DAYS), today - timedelta(days=1))) & ~Q(forecast__in=BECAME)
    pressing = ended | Q(end__range=(today, today + timedelta(days=ENDS_DAYS)), itself=False)
    ending = terms.filter(pressing, account=here, pk=Subquery(last))
    running = terms.filter(account=outer, starts_on__lte=today, ends_on__gte=today, ended_early_on=None)
    doubted = terms.filter(account=here, pk=Subquery(running.order_by("ends_on").values("pk")[:1]))
    in_doubt = doubted.filter(forecast=Forecast.AT_RISK)
    found = crosses_red_line(now) | Q(Exists(risks)) | Q(Exists(ending)) | Q(Exists(in_doubt)) | Q(Exists(losses(here)))
    return found & ~has_ended(now)


def with_signs(accounts: AccountQuerySet, now: datetime) -> AccountQuerySet:
    """`accounts` with `csm` (a name), health's signs, its `Level` as `rank`, and the `near` day that presses."""
    here, today = OuterRef("pk"), now.date()
    csm = AccountPerson.objects.filter(account=here, role=AccountRole.CSM)
    touches = Activity.objects.filter(account=here, kind__in=TOUCHES).order_by("-happened_at")
    risks = Item.objects.filter(account=here, closed_at=None, type__direction=Direction.RISK).order_by("-confidence")
    terms = Contract.objects.filter(account=here, starts_on__lte=today, ends_on__gte=today, ended_early_on=None)
    ends = Contract.objects.filter(account=here).order_by()
    last = ends.annotate(end=TERM_END, itself=_RENEWS_ITSELF).order_by("-end", "pk")
    notices = ends.filter(ended_early_on=None, notice_on__gte=today)
    people = Contact.objects.filter(account=here)
    unhappy: Any = people.showing(left_on=None, stakeholder__in=KEY_PEOPLE, sentiment__lt=0)
    ended = Q(term_end__lt=today)
    ending = Q(term_end__lte=today + timedelta(days=ENDS_DAYS), renews_itself=False)
    is_renewed = ended & Q(last_forecast=Forecast.RENEWED)
    pressing = crosses_red_line(now) | (((ended & ~Q(last_forecast__in=BECAME)) | (ending & ~ended)) & Q(lost_at=None))
    return (
        with_loss(accounts)
        .annotate(
            csm=Subquery(csm.values(name=FULL_NAME)[:1]),
            last_touch=Subquery(touches.values("happened_at")[:1]),
            heard_at=Coalesce(Subquery(touches.values("happened_at")[:1]), F("created_at")),
            risk=Subquery(risks.values("type__name")[:1]),
            watched=watched_risk(now),
            risk_confidence=Subquery(risks.values("confidence")[:1]),
            term_end=Subquery(ends.values("account").annotate(last=Max(TERM_END)).values("last")),
            renews_itself=Coalesce(Subquery(last.values("itself")[:1]), Value(value=False)),
            notice_on=Subquery(last.values("notice_on")[:1]),
            last_forecast=Subquery(last.values("forecast")[:1]),
            notice_by=Subquery(notices.values("account").annotate(first=Min("notice_on")).values("first")),
            forecast=Subquery(terms.order_by("ends_on").values("forecast")[:1]),
            unhappy=ArraySubquery(unhappy.order_by().values("shows_stakeholder")),
        )
        .annotate(
            rank=Case(
                When(has_ended(now), then=Value(Level.ENDED)),
                When(pressing, then=Value(Level.URGENT)),
                When(Q(risk__isnull=False) | Q(forecast=Forecast.AT_RISK), then=Value(Level.RISK)),
                When(lost_at__isnull=False, then=Value(Level.RISK)),
                When(Q(unhappy__len__gt=0) | is_renewed, then=Value(Level.WATCH)),
                When(csm__isnull=False, heard_at__lt=days_ago(QUIET_DAYS, now), then=Value(Level.WATCH)),
                default=Value(Level.STEADY),
                output_field=IntegerField(),
            ),
            near=Case(
                When(crosses_red_line(now, dated=False), then=Least(Value(today), F("term_end"))),
                default=Coalesce("notice_by", "term_end", "renews_on"),
                output_field=DateField(),
            ),
        )
    )


def watched_risk(now: datetime) -> Subquery:
    """The risk for which an account is on a watch list, as `Signs.watched`."""
    watches = Watch.objects.filter(account=OuterRef("pk"), until__gt=now, type__direction=Direction.RISK)
    return Subquery(watches.order_by("-confidence").values("type__name")[:1])


def with_loss(accounts: AccountQuerySet) -> AccountQuerySet:
    """`accounts` with `lost_at`: when somebody said that the customer is lost, as far as that holds."""
    return accounts.annotate(lost_at=Subquery(losses(OuterRef("pk")).values("closed_at")[:1]))


def _of_owner(accounts: AccountQuerySet, owner: str, now: datetime) -> AccountQuerySet:
    """A team's accounts, or those on which somebody has a role."""
    if owner.startswith(TEAM):
        return accounts.filter(team_id=UUID(owner.removeprefix(TEAM)))
    return accounts.filter(Exists(AccountPerson.objects.filter(account=OuterRef("pk"), user_id=UUID(owner))))


def _by_health(accounts: AccountQuerySet, health: str, now: datetime) -> AccountQuerySet:
    return accounts.filter(pk__in=_at_level(with_signs(Account.objects.all(), now), Level[health.upper()]))


def _at_level(signed: Any, level: Level) -> Any:
    """Ids of accounts `with_signs` that stand so."""
    return signed.filter(rank=level).values("pk")


def _with_open(accounts: AccountQuerySet, type: str, now: datetime) -> AccountQuerySet:
    return accounts.filter(Exists(Item.objects.filter(account=OuterRef("pk"), type=type, closed_at=None)))


def _by_revenue(lookup: str) -> Callable[[AccountQuerySet, Any, datetime], AccountQuerySet]:
    def narrow(accounts: AccountQuerySet, amount: Any, now: datetime) -> AccountQuerySet:
        return accounts.alias(yearly=yearly_revenue(rates_on(now.date()))).filter(**{f"yearly__{lookup}": amount})

    return narrow


def _ending(accounts: AccountQuerySet, days: int, now: datetime) -> AccountQuerySet:
    """Those whose last term ends so soon; of those without a contract the date that their source gives counts."""
    soon = (now.date(), now.date() + timedelta(days=days))
    terms = Contract.objects.filter(account=OuterRef("pk")).annotate(end=TERM_END)
    ends = Q(Exists(terms.filter(end__range=soon))) & ~Q(Exists(terms.filter(end__gt=soon[1])))
    return accounts.filter(ends | (Q(renews_on__range=soon) & ~Q(Exists(terms))))


def kept_by(csm: str | None, team: str | None) -> str:
    """Whom to ask about an account: its customer success manager; where it has none, its team's people share it."""
    return csm or (_("%(team)s, shared") % {"team": team} if team else _("no team yet"))


def days_ago(days: int, now: datetime) -> datetime:
    """When the day began that lies so many days of the reader's calendar before today."""
    return timezone.make_aware(datetime.combine(timezone.localdate(now) - timedelta(days=days), time.min))


def _quiet(accounts: AccountQuerySet, days: int, now: datetime) -> AccountQuerySet:
    since = days_ago(days - 1, now)
    touched = Activity.objects.filter(account=OuterRef("pk"), kind__in=TOUCHES, happened_at__gte=since)
    return accounts.filter(~Exists(touched))


def _column(name: str) -> Callable[[AccountQuerySet, Any, datetime], AccountQuerySet]:
    return lambda accounts, value, now: accounts.filter(**{name: value})


PARTS: dict[str, Callable[[AccountQuerySet, Any, datetime], AccountQuerySet]] = {
    "owner": _of_owner,
    "tier": _column("tier"),
    "stage": _column("stage"),
    "region": _column("region"),
    "segment": _column("segment"),
    "health": _by_health,
    "open": _with_open,
    "revenue_from": _by_revenue("gte"),
    "revenue_below": _by_revenue("lt"),
    "renews_within": _ending,
    "quiet_for": _quiet,
}
