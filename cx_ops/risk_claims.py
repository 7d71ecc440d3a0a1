"""What is claimed of accounts at risk: of each the open risk that is held with the most confidence."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from decisions.models import Decision
from decisions.queries.claims import claim_in_short
from insights.enums import Direction


def risk_claims(accounts: Collection[UUID]) -> dict[UUID, str]:
    """By account: the claim, for lists. One query, the same for every reader: what is held out has opened nothing."""
    open_risks = Decision.objects.shown_to(None).filter(
        item__account__in=accounts, item__closed_at=None, type__direction=Direction.RISK
    )
    surest = open_risks.order_by("item__account", "-item__confidence", "-confidence", "-pk").distinct("item__account")
    rows = surest.values_list("item__account", "type__name", "insight__probability", "insight__horizon_days")
    return {account: claim_in_short(type, chance, days) for account, type, chance, days in rows}
