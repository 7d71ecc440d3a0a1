"""Records that wait for their account: parked, released when it arrives, taken back with their file.

A record may be parked at the very moment in which its account is made. Whoever parks holds `KEYS` shared, whoever
makes keys holds it alone, and both look after they have it; so one of them sees the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import Parked, Released, Resolved
from accounts.rules.identity import Ref, normalise_ref
from core.bulk import AnyId, fetch_all
from core.doorbell import ring_on_commit
from core.stages import leave
from intake.services.undoing import UndoRefused

# Who takes a record whose account is there: what it says is believed, or the row is admitted.
BELIEVE, ADMIT = "believe", "admit"
RELEASE_ROWS = 5000
KEYS = 0x6B657973  # any number that nothing else locks

RELEASE = """
DELETE FROM accounts_parked WHERE record_id IN (
    SELECT p.record_id FROM accounts_parked p
    JOIN unnest(%s::uuid[], %s::text[], %s::text[]) AS k(namespace_id, kind, value)
      ON p.value = k.value AND p.key_kind = k.kind AND p.namespace_id IS NOT DISTINCT FROM k.namespace_id
    ORDER BY p.record_id LIMIT %s)
RETURNING record_id, namespace_id, key_kind, value, kind, stage
"""
RELEASED = """
SELECT EXISTS (SELECT FROM (SELECT id FROM accounts_resolved UNION ALL SELECT id FROM accounts_released) w
               JOIN intake_record r ON r.id = w.id WHERE r.import_id = %s)
"""
TAKE_BACK = """
DELETE FROM accounts_parked p USING intake_record r WHERE r.id = p.record_id AND r.import_id = %s RETURNING p.record_id
"""


def lock_keys() -> None:
    """Let nobody else make account keys, or park records, until the caller's transaction ends."""
    fetch_all("SELECT pg_advisory_xact_lock(%s)", [KEYS])


def hold_keys() -> None:
    """Let nobody make account keys until the caller's transaction ends: who parks looks once more after this."""
    fetch_all("SELECT pg_advisory_xact_lock_shared(%s)", [KEYS])


def park_records(rows: Iterable[tuple[AnyId, Ref, str]], *, stage: str) -> None:
    """Keep (record, whom it is about, kind) for `stage` until its account arrives; the caller called `hold_keys`."""
    parked = []
    for id, said, kind in rows:
        ref = normalise_ref(said) or said
        parked.append(Parked(record_id=id, namespace_id=ref[0], key_kind=ref[1], value=ref[2], kind=kind, stage=stage))
    Parked.objects.bulk_create(parked, ignore_conflicts=True, batch_size=2000)


def release_parked(accounts: Mapping[Ref, UUID]) -> int:
    """Let the records go that waited for these refs (as they are stored); how many.

    The caller has made the accounts in this transaction, and held `lock_keys` since before that.
    """
    released = 0
    while rows := _release(accounts):
        released += rows
    if released:
        ring_on_commit()
    return released


def take_back_parked(import_id: UUID) -> list[UUID]:
    """Let the records of a file wait no longer, in the caller's transaction; their ids.

    Raises `UndoRefused` while some, whose account has arrived, are on their way.
    """
    lock_keys()
    [(going,)] = fetch_all(RELEASED, [import_id])
    if going:
        raise UndoRefused(_("Rows of this file are still being worked on. Try again in a moment."))
    return [id for (id,) in fetch_all(TAKE_BACK, [import_id])]


def _release(accounts: Mapping[Ref, UUID]) -> int:
    if not accounts:
        return 0
    spaces, kinds, values = ([ref[part] for ref in accounts] for part in range(3))
    gone = fetch_all(RELEASE, [spaces, kinds, values, RELEASE_ROWS])
    resolved = [(row[0], accounts[row[1], row[2], row[3]]) for row in gone if row[5] == BELIEVE]
    leave(Resolved, ["account_id"], resolved, stage=BELIEVE)
    leave(Released, ["kind"], [(row[0], row[4]) for row in gone if row[5] == ADMIT], stage=ADMIT)
    return len(gone)
