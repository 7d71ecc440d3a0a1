"""The resolve stage: which account a landed record is about; what nobody knows yet is parked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from accounts.models import Resolved
from accounts.queries.identity import find_accounts
from accounts.rules.identity import Ref
from accounts.services.parking import BELIEVE, hold_keys, park_records
from core.bulk import read_rows
from core.stages import Taken, leave, leave_selected
from intake.models import Landed

KNOWN = """
SELECT w.id, k.account_id FROM intake_landed w
JOIN accounts_accountkey k ON k.value = w.about_value AND k.kind = w.about_kind AND k.namespace_id = w.about_namespace
WHERE w.batch_id = ANY(%s) AND w.about_kind = 'external_id'
"""


def resolve_records(rows: Taken, now: datetime) -> None:
    """Leave each record with its account for the believe stage, or park it; in the caller's transaction."""
    left = leave_selected(Resolved, ["account_id"], KNOWN, [rows.batches], stage=BELIEVE)
    if left < len(rows):
        _resolve_rest(rows)


def _resolve_rest(rows: Sequence[Landed]) -> None:
    """What no external id matched: domains and our own ids, then external ids made a moment ago; the rest is parked."""
    hold_keys()
    resolved = {
        id for (id,) in read_rows("SELECT id FROM accounts_resolved WHERE id = ANY(%s)", [[r.id for r in rows]])
    }
    rest = [(row.id, _ref_of(row), row.kind) for row in rows if row.id not in resolved]
    found = find_accounts(ref for _, ref, _ in rest)
    leave(Resolved, ["account_id"], [(id, found[ref]) for id, ref, _ in rest if ref in found], stage=BELIEVE)
    park_records(((id, ref, kind) for id, ref, kind in rest if ref not in found), stage=BELIEVE)


def _ref_of(row: Landed) -> Ref:
    namespace = row.about_namespace
    return UUID(str(namespace)) if namespace else None, row.about_kind, row.about_value
