"""What an account item says, field by field, as it is kept: text, numbers, ISO days, money as a pair. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import Any

from msgspec import UNSET

from accounts.enums import AccountRole
from accounts.rules.identity import normalise_domain
from accounts.rules.projection import Policy
from accounts.rules.records import AccountItem, Money, given, to_slug

CENT = Decimal("0.01")
SLUGS = ("segment", "tier", "region", "stage")
DAYS = ("renews_on", "customer_since")
# Said at the top of an item, kept among the fields that have no column.
LOOSE = ("subscription_id", "email", "phone", "street", "postcode", "city", "tax_id")


def _money(arr: Money | None) -> dict[str, str] | None:
    if arr is None:
        return None
    return {"amount": str(arr.amount.quantize(CENT)), "currency": arr.currency.upper()}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _text(text: str | None) -> str | None:
    return (text or "").strip() or None


# Field → where an item says it, and how it is kept.
READERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "name": ("name", _text),
    "domain": ("domain", lambda text: normalise_domain(text or "") or None),
    **{name: (name, lambda text: to_slug(text or "") or None) for name in SLUGS},
    **{name: (name, _day) for name in DAYS},
    "arr": ("arr", _money),
    "parent": ("parent", _text),
    **{f"fields.{name}": (name, _text) for name in LOOSE},
    "fields.born_on": ("born_on", _day),
}


_FIELDS = [(field, read) for field, (_at, read) in READERS.items()]
_all_of = attrgetter(*(at for at, _read in READERS.values()))


def sayings(item: AccountItem, policy: Policy) -> dict[str, Any]:
    """Field → value; None asserts that it is empty. What is absent or blank says nothing, unless its rule says so.

    People and parents are said as they were named.
    """
    said: dict[str, Any] = {}
    blank: list[str] = []
    for (field, read), value in zip(_FIELDS, _all_of(item), strict=True):
        if value is not UNSET:
            said[field] = read(value)
            if _is_blank(value):
                blank.append(field)
    for role, name in appointments(item).items():
        said[f"people.{role}"] = name
    if item.fields:
        said |= {f"fields.{key}": value if given(value) else None for key, value in item.fields.items()}
        blank += [f"fields.{key}" for key, value in item.fields.items() if _is_blank(value)]
    for field in blank:
        if not policy.blank_clears(field):
            said.pop(field, None)
    return said


def appointments(item: AccountItem) -> dict[str, str | None]:
    """Role → user name or e-mail, None to leave the role empty; blanks say nothing."""
    said = {role.value: name for role, name in item.people.items()} if item.people is not UNSET else {}
    if item.csm is not UNSET:
        said[AccountRole.CSM.value] = item.csm
    return {role: name for role, name in said.items() if given(name)}


def _is_blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()
