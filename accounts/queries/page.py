"""Everything an account's page says that this room and those below know; higher rooms add to the timeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.enums import ActivityKind, RedLine
from accounts.models import Account, AccountKey, AccountPerson, Activity, Contact, Contract, LedgerEntry, StageEntry
from accounts.queries.money import to_reporting_currency, trailing_revenue
from accounts.queries.red_lines import red_lines
from accounts.queries.values import Value, account_as_of
from core.models import User

TIMELINE_ROWS = 50
# A value that no source has repeated or changed for so long is marked as old.
STALE_AFTER = timedelta(days=180)


@dataclass(frozen=True)
class TimelineEntry:
    """One thing that happened, wherever it is from. `kind` chooses the icon; `at` orders."""

    at: datetime
    kind: str
    title: str
    text: str = ""
    by: str = ""
    url: str = ""


@dataclass(frozen=True)
class ShownValue:
    """A field as it stands, and how far to trust it."""

    field: str
    value: str
    source: str
    observed_at: datetime
    is_stale: bool


@dataclass(frozen=True)
class AccountFacts:
    """The head of the page. Revenue is in the reporting currency; None: unknown."""

    account: Account
    keys: list[str]
    arr: Decimal | None
    trailing_revenue: Decimal | None
    renews_in_days: int | None
    notice_on: date | None
    red_lines: tuple[RedLine, ...]


@dataclass(frozen=True)
class AccountView:
    facts: AccountFacts
    people: list[AccountPerson]
    contacts: list[Contact]
    contracts: list[Contract]
    stages: list[StageEntry]
    children: list[Account]
    values: list[ShownValue]
    timeline: list[TimelineEntry]


def account_view(account: Account, user: User, now: datetime) -> AccountView:
    """What `user` may see on the page of an account that they may see."""
    return AccountView(
        facts=account_facts(account, now),
        people=list(AccountPerson.objects.filter(account=account).select_related("user").order_by("role")),
        contacts=list(Contact.objects.filter(account=account).order_by("left_on", "name")),
        contracts=list(Contract.objects.filter(account=account)),
        stages=list(StageEntry.objects.filter(account=account).order_by("-active_from")),
        children=list(Account.objects.visible_to(user).filter(parent=account, archived_at=None)),
        values=shown_values(account.id, now),
        timeline=account_timeline(account.id),
    )


def account_facts(account: Account, now: datetime) -> AccountFacts:
    today = now.date()
    arr = None
    if account.arr_amount is not None:
        [arr] = to_reporting_currency([(account.arr_amount, account.arr_currency)], today)
    contracts = Contract.objects.filter(account=account, ended_early_on=None, notice_on__gte=today)
    return AccountFacts(
        account=account,
        keys=list(AccountKey.objects.filter(account=account).order_by("id").values_list("value", flat=True)),
        arr=arr,
        trailing_revenue=trailing_revenue([account.id], today).get(account.id),
        renews_in_days=(account.renews_on - today).days if account.renews_on else None,
        notice_on=contracts.order_by("notice_on").values_list("notice_on", flat=True).first(),
        red_lines=tuple(RedLine(kind) for kind in red_lines([account.id], now).get(account.id, ())),
    )


def shown_values(account_id: UUID, now: datetime) -> list[ShownValue]:
    """Every imported value as it stands, by field; those that were cleared are left out."""
    standing = account_as_of(account_id, now)
    return [_shown(value, now) for _field, value in sorted(standing.items()) if value.value not in (None, "")]


def account_timeline(
    account_id: UUID, *, before: datetime | None = None, rows: int = TIMELINE_ROWS
) -> list[TimelineEntry]:
    """The newest activities and ledger entries before a moment, newest first."""
    activities = Activity.objects.filter(account=account_id).select_related("by", "contact")
    ledger = LedgerEntry.objects.filter(account=account_id)
    if before is not None:
        activities, ledger = activities.filter(happened_at__lt=before), ledger.filter(happened_on__lt=before.date())
    return merge_timelines([map(_of_activity, activities[:rows]), map(_of_ledger, ledger[:rows])], rows)


def merge_timelines(parts: Sequence[Iterable[TimelineEntry]], rows: int = TIMELINE_ROWS) -> list[TimelineEntry]:
    """The newest `rows` entries of several timelines, newest first."""
    entries = [entry for part in parts for entry in part]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:rows]


def _shown(value: Value, now: datetime) -> ShownValue:
    text = value.value
    if isinstance(text, dict):
        text = " ".join(str(part) for part in text.values())
    name = value.field.removeprefix("fields.").removeprefix("people.")
    return ShownValue(name, str(text), value.source, value.observed_at, now - value.observed_at > STALE_AFTER)


def _of_activity(activity: Activity) -> TimelineEntry:
    who = activity.by or activity.contact
    text = activity.body if activity.value is None else f"{activity.value.normalize():f} {activity.body}".strip()
    kind = ActivityKind(activity.kind)
    return TimelineEntry(activity.happened_at, kind.value, activity.summary, text, str(who) if who else "")


def _of_ledger(entry: LedgerEntry) -> TimelineEntry:
    at = datetime.combine(entry.happened_on, datetime.min.time(), tzinfo=UTC)
    words = {"amount": f"{entry.amount:,.2f}", "currency": entry.currency, "kind": entry.kind}
    return TimelineEntry(at, "ledger", _("%(kind)s of %(amount)s %(currency)s") % words)
