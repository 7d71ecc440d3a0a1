"""What was said about an account, as of a time it was true and a time we knew it (bitemporal, over FieldValue)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from accounts.models import FieldValue
from intake.models import Source


@dataclass(frozen=True)
class Value:
    """A value with where it is from: None as `value` says that the source cleared it."""

    field: str
    value: Any
    source: str
    observed_at: datetime
    recorded_at: datetime


def value_as_of(account_id: UUID, field: str, at: datetime, known_at: datetime | None = None) -> Value | None:
    """The value of `field` that held at `at`, by what we knew at `known_at` (None: all we know); None: never given."""
    return account_as_of(account_id, at, known_at, fields=[field]).get(field)


def account_as_of(
    account_id: UUID, at: datetime, known_at: datetime | None = None, *, fields: Collection[str] = ()
) -> dict[str, Value]:
    """Every field's value that held at `at`, by what we knew at `known_at` (None: by all we know).

    Of two values observed at one moment the later recorded one holds. `fields` (none: all) limits which.
    """
    rows = FieldValue.objects.filter(account=account_id, observed_at__lte=at)
    if known_at is not None:
        rows = rows.filter(recorded_at__lte=known_at)
    if fields:
        rows = rows.filter(field__in=fields)
    return _newest(rows)


def _newest(rows: QuerySet[FieldValue]) -> dict[str, Value]:
    source = Source.objects.filter(id=OuterRef("source_id")).values("name")
    newest = rows.order_by("field", "-observed_at", "-id").distinct("field").annotate(source_name=Subquery(source))
    return {
        row.field: Value(row.field, row.value, row.source_name or "", row.observed_at, row.recorded_at)
        for row in newest
    }
