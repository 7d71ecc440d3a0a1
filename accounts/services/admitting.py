"""The admit stage: rows about an account that was not known when they came, and is now, are taken as they came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from accounts.models import Released
from core.bulk import fetch_all
from intake.enums import Landing
from intake.models import Source
from intake.queries import namespace_of
from intake.rules import ERASED, Arrival, Result
from intake.services import find

RECORDS = """
SELECT w.kind, r.source_id, r.import_id, r.id, r.external_id, r.payload::text
FROM unnest(%s::uuid[], %s::text[]) AS w(id, kind) JOIN intake_record r ON r.id = w.id
ORDER BY w.kind <> 'contacts', w.kind, r.source_id, r.import_id, r.id
"""


class NotAdmitted(Exception):
    """A row is refused, or gone from the log: the batch is halved until it is alone; says which row, and why."""


class _Row(NamedTuple):
    kind: str
    source_id: UUID
    import_id: UUID | None
    id: UUID
    external_id: str
    payload: str


def admit_records(rows: Sequence[Released], now: datetime) -> None:
    """Take rows whose account has arrived, under the records that they came as; contacts first, since others name them.

    In the caller's transaction. Raises `NotAdmitted`.
    """
    found = [_Row(*row) for row in fetch_all(RECORDS, [[row.id for row in rows], [row.kind for row in rows]])]
    if len(found) < len(rows):
        raise NotAdmitted(f"{len(rows) - len(found)} of {len(rows)} records are not in the log any more")
    sources = Source.objects.in_bulk({row.source_id for row in found})
    for (kind, source_id, import_id), group in groupby(found, key=lambda row: row[:3]):
        _admit(kind, sources[source_id], import_id, list(group), now)


def _admit(name: str, source: Source, import_id: UUID | None, rows: list[_Row], now: datetime) -> None:
    kind = find(name)
    decoder = msgspec.json.Decoder(kind.struct, strict=False)
    # Of whom was erased on their wish meanwhile nothing is left to take.
    items: list[tuple[_Row, Any]] = [(row, decoder.decode(row.payload.encode())) for row in rows if row.payload != "{}"]
    arrival = Arrival(
        source.id, source.slug, namespace_of(source), now, actor=f"source {source.slug}", import_id=import_id,
        records=tuple(row.id for row, _item in items),
    )  # fmt: skip
    raw = [row.payload.encode() for row, _item in items]
    results: list[Result] = kind.apply([item for _row, item in items], raw, arrival)
    for (row, _item), result in zip(items, results, strict=True):
        if result.status is Landing.REJECTED and result.errors[0].code != ERASED:
            raise NotAdmitted(f"{name} {row.external_id}: {result.errors[0].message}")
