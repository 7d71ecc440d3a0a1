"""Acts and alerts: the two rows that any room writes about what it did."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

from core.models import Act, Alert, User


def record_act(
    verb: str,
    subject: object,
    *,
    now: datetime,
    by: User | None = None,
    actor: str = "",
    why: str = "",
    data: Mapping[str, Any] | None = None,
) -> Act:
    """Write what was done to `subject` (a model instance), in the caller's transaction.

    `by` is the person; where none acted, `actor` names the source or stage that did.
    """
    if by is None and not actor:
        raise ValueError("an act needs a person or an actor")
    return Act.objects.create(
        verb=verb,
        subject_type=type(subject).__name__.lower(),
        subject_id=str(getattr(subject, "pk", subject)),
        by=by,
        actor=actor,
        why=why,
        data=dict(data or {}),
        at=now,
    )


def raise_alert(
    kind: str,
    text: str,
    *,
    on_day: date,
    now: datetime,
    team_id: UUID | None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Tell a team's lead something; the second time on one day replaces the text and raises the count.

    Without a team it is for the catch-all.
    """
    alert, made = Alert.objects.get_or_create(
        team_id=team_id,
        kind=kind,
        on_day=on_day,
        defaults={"text": text, "data": dict(data or {}), "raised_at": now},
    )
    if not made:
        Alert.objects.filter(pk=alert.pk).update(
            text=text, data=dict(data or {}), count=F("count") + 1, raised_at=now, seen_at=None
        )


def mark_alerts_seen(alerts: QuerySet[Alert], *, now: datetime) -> int:
    """Note that somebody has read `alerts`; how many were new to them."""
    return alerts.filter(seen_at=None).update(seen_at=now)
