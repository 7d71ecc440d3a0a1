"""The resolve stage: which account a landed record is about; and the records that wait for their account.

A record may be parked at the very moment in which its account is made. Whoever parks holds `KEYS` shared, whoever
makes keys holds it alone, and both look after they have it; so one of them sees the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from accounts.models import Parked, Resolved
from accounts.queries.identity import find_accounts
from accounts.rules.identity import Ref, normalise_ref
from core.bulk import AnyId, fetch_all, read_rows
from core.doorbell import ring_on_commit
from core.stages import leave, leave_selected
from intake.models import Landed

STAGE = "believe"
RELEASE_ROWS = 5000
KEYS = 0x6B657973  # any number that nothing else locks

KNOWN = """
SELECT w.id, k.account_id FROM intake_landed w
JOIN accounts_accountkey k ON k.value = w.about_value AND k.kind = w.about_kind AND k.namespace_id = w.about_namespace
WHERE w.batch_id = ANY(%s) AND w.about_kind = 'external_id'
"""
RELEASE = """
DELETE FROM accounts_parked WHERE record_id IN (
    SELECT p.record_id FROM accounts_parked p
    JOIN unnest(%s::uuid[], %s::text[], %s::text[]) AS k(namespace_id, kind, value)
      ON p.value = k.value AND p.key_kind = k.kind AND p.namespace_id IS NOT DISTINCT FROM k.namespace_id
    ORDER BY p.record_id LIMIT %s)
RETURNING record_id, namespace_id, key_kind, value
"""


def resolve_records(rows: Sequence[Landed], now: datetime) -> None:
    """Leave each record with its account for the believe stage, or park it; in the caller's transaction."""
    batches = list({row.batch_id for row in rows})
    left = leave_selected(Resolved, ["account_id"], KNOWN, [batches], stage=STAGE)
    if left < len(rows):
        _resolve_rest(rows)


def lock_keys() -> None:
    """Let nobody else make account keys, or park records, until the caller's transaction ends."""
    fetch_all("SELECT pg_advisory_xact_lock(%s)", [KEYS])


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


def _release(accounts: Mapping[Ref, UUID]) -> int:
    if not accounts:
        return 0
    spaces, kinds, values = ([ref[part] for ref in accounts] for part in range(3))
    gone = fetch_all(RELEASE, [spaces, kinds, values, RELEASE_ROWS])
    leave(
        Resolved,
        ["account_id"],
        [(record, accounts[namespace, kind, value]) for record, namespace, kind, value in gone],
        stage=STAGE,
    )
    return len(gone)


def _resolve_rest(rows: Sequence[Landed]) -> None:
    """What no external id matched: domains and our own ids, then external ids made a moment ago; the rest is parked."""
    fetch_all("SELECT pg_advisory_xact_lock_shared(%s)", [KEYS])
    resolved = {
        id for (id,) in read_rows("SELECT id FROM accounts_resolved WHERE id = ANY(%s)", [[r.id for r in rows]])
    }
    rest = [(row.id, _ref_of(row), row.kind) for row in rows if row.id not in resolved]
    found = find_accounts(ref for _, ref, _ in rest)
    leave(Resolved, ["account_id"], [(id, found[ref]) for id, ref, _ in rest if ref in found], stage=STAGE)
    _park((id, ref, kind) for id, ref, kind in rest if ref not in found)


def _ref_of(row: Landed) -> Ref:
    namespace = row.about_namespace
    return UUID(str(namespace)) if namespace else None, row.about_kind, row.about_value


def _park(rows: Iterable[tuple[AnyId, Ref, str]]) -> None:
    parked = []
    for id, said, kind in rows:
        ref = normalise_ref(said) or said
        parked.append(Parked(record_id=id, namespace_id=ref[0], key_kind=ref[1], value=ref[2], kind=kind))
    Parked.objects.bulk_create(parked, ignore_conflicts=True, batch_size=2000)
