"""The landing log's only writer: a record lands once under its key, in the transaction that answers the caller."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core.bulk import execute, fetch_all
from core.doorbell import ring_on_commit
from core.ids import uuid7
from intake.enums import Landing
from intake.rules import Arrival, Problem, Result

STAGE = "resolve"
HASH_BYTES = 16
About = tuple[UUID | None, str, str]

# One a connection: rows are gone with the transaction, the table's definition stays.
STAGE_TABLE = """
CREATE TEMP TABLE IF NOT EXISTS intake_stage (
    id uuid, external_id text, payload_hash bytea, payload jsonb, namespace uuid, about_kind text, about_value text
) ON COMMIT DELETE ROWS
"""
COPY = "COPY intake_stage (id, external_id, payload_hash, payload, namespace, about_kind, about_value) FROM STDIN"
# Keys are taken in their order, so that two calls with the same records wait for each other instead of deadlocking.
LAND = """
WITH fresh AS (
    INSERT INTO intake_recordkey (source_id, kind, external_id, record_id, payload_hash)
    SELECT %(source)s, %(kind)s, external_id, id, payload_hash FROM intake_stage ORDER BY external_id
    ON CONFLICT (source_id, kind, external_id) DO NOTHING RETURNING record_id
), landed AS (
    INSERT INTO intake_record (id, source_id, kind, external_id, payload, import_id, landed_at)
    SELECT s.id, %(source)s, %(kind)s, s.external_id, s.payload, %(import)s, %(now)s
    FROM intake_stage s JOIN fresh ON fresh.record_id = s.id
), pending AS (
    INSERT INTO intake_landed (id, batch_id, about_namespace, about_kind, about_value, kind)
    SELECT s.id, %(batch)s, s.namespace, s.about_kind, s.about_value, %(kind)s
    FROM intake_stage s JOIN fresh ON fresh.record_id = s.id
)
SELECT record_id FROM fresh
"""
EARLIER = """
SELECT external_id, record_id, payload_hash FROM intake_recordkey
WHERE source_id = %s AND kind = %s AND external_id = ANY(%s)
"""
BATCH = "INSERT INTO core_batch (id, stage, size, attempts, last_error) VALUES (%s, %s, %s, 0, '')"


class Row(NamedTuple):
    """A record about to land: its key within (source, kind), its canonical JSON, and whom it is about.

    `about` is (namespace, kind of key, value), as `accounts.queries.find_accounts` takes it.
    """

    external_id: str
    payload: bytes
    about: About


def land_records(kind: str, rows: Sequence[Row], arrival: Arrival) -> list[Result]:
    """Write records and leave them for the resolve stage; one result a row, in order.

    ACCEPTED: new. DUPLICATE: the same body came under this key before (`id` is the first one's). REJECTED: another
    body did.
    """
    if not rows:
        return []
    hashes = [blake2b(row.payload, digest_size=HASH_BYTES).digest() for row in rows]
    first: dict[str, int] = {}
    for index, row in enumerate(rows):
        first.setdefault(row.external_id, index)
    ids = {index: uuid7() for index in first.values()}
    with transaction.atomic():
        fresh = _write(kind, [(ids[index], hashes[index], rows[index]) for index in ids], arrival)
        held = {rows[index].external_id: (ids[index], hashes[index]) for index in ids if ids[index] in fresh}
        if len(fresh) < len(ids):
            held |= _earlier(kind, [key for key in first if key not in held], arrival)
    return [_result(index, row, hashes[index], held[row.external_id], fresh, first) for index, row in enumerate(rows)]


def _write(kind: str, rows: list[tuple[UUID, bytes, Row]], arrival: Arrival) -> set[UUID]:
    """Land what is new; the ids that were."""
    _stage(rows)
    batch = uuid7()
    names = {
        "source": arrival.source_id,
        "kind": kind,
        "import": arrival.import_id,
        "now": arrival.now,
        "batch": batch,
    }
    fresh = {id for (id,) in fetch_all(LAND, names)}
    if fresh:
        execute(BATCH, [batch, STAGE, len(fresh)])
        ring_on_commit()
    return fresh


def _stage(rows: list[tuple[UUID, bytes, Row]]) -> None:
    execute(STAGE_TABLE)
    execute("DELETE FROM intake_stage")  # what an earlier landing in the same transaction left
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for id, digest, (external_id, payload, about) in rows:
            copy.write_row((id, external_id, digest, payload.decode(), *about))


def _earlier(kind: str, external_ids: list[str], arrival: Arrival) -> dict[str, tuple[UUID, bytes]]:
    found = fetch_all(EARLIER, [arrival.source_id, kind, external_ids])
    return {external_id: (record_id, bytes(digest)) for external_id, record_id, digest in found}


def _result(
    index: int, row: Row, digest: bytes, held: tuple[UUID, bytes], fresh: set[UUID], first: dict[str, int]
) -> Result:
    record_id, held_digest = held
    if digest != held_digest:
        return Result(Landing.REJECTED, errors=(reused(row.external_id),))
    if record_id in fresh and first[row.external_id] == index:
        return Result(Landing.ACCEPTED, record_id)
    return Result(Landing.DUPLICATE, record_id)


def reused(external_id: str) -> Problem:
    """Another record came under the same external id."""
    text = _("“%s” was used for another record. Give this one an external id of its own.") % external_id
    return Problem("external_id", "external_id_reused", text)
