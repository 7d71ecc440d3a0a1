"""Alerts: what a team's lead must know."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from psycopg.types.json import Jsonb

from core.bulk import AnyId, execute
from core.ids import uuid7
from core.models import Alert


def raise_alert(
    kind: str,
    text: str,
    *,
    on_day: date,
    now: datetime,
    team_id: AnyId | None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Tell a team's lead something; the second time on one day replaces the text and raises the count.

    Without a team it is for the catch-all.
    """
    execute(
        RAISE_ALERT,
        {
            "id": uuid7(),
            "team": team_id,
            "kind": kind,
            "day": on_day,
            "text": text,
            "data": Jsonb(data or {}),
            "now": now,
        },
    )


RAISE_ALERT = """
INSERT INTO core_alert (id, team_id, kind, on_day, text, data, count, raised_at)
VALUES (%(id)s, %(team)s, %(kind)s, %(day)s, %(text)s, %(data)s, 1, %(now)s)
ON CONFLICT (team_id, kind, on_day) DO UPDATE SET
    text = excluded.text, data = excluded.data, count = core_alert.count + 1, raised_at = excluded.raised_at,
    seen_at = NULL
"""


def mark_alerts_seen(alerts: QuerySet[Alert], *, now: datetime) -> int:
    """Note that somebody has read `alerts`; how many were new to them."""
    return alerts.filter(seen_at=None).update(seen_at=now)
