"""How many accounts stand at once, read from what the database says of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.models.account import AccountQuerySet
from accounts.queries import red_lines
from cx_ops.account_filter import with_signs
from cx_ops.account_health import Health, Signs, ends_in, read_health
from cx_ops.risk_claims import risk_claims
from playbooks.queries.deadlines import days_since


def read_healths(accounts: AccountQuerySet, now: datetime) -> dict[UUID, Health]:
    """How `accounts` stand, by id: three queries, whatever their number."""
    return healths_of(list[Any](with_signs(accounts, now)), now)


def healths_of(rows: Sequence[Any], now: datetime) -> dict[UUID, Health]:
    """How accounts `with_signs` stand, by id."""
    crossed = red_lines([row.pk for row in rows], now)
    claims = risk_claims([row.pk for row in rows if row.risk])
    return {row.pk: _health(row, crossed.get(row.pk, ()), claims.get(row.pk, row.risk or ""), now) for row in rows}


def _health(row: Any, crossed: Sequence[str], risk: str, now: datetime) -> Health:
    signs = Signs(
        red_lines=crossed,
        risk=risk,
        forecast=row.forecast or "",
        unhappy=row.unhappy,
        quiet_days=days_since(row.heard_at, now) if row.csm else None,
        ends_in=ends_in(row.term_end, now.date(), renews_itself=row.renews_itself),
        notice_in=(row.notice_by - now.date()).days if row.notice_by else None,
        lost_on=timezone.localdate(row.lost_at) if row.lost_at else None,
        became=row.last_forecast or "",
        watched=row.watched or "",
    )
    return read_health(signs)
