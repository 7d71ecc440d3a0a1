"""Landing under a key: a record lands once, in the transaction that answers the caller.

Upserts, which may come again, are logged by `accounts.services.values`.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.bulk import NULL, AnyId, Id, copy_json, copy_lines, copy_text, execute, moment_text, read_rows
from core.doorbell import ring_on_commit
from core.ids import uuid7, uuid7_text
from intake.enums import Landing
from intake.rules import Arrival, Problem, Result

STAGE = "resolve"
HASH_BYTES = 16
About = tuple[AnyId | None, str, str]

# One a connection: rows are gone with the transaction, the table's definition stays.
STAGE_TABLE = """
CREATE TEMP TABLE IF NOT EXISTS intake_stage (
    id uuid, external_id text, payload_hash bytea, source_id uuid, kind text) ON COMMIT DELETE ROWS
"""
TAKE_FREE_KEYS = """
INSERT INTO intake_recordkey (source_id, kind, external_id, record_id, payload_hash)
SELECT source_id, kind, external_id, id, payload_hash FROM intake_stage ORDER BY external_id COLLATE "C"
ON CONFLICT (source_id, kind, external_id) DO NOTHING
"""
HOLDERS = """
SELECT external_id, record_id, payload_hash FROM intake_recordkey
WHERE source_id = %s AND kind = %s AND external_id = ANY(%s)
"""
FREE = """
DELETE FROM intake_recordkey k USING intake_record r
WHERE r.id = ANY(%s) AND k.record_id = r.id
  AND (k.source_id, k.kind, k.external_id) = (r.source_id, r.kind, r.external_id)
"""
BATCH = "INSERT INTO core_batch (id, stage, size, attempts, last_error) VALUES (%s, %s, %s, 0, '')"


class Row(NamedTuple):
    """A record about to land: its key within (source, kind), its canonical JSON, and whom it is about.

    `about` is (namespace, kind of key, value), as `accounts.queries.find_accounts` takes it.
    """

    external_id: str
    payload: bytes
    about: About


# The id it will have, the hash of its payload, and the row.
Landable = tuple[Id, bytes, Row]


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
    ids = {index: uuid7_text() for index in first.values()}
    with transaction.atomic():
        held = _write(kind, [(id, hashes[index], rows[index]) for index, id in ids.items()], arrival)
    return [_result(row, hashes[index], held[row.external_id], ids.get(index)) for index, row in enumerate(rows)]


def free_keys(records: Sequence[UUID]) -> None:
    """Let what a file said be said again, as new records, once the file was taken back; in the caller's transaction."""
    execute(FREE, [list(records)])


def _write(kind: str, rows: list[Landable], arrival: Arrival) -> dict[str, tuple[Id, bytes]]:
    """Take the rows' keys, land those that were free; who holds each key: (id of its record, hash)."""
    held = {row.external_id: (id, digest) for id, digest, row in rows}
    if _take_keys(kind, rows, arrival) < len(rows):
        held = _holders(kind, list(held), arrival)
        rows = [new for new in rows if held[new[2].external_id][0] == new[0]]
    if rows:
        _land(kind, rows, arrival)
        ring_on_commit()
    return held


def _take_keys(kind: str, rows: list[Landable], arrival: Arrival) -> int:
    """How many keys were free.

    They are taken in their order, so that two calls with the same records wait for each other instead of deadlocking.
    """
    tail = f"{arrival.source_id}\t{kind}"
    lines = [
        f"{id}\t{copy_text(row.external_id)}\t\\\\x{digest.hex()}\t{tail}"
        for id, digest, row in sorted(rows, key=lambda new: new[2].external_id)
    ]
    columns = ["id", "external_id", "payload_hash", "source_id", "kind"]
    try:
        with transaction.atomic():  # mostly all are free: the quickest way to find out
            copy_lines("intake_recordkey", ["record_id", *columns[1:]], lines)
    except IntegrityError:
        execute(STAGE_TABLE)
        execute("DELETE FROM intake_stage")  # what an earlier landing in the same transaction left
        copy_lines("intake_stage", columns, lines)
        return execute(TAKE_FREE_KEYS)
    return len(lines)


def _land(kind: str, rows: list[Landable], arrival: Arrival) -> None:
    """Write records whose keys are theirs, and leave them for the resolve stage."""
    batch = uuid7()
    execute(BATCH, [batch, STAGE, len(rows)])
    tail = f"{arrival.source_id}\t{kind}\t{arrival.import_id or NULL}\t{moment_text(arrival.now)}"
    copy_lines(
        "intake_record",
        ["id", "external_id", "payload", "source_id", "kind", "import_id", "landed_at"],
        [f"{id}\t{copy_text(row.external_id)}\t{copy_json(row.payload.decode())}\t{tail}" for id, _digest, row in rows],
    )
    tail = f"{kind}\t{batch}"
    copy_lines(
        "intake_landed",
        ["id", "about_namespace", "about_kind", "about_value", "kind", "batch_id"],
        [
            f"{id}\t{row.about[0] or NULL}\t{row.about[1]}\t{copy_text(row.about[2])}\t{tail}"
            for id, _digest, row in rows
        ],
    )


def _holders(kind: str, external_ids: list[str], arrival: Arrival) -> dict[str, tuple[Id, bytes]]:
    found = read_rows(HOLDERS, [arrival.source_id, kind, external_ids])
    return {external_id: (record_id, bytes(digest)) for external_id, record_id, digest in found}


def _result(row: Row, digest: bytes, held: tuple[Id, bytes], own: Id | None) -> Result:
    record_id, held_digest = held
    if digest != held_digest:
        return Result(Landing.REJECTED, errors=(reused(row.external_id),))
    return Result(Landing.ACCEPTED if record_id == own else Landing.DUPLICATE, record_id)


def reused(external_id: str) -> Problem:
    """Another record came under the same external id."""
    text = _("“%s” was used for another record. Give this one an external id of its own.") % external_id
    return Problem("external_id", "external_id_reused", text)
