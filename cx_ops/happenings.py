"""What may be said outside about what happened: one reader a happening. It never leaves more than stands here.

Insights that are held out and the decisions about them are told to nobody, nor are fields whose class of privacy
keeps them here. No reader says anything about a person who works at a customer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.enums import KeyKind
from accounts.models import Account, AccountKey
from decisions.models import Decision
from insights.models import Insight
from intake.enums import Happening
from intake.models import Source
from intake.queries.privacy import kept_fields, without
from intake.rules import News
from intake.services import register_teller
from outcomes.models import Outcome


def tell_accounts(ids: Sequence[UUID], now: datetime) -> list[News]:
    keys = _keys(ids)
    return [
        News(
            account.id,
            {
                "id": account.id,
                "external_ids": keys.get(account.id, {}),
                "name": account.name,
                "domain": account.domain,
                "tier": account.tier,
                "segment": account.segment,
                "region": account.region,
                "stage": account.stage,
                "arr": {"amount": str(account.arr_amount), "currency": account.arr_currency}
                if account.arr_amount is not None
                else None,
                "renews_on": account.renews_on,
                "archived": account.archived_at is not None,
            },
        )
        for account in Account.objects.filter(id__in=ids).order_by("id")
    ]


def tell_insights(ids: Sequence[UUID], now: datetime) -> list[News]:
    found = Insight.objects.shown_to(None).filter(id__in=ids)
    insights = list(found.select_related("source").order_by("id"))
    keys = _keys(insight.account_id for insight in insights)
    return [
        News(
            insight.id,
            {
                "id": insight.id,
                "external_id": insight.external_id,
                "source": insight.source.slug,
                "type": insight.type_id,
                "account": _account(insight.account_id, keys),
                "confidence": insight.confidence.normalize(),
                "model": insight.model,
                "model_version": insight.model_version,
                "reason": insight.reason,
                "scored_at": insight.scored_at,
            },
            origin=insight.source_id,
        )
        for insight in insights
    ]


def tell_decisions(ids: Sequence[UUID], now: datetime) -> list[News]:
    found = Decision.objects.shown_to(None).filter(insight_id__in=ids)
    decisions = list(found.select_related("owner", "insight").order_by("insight_id"))
    keys = _keys(decision.account_id for decision in decisions)
    return [
        News(
            decision.pk,
            {
                "id": decision.pk,
                "insight_external_id": decision.insight.external_id,
                "type": decision.type_id,
                "account": _account(decision.account_id, keys),
                "response": decision.response,
                "suppressed_by": decision.suppressed_by or None,
                "confidence": decision.confidence.normalize(),
                "owner": decision.owner.username if decision.owner else None,
                "decided_at": decision.decided_at,
            },
        )
        for decision in decisions
    ]


def tell_outcomes(ids: Sequence[UUID], now: datetime) -> list[News]:
    outcomes = list(Outcome.objects.filter(id__in=ids).order_by("id"))
    keys = _keys(outcome.account_id for outcome in outcomes)
    return [
        News(
            outcome.id,
            {
                "id": outcome.id,
                "task": outcome.task_id,
                "decision": outcome.decision_id,
                "type": outcome.type_id,
                "account": _account(outcome.account_id, keys),
                "outcome": outcome.kind,
                "reason": outcome.reason,
                "certainty": outcome.certainty,
                "happened_at": outcome.happened_at,
            },
        )
        for outcome in outcomes
    ]


def _account(id: UUID, keys: dict[UUID, dict[str, str]]) -> dict[str, Any]:
    return {"id": id, "external_ids": keys.get(id, {})}


def _keys(ids: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
    """What each source calls these accounts, by the source's slug."""
    slugs = dict(Source.objects.filter(person=None).values_list("id", "slug"))
    keys = AccountKey.objects.filter(account_id__in=set(ids), kind=KeyKind.EXTERNAL_ID).order_by("-id")
    found: dict[UUID, dict[str, str]] = {}
    for account, namespace, value in keys.values_list("account_id", "namespace_id", "value"):
        if namespace in slugs:
            found.setdefault(account, {})[slugs[namespace]] = value
    return found


Reader = Callable[[Sequence[UUID], datetime], list[News]]
READERS: dict[Happening, tuple[str, Reader]] = {
    Happening.ACCOUNT_CREATED: ("accounts", tell_accounts),
    Happening.ACCOUNT_UPDATED: ("accounts", tell_accounts),
    Happening.INSIGHT_ACCEPTED: ("insights", tell_insights),
    Happening.INSIGHT_RETRACTED: ("insights", tell_insights),
    Happening.DECISION_MADE: ("decisions", tell_decisions),
    Happening.OUTCOME_RECORDED: ("outcomes", tell_outcomes),
}


def register_tellers() -> None:
    for happening, (kind, reader) in READERS.items():
        register_teller(happening, _outward(kind, reader))


def _outward(kind: str, reader: Reader) -> Reader:
    """`reader` without the fields of `kind` that stay here."""

    def tell(ids: Sequence[UUID], now: datetime) -> list[News]:
        kept = kept_fields()
        return [replace(news, data=without(kind, dict(news.data), kept)) for news in reader(ids, now)]

    return tell
