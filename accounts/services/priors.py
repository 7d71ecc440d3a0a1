"""What an import changed, kept in its transaction: what the preview tells and what undo puts back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from accounts.models import Prior
from accounts.services.values import encode
from core.bulk import copy_rows
from intake.rules import Arrival

COLUMNS = ["import_id", "kind", "row_id", "external_id", "made", "fields"]
Change = tuple[UUID, str, bool, Mapping[str, Any]]
"""(row, external id, was it made, field → [before, after])"""


def keep_priors(kind: str, changes: Iterable[Change], arrival: Arrival) -> None:
    """Keep what the rows of an import were before; nothing where no file is behind the call."""
    if arrival.import_id is None:
        return
    copy_rows(
        Prior._meta.db_table,
        COLUMNS,
        (
            (arrival.import_id, kind, row, external_id, made, encode(fields).decode())
            for row, external_id, made, fields in changes
        ),
    )
