"""What the page of an account says that this room and those below know; what happened is `cx_ops.account_timeline`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from accounts.enums import TOUCHES, ActivityKind, RedLine
from accounts.models import Account, AccountKey, AccountPerson, Activity, Contact, Contract, StageEntry
from accounts.queries.behaviour import Behaviour, recent_behaviour
from accounts.queries.money import in_reporting_currency, trailing_revenue
from accounts.queries.people import Person, people_of
from accounts.queries.red_lines import red_lines
from accounts.queries.shown import ShownValue, shown_values
from core.models import User
from intake.queries.privacy import hidden_fields

# Weekly readings of half a year.
READINGS = 26


@dataclass(frozen=True)
class AccountFacts:
    """The head of the page. Revenue is in the reporting currency, `reporting`; None: unknown."""

    account: Account
    keys: list[str]
    arr: Decimal | None
    reporting: str
    trailing_revenue: Decimal | None
    renews_in_days: int | None
    notice_on: date | None
    red_lines: tuple[RedLine, ...]


# What a contact has where the reader may not see it.
BLANK: dict[str, object] = {"phone": "", "title": "", "influence": None, "sentiment": None}


def veiled(contacts: Iterable[Contact], hidden: Collection[str]) -> list[Contact]:
    """Contacts without what `hidden` names; they are read, not to be saved."""
    found = list(contacts)
    for name in BLANK.keys() & {field.removeprefix("contacts.") for field in hidden}:
        for contact in found:
            setattr(contact, name, BLANK[name])
    return found


class Reading(NamedTuple):
    """A usage reading; `summary` is how its source says it, such as "692 people active in the week"."""

    at: datetime
    value: Decimal
    summary: str

    @property
    def unit(self) -> str:
        """What is counted: the summary without its number; "" where that says something else."""
        number = f"{self.value.normalize():f} "
        return self.summary.removeprefix(number) if self.summary.startswith(number) else ""


@dataclass(frozen=True)
class AccountView:
    facts: AccountFacts
    people: list[AccountPerson]
    contacts: list[Contact]
    persons: dict[UUID, Person]
    contracts: list[Contract]
    stages: list[StageEntry]
    children: list[Account]
    values: list[ShownValue]
    last_touch: Activity | None
    usage: list[Reading]
    behaviour: Behaviour


def account_view(account: Account, user: User, now: datetime) -> AccountView:
    """What `user` may see on the page of an account that they may see."""
    hidden = hidden_fields(user)
    contracts = list(Contract.objects.filter(account=account))
    persons = persons_at(account)
    return AccountView(
        facts=_facts(account, contracts, now),
        people=list(AccountPerson.objects.filter(account=account).select_related("user").order_by("role")),
        contacts=veiled((person.contact for person in persons), hidden),
        persons={person.contact.pk: person for person in persons},
        contracts=contracts,
        stages=list(StageEntry.objects.filter(account=account).order_by("-active_from")),
        children=list(Account.objects.visible_to(user).filter(parent=account, archived_at=None)),
        values=shown_values(account.id, now, hidden=hidden),
        last_touch=_touches(account).select_related("by", "contact").first(),
        usage=usage_readings(account),
        behaviour=_of_people(recent_behaviour(account.id, now), persons),
    )


def _of_people(behaviour: Behaviour, persons: Iterable[Person]) -> Behaviour:
    """When somebody did something last, by whichever of their records."""
    seen = {
        person.contact.pk: max(at)
        for person in persons if (at := [behaviour.seen[one.pk] for one in person.records if one.pk in behaviour.seen])
    }  # fmt: skip
    return replace(behaviour, seen=seen)


def persons_at(account: Account) -> list[Person]:
    """Everybody there but those who were erased; who has left comes last."""
    found = people_of(Contact.objects.known().filter(account=account))
    return sorted(found, key=lambda one: (one.contact.left_on or date.min, one.contact.name))


def usage_readings(account: Account, rows: int = READINGS) -> list[Reading]:
    """The newest usage readings with a number, oldest first."""
    found = Activity.objects.filter(account=account, kind=ActivityKind.USAGE, value__isnull=False)
    newest = found.order_by("-happened_at").values_list("happened_at", "value", "summary")[:rows]
    return [Reading(at, value, summary) for at, value, summary in reversed(newest) if value is not None]


def _touches(account: Account) -> QuerySet[Activity]:
    return Activity.objects.filter(account=account, kind__in=TOUCHES).order_by("-happened_at")


def _facts(account: Account, contracts: Iterable[Contract], now: datetime) -> AccountFacts:
    today = now.date()
    arr, reporting = None, ""
    if account.arr_amount is not None:
        arr, reporting = in_reporting_currency(account.arr_amount, account.arr_currency, today)
    notices = [one.notice_on for one in contracts if one.notice_on and one.ended_early_on is None]
    return AccountFacts(
        account=account,
        keys=list(AccountKey.objects.filter(account=account).order_by("id").values_list("value", flat=True)),
        arr=arr,
        reporting=reporting,
        trailing_revenue=trailing_revenue([account.id], today).get(account.id),
        renews_in_days=(account.renews_on - today).days if account.renews_on else None,
        notice_on=min((day for day in notices if day >= today), default=None),
        red_lines=tuple(RedLine(kind) for kind in red_lines([account.id], now).get(account.id, ())),
    )
