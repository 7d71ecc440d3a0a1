"""Changes of recurring revenue: what kinds there are, and which way each moves it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from accounts.rules.records import AMOUNT_LIMIT, AccountRef, Currency, Id, ref_problems
from intake.rules import Problem

# Which way each kind moves revenue. A loss may be written as 1,200 or as -1,200: its kind says that it is one.
SIGNS: dict[str, int] = {"new": 1, "expansion": 1, "reactivation": 1, "contraction": -1, "churn": -1}
OTHER_WAY = {"expansion": "contraction", "new": "churn", "reactivation": "churn"}


class MovementItem(Struct, forbid_unknown_fields=True):
    """Recurring revenue that changed, by how much a year. Without an external id it is known by its content."""

    account: AccountRef
    kind: Literal["new", "expansion", "reactivation", "contraction", "churn"]
    happened_on: date
    amount: Decimal
    currency: Currency
    external_id: Id | UnsetType = UNSET

    @property
    def change(self) -> Decimal:
        """The amount with the sign of its kind."""
        return abs(self.amount) * SIGNS[self.kind]


def check_movement(item: MovementItem, now: datetime) -> tuple[Problem, ...]:
    return (*ref_problems(item.account), *_problems(item, now))


def _problems(item: MovementItem, now: datetime) -> Iterator[Problem]:
    if not (item.amount.is_finite() and abs(item.amount) < AMOUNT_LIMIT):
        yield Problem("amount", "out_of_range", "Send an amount below 1,000,000,000,000.")
    elif item.amount == 0:
        yield Problem("amount", "no_change", "An amount of 0 is no change.")
    elif item.amount < 0 and SIGNS[item.kind] > 0:
        text = f"{item.kind.capitalize()} cannot lower revenue: is this a {OTHER_WAY[item.kind]}?"
        yield Problem("amount", "wrong_sign", text)
    if item.happened_on > (now + timedelta(days=1)).date():
        yield Problem("happened_on", "in_future", "A change cannot be in the future.")
