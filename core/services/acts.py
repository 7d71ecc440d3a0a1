"""Acts: what somebody or something did, written in the transaction that did it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from core.bulk import NULL, AnyId, copy_json, copy_lines, copy_text, moment_text
from core.ids import uuid7_text
from core.models import Act, User

encode = msgspec.json.Encoder(decimal_format="string").encode
COLUMNS = ["id", "verb", "subject_type", "subject_id", "by_id", "actor", "why", "data", "at"]


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


def changed_fields(row: object, wanted: Mapping[str, object]) -> list[str]:
    """The names of the fields to which `wanted` gives another value than `row` has: what an act says was changed."""
    return [name for name, value in wanted.items() if getattr(row, name) != value]


def record_acts(
    verb: str,
    subject: str,
    acts: Iterable[tuple[AnyId, str, Mapping[str, Any]]],
    *,
    now: datetime,
    by: User | None = None,
    actor: str = "",
) -> None:
    """Write one act for each (id of the subject, why, data); `subject` is the lower-case name of its model."""
    if by is None and not actor:
        raise ValueError("an act needs a person or an actor")
    person = str(by.pk) if by else NULL
    at = moment_text(now)
    lines = [
        "	".join((uuid7_text(), verb, subject, str(id), person, copy_text(actor), copy_text(why), _json(data), at))
        for id, why, data in acts
    ]
    if lines:
        copy_lines("core_act", COLUMNS, lines)


def _json(data: Mapping[str, Any]) -> str:
    return copy_json(encode(data).decode())
