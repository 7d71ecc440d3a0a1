"""What every bulk of this room writes beside its rows: the landing log, and the history of values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from accounts.models import FieldValue
from accounts.rules.projection import Said
from core.bulk import NULL, Id, copy_lines, copy_rows, copy_text, execute, moment_text
from core.ids import uuid7, uuid7_text
from intake.models import Record
from intake.rules import Arrival

encode = msgspec.json.Encoder(decimal_format="string").encode
decode = msgspec.json.decode
# Whose word it is that nobody says anything any more: FieldValue names a source in every row.
NOBODY = UUID(int=0)
Edit = tuple[UUID, str, Any]
"""(account, field, what a person says of it)"""


class Change(NamedTuple):
    """A field of an account that shows something else now; `said` is whose word holds, None where nobody's does."""

    account_id: UUID
    field: str
    before: Any
    after: Any
    said: Said | None


def log_records(kind: str, external_ids: Sequence[str], raw: Sequence[bytes], arrival: Arrival) -> list[Id]:
    """Write records to the landing log as they came; their ids, in order."""
    ids = [uuid7_text() for _ in external_ids]
    source, of = f"{arrival.source_id}\t{kind}", f"{arrival.import_id or NULL}\t{moment_text(arrival.now)}"
    copy_lines(
        Record._meta.db_table,
        ["id", "source_id", "kind", "external_id", "payload", "import_id", "landed_at"],
        [
            f"{id}\t{source}\t{copy_text(external_id)}\t{copy_text(payload.decode())}\t{of}"
            for id, external_id, payload in zip(ids, external_ids, raw, strict=True)
        ],
    )
    return ids


def remember_shown(changes: Iterable[Change], *, now: datetime) -> None:
    """Keep what accounts show from `now` on; when we learned it is the database's clock."""
    copy_rows(
        FieldValue._meta.db_table,
        ["account_id", "field", "value", "source_id", "record_id", "observed_at"],
        (
            (
                change.account_id, change.field, encode(change.after).decode(),
                change.said.source if change.said else NOBODY,
                change.said.id if change.said and not change.said.by_person else None, now,
            )
            for change in changes
        ),
    )  # fmt: skip


SAY_BY_HAND = """
INSERT INTO accounts_link (id, account_id, source_id, namespace_id, external_id, rule, evidence, confidence, actor,
    created_at, values, domain, email, subscription, revoked_why)
SELECT w.id, w.account_id, %(source)s, NULL, w.account_id::text, 'person', '{}', 1, %(actor)s, %(now)s,
    w.values::jsonb, '', '', '', ''
FROM unnest(%(ids)s::uuid[], %(accounts)s::uuid[], %(values)s::text[]) AS w(id, account_id, values)
ON CONFLICT (external_id, source_id, namespace_id) WHERE revoked_at IS NULL
DO UPDATE SET values = accounts_link.values || excluded.values
"""


def say_by_hand(edits: Iterable[Edit], *, source_id: UUID, actor: str, now: datetime) -> None:
    """Keep what a person typed about accounts as their source's word, and that the accounts show it from now on.

    The caller has written the columns: a person's word is what an account shows when they say it.
    """
    edits = list(edits)
    word = Said(None, "", "", source_id, by_person=True)
    remember_shown((Change(account, field, None, value, word) for account, field, value in edits), now=now)
    keep_words(edits, source_id=source_id, actor=actor, now=now)


def keep_words(edits: Iterable[Edit], *, source_id: UUID, actor: str, now: datetime) -> None:
    """Keep what a person says of accounts as their source's word; the caller projects them."""
    said: dict[UUID, dict[str, list[Any]]] = {}
    for account, field, value in edits:
        said.setdefault(account, {})[field] = [value, now.isoformat(), uuid7_text()]
    execute(
        SAY_BY_HAND,
        {
            "source": source_id, "actor": actor, "now": now,
            "ids": [uuid7() for _ in said], "accounts": list(said),
            "values": [encode(values).decode() for values in said.values()],
        },
    )  # fmt: skip
