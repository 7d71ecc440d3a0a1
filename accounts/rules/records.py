"""The records this room takes (API.md, accounts/bulk and its likes), and what a struct cannot say about them. Pure.

An absent field (UNSET) says nothing; an explicit null clears; a blank text is ignored, as in a file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from accounts.enums import AccountRole, ActivityKind, Channel, ConsentState, Forecast, KeyKind, Stakeholder
from accounts.rules.identity import Ref, is_placeholder, normalise_domain
from intake.rules import Problem

Id = Annotated[str, Meta(min_length=1, max_length=200)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Short = Annotated[str, Meta(max_length=40)]
Text = Annotated[str, Meta(max_length=20_000)]
Key = Annotated[str, Meta(min_length=1, max_length=50)]
Currency = Annotated[str, Meta(pattern="^[A-Za-z]{3}$")]
Scalar = Annotated[str, Meta(max_length=2000)] | int | float | bool | None

AMOUNT_LIMIT = Decimal(10) ** 12
CLOCK_SKEW = timedelta(minutes=5)


class Money(Struct, frozen=True, forbid_unknown_fields=True):
    amount: Decimal
    currency: Currency


class AccountRef(Struct, frozen=True, forbid_unknown_fields=True):
    """The account a record is about: exactly one of external id (with the source whose it is), domain, our own id."""

    external_id: Id | UnsetType = UNSET
    source: Id | UnsetType = UNSET
    domain: Id | UnsetType = UNSET
    id: Id | UnsetType = UNSET


class AccountItem(Struct, forbid_unknown_fields=True):
    external_id: Id
    name: Name
    domain: str | UnsetType | None = UNSET
    segment: Short | UnsetType | None = UNSET
    tier: Short | UnsetType | None = UNSET
    region: Short | UnsetType | None = UNSET
    stage: Short | UnsetType | None = UNSET
    arr: Money | UnsetType | None = UNSET
    renews_on: date | UnsetType | None = UNSET
    customer_since: date | UnsetType | None = UNSET
    people: dict[AccountRole, str | None] | UnsetType = UNSET
    csm: str | UnsetType | None = UNSET
    parent: Id | UnsetType | None = UNSET
    subscription_id: Annotated[str, Meta(max_length=200)] | UnsetType | None = UNSET
    email: Annotated[str, Meta(max_length=254)] | UnsetType | None = UNSET
    phone: Short | UnsetType | None = UNSET
    street: Annotated[str, Meta(max_length=200)] | UnsetType | None = UNSET
    postcode: Short | UnsetType | None = UNSET
    city: Annotated[str, Meta(max_length=100)] | UnsetType | None = UNSET
    born_on: date | UnsetType | None = UNSET
    tax_id: Short | UnsetType | None = UNSET
    fields: dict[Key, Scalar] | UnsetType = UNSET


class ContactItem(Struct, forbid_unknown_fields=True):
    external_id: Id
    account: AccountRef
    name: Name
    email: Annotated[str, Meta(max_length=254)] | UnsetType | None = UNSET
    phone: Short | UnsetType | None = UNSET
    title: Annotated[str, Meta(max_length=120)] | UnsetType | None = UNSET
    stakeholder: Stakeholder | UnsetType | None = UNSET
    influence: Annotated[int, Meta(ge=1, le=5)] | UnsetType | None = UNSET
    sentiment: Annotated[int, Meta(ge=-2, le=2)] | UnsetType | None = UNSET
    left_on: date | UnsetType | None = UNSET
    do_not_contact: bool | UnsetType = UNSET
    consents: dict[Channel, ConsentState | None] | UnsetType = UNSET


class ContractItem(Struct, forbid_unknown_fields=True):
    external_id: Id
    account: AccountRef
    starts_on: date
    ends_on: date
    notice_on: date | UnsetType | None = UNSET
    arr: Money | UnsetType | None = UNSET
    auto_renews: bool | UnsetType = UNSET
    forecast: Forecast | UnsetType | None = UNSET
    ended_early_on: date | UnsetType | None = UNSET


class ActivityItem(Struct, forbid_unknown_fields=True):
    external_id: Id
    account: AccountRef
    kind: ActivityKind
    happened_at: Annotated[datetime, Meta(tz=True)]
    summary: Annotated[str, Meta(min_length=1, max_length=300)]
    body: Text | UnsetType | None = UNSET
    value: Decimal | UnsetType | None = UNSET
    contact: Id | UnsetType | None = UNSET
    by: str | UnsetType | None = UNSET


class OrderItem(Struct, forbid_unknown_fields=True):
    """Money that moved: `amount` with `currency`, or one entry of `amounts` (currency → amount).

    Without an external id it is known by its content (`services.orders`).
    """

    account: AccountRef
    happened_on: date
    amount: Decimal | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET
    amounts: dict[Currency, Decimal] | UnsetType = UNSET
    units: Decimal | UnsetType | None = UNSET
    kind: Annotated[str, Meta(pattern="^[a-z0-9_-]{1,20}$")] = "order"
    external_id: Id | UnsetType = UNSET
    status: Short | UnsetType | None = UNSET

    @property
    def money(self) -> Money | None:
        """The one sum it names; None when it names none, several, or a number without a currency."""
        sums = dict(self.amounts) if self.amounts is not UNSET else {}
        if self.amount is not UNSET:
            sums[self.currency if self.currency is not UNSET else ""] = self.amount
        if len(sums) != 1 or "" in sums:
            return None
        ((currency, amount),) = sums.items()
        return Money(amount, currency)


# What payment systems say of money that did not move.
UNPAID = frozenset({"failed", "canceled", "cancelled", "pending", "blocked", "incomplete", "uncaptured", "void"})


# Letters that are no letter with a mark.
_SPELT_OUT = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})


@lru_cache(maxsize=4096)
def to_slug(text: str) -> str:
    """`Mid Market ` → `mid-market`, `Österreich` → `osterreich`: how tiers, segments, regions, stages are compared."""
    plain = text.strip().lower()
    if not plain.isascii():
        parts = unicodedata.normalize("NFKD", plain.translate(_SPELT_OUT))
        plain = "".join(part for part in parts if not unicodedata.combining(part))
    return re.sub(r"[^a-z0-9_]+", "-", plain).strip("-")


def given(value: object) -> bool:
    """Whether a record says something with `value`: neither absent nor blank."""
    return value is not UNSET and not (isinstance(value, str) and not value.strip())


def account_ref(ref: AccountRef, namespace: object) -> Ref:
    """The ref as `find_accounts` takes it; `namespace` is the id of the source whose external ids are meant."""
    if ref.external_id is not UNSET:
        return namespace, KeyKind.EXTERNAL_ID.value, ref.external_id  # type: ignore[return-value]
    if ref.domain is not UNSET:
        return None, KeyKind.DOMAIN.value, str(ref.domain)
    return None, KeyKind.ID.value, str(ref.id)


def check_account(item: AccountItem, now: datetime) -> tuple[Problem, ...]:
    return tuple(_account_problems(item, now))


def check_contact(item: ContactItem, now: datetime) -> tuple[Problem, ...]:
    return tuple(_contact_problems(item))


def check_contract(item: ContractItem, now: datetime) -> tuple[Problem, ...]:
    return tuple(_contract_problems(item))


def check_activity(item: ActivityItem, now: datetime) -> tuple[Problem, ...]:
    return tuple(_activity_problems(item, now))


def check_order(item: OrderItem, now: datetime) -> tuple[Problem, ...]:
    return tuple(_order_problems(item, now))


def _account_problems(item: AccountItem, now: datetime) -> Iterator[Problem]:
    if is_placeholder(item.external_id):
        yield Problem("external_id", "placeholder", f"'{item.external_id}' is no id: send the account's own.")
    if isinstance(item.domain, str) and given(item.domain) and not normalise_domain(item.domain):
        yield Problem("domain", "invalid", f"'{item.domain}' is not a domain such as example.com.")
    if isinstance(item.email, str) and given(item.email) and not _is_address(item.email):
        yield Problem("email", "invalid", f"'{item.email}' is not an e-mail address.")
    if isinstance(item.parent, str) and item.parent == item.external_id:
        yield Problem("parent", "self_parent", "An account cannot be its own parent.")
    if isinstance(item.csm, str) and item.people is not UNSET and AccountRole.CSM in item.people:
        yield Problem("csm", "given_twice", "Give the CSM in `csm` or in `people`, not in both.")
    if isinstance(item.born_on, date) and item.born_on > now.date():
        yield Problem("born_on", "in_future", "Nobody is born in the future.")
    yield from _blank_name(item.name)
    yield from _money_problems("arr", item.arr)


def _contact_problems(item: ContactItem) -> Iterator[Problem]:
    yield from ref_problems(item.account)
    yield from _blank_name(item.name)
    if isinstance(item.email, str) and given(item.email) and not _is_address(item.email):
        yield Problem("email", "invalid", f"'{item.email}' is not an e-mail address.")


def _contract_problems(item: ContractItem) -> Iterator[Problem]:
    yield from ref_problems(item.account)
    yield from _money_problems("arr", item.arr)
    if item.starts_on >= item.ends_on:
        yield Problem("ends_on", "before_start", f"The contract ends on {item.ends_on}, before it starts.")
    if isinstance(item.notice_on, date) and item.notice_on > item.ends_on:
        yield Problem("notice_on", "after_end", f"Notice on {item.notice_on} is after the contract's end.")


def _activity_problems(item: ActivityItem, now: datetime) -> Iterator[Problem]:
    yield from ref_problems(item.account)
    if item.happened_at > now + CLOCK_SKEW:
        yield Problem("happened_at", "in_future", "An activity cannot be in the future.")
    if isinstance(item.value, Decimal) and not _fits(item.value, Decimal(10) ** 10):
        yield Problem("value", "out_of_range", "Send a number below 10,000,000,000.")


def _order_problems(item: OrderItem, now: datetime) -> Iterator[Problem]:
    yield from ref_problems(item.account)
    if item.money is None:
        yield Problem("amount", "required", "Give one amount with its currency.")
    elif not _fits(item.money.amount, AMOUNT_LIMIT):
        yield Problem("amount", "out_of_range", "Send an amount below 1,000,000,000,000.")
    if isinstance(item.units, Decimal) and not _fits(item.units, Decimal(10) ** 11):
        yield Problem("units", "out_of_range", "Send a number below 100,000,000,000.")
    if isinstance(item.status, str) and to_slug(item.status) in UNPAID:
        yield Problem("status", "not_paid", f"“{item.status}”: no money moved, so this is no order.")
    if item.happened_on > (now + timedelta(days=1)).date():
        yield Problem("happened_on", "in_future", "An order cannot be in the future.")


def _blank_name(name: str) -> Iterator[Problem]:
    if not name.strip():
        yield Problem("name", "required", "Give a name.")


def ref_problems(ref: AccountRef) -> Iterator[Problem]:
    if sum(given(part) for part in (ref.external_id, ref.domain, ref.id)) != 1:
        yield Problem("account", "one_of", "Name the account by one of external_id, domain, id.")
    if ref.source is not UNSET and ref.external_id is UNSET:
        yield Problem("account.source", "without_external_id", "A source goes with an external_id.")


def _money_problems(field: str, money: Money | UnsetType | None) -> Iterator[Problem]:
    if isinstance(money, Money) and not (_fits(money.amount, AMOUNT_LIMIT) and money.amount >= 0):
        yield Problem(f"{field}.amount", "out_of_range", "Send an amount from 0 to below 1,000,000,000,000.")


def _is_address(text: str) -> bool:
    return text.count("@") == 1 and not text.startswith("@") and normalise_domain(text) != ""


def _fits(number: Decimal, limit: Decimal) -> bool:
    return number.is_finite() and abs(number) < limit
