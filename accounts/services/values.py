"""What every bulk of this room writes beside its rows: the landing log, and the history of values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from accounts.models import FieldValue
from core.bulk import copy_rows
from core.ids import uuid7
from intake.models import Record
from intake.rules import Arrival

Change = tuple[UUID, str, object, UUID | None]
"""(account, field, new value, record that said so: None when a person did)"""


def log_records(kind: str, external_ids: Sequence[str], raw: Sequence[bytes], arrival: Arrival) -> list[UUID]:
    """Write records to the landing log as they came; their ids, in order."""
    ids = [uuid7() for _ in external_ids]
    copy_rows(
        Record._meta.db_table,
        ["id", "source_id", "kind", "external_id", "payload", "import_id", "landed_at"],
        (
            (id, arrival.source_id, kind, external_id, payload.decode(), arrival.import_id, arrival.now)
            for id, external_id, payload in zip(ids, external_ids, raw, strict=True)
        ),
    )
    return ids


def remember_values(changes: Iterable[Change], *, source_id: UUID, observed_at: datetime) -> None:
    """Keep what was said about accounts, and when it was true; when we learned it is the database's clock."""
    copy_rows(
        FieldValue._meta.db_table,
        ["account_id", "field", "value", "source_id", "record_id", "observed_at"],
        (
            (account, field, msgspec.json.encode(to_json(value)).decode(), source_id, record, observed_at)
            for account, field, value, record in changes
        ),
    )


def to_json(value: object) -> Any:
    """`value` as JSON has it: dates in ISO form, money and ids as text."""
    if isinstance(value, (date, Decimal, UUID)):
        return str(value)
    return value
