"""Audit rows by the thousand: what the stages did, in the transaction that did it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from core.bulk import copy_rows
from core.ids import uuid7

COLUMNS = ["id", "verb", "subject_type", "subject_id", "by_id", "actor", "why", "data", "at"]


def record_acts(
    verb: str,
    subject: str,
    acts: Iterable[tuple[UUID, str, Mapping[str, Any]]],
    *,
    actor: str,
    now: datetime,
) -> None:
    """Write one act for each (id of the subject, why, data); `subject` is the lower-case name of its model."""
    rows = [
        (uuid7(), verb, subject, str(id), None, actor, why, json.dumps(dict(data), default=str), now)
        for id, why, data in acts
    ]
    if rows:
        copy_rows("core_act", COLUMNS, rows)
