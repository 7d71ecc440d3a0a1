"""Customers of whom somebody said, with a task that they closed, that they are lost."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from accounts.models import Contract, OfAccountQuerySet
from decisions.enums import OutcomeKind
from decisions.models import Item

WON = (OutcomeKind.RISK_RESOLVED, OutcomeKind.EXPANSION_AGREED)


def losses(account: OuterRef | UUID) -> OfAccountQuerySet[Item]:
    """What was closed as lost, the newest first: until another task says the contrary, or a new term begins."""
    later: dict[str, Any] = {"account": OuterRef("account")}
    won = Item.objects.filter(**later, outcome__in=WON, closed_at__gt=OuterRef("closed_at"))
    signed = Contract.objects.filter(**later, starts_on__gt=OuterRef("closed_at"))
    lost = Item.objects.filter(account=account, outcome=OutcomeKind.LOST)
    return lost.filter(~Exists(won), ~Exists(signed)).order_by("-closed_at")
