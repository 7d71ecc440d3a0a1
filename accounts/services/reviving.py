"""The same record after an undo: the account that it had made is there again, under its id."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from accounts.models import AccountPerson
from core.bulk import fetch_all
from core.services import record_acts
from intake.rules import Arrival

WHY = "import taken back"
AGAIN = "it came again"

# The condition on `revoked_why` is that of the index `link_taken_back`.
TAKEN_BACK = """
SELECT l.external_id, l.account_id FROM accounts_link l
WHERE l.external_id = ANY(%s) AND l.namespace_id = %s AND l.revoked_why = 'import taken back' AND l.rule = 'new'
  AND NOT EXISTS (SELECT FROM accounts_link o WHERE o.account_id = l.account_id AND o.revoked_at IS NULL)
  AND NOT EXISTS (SELECT FROM accounts_merge m WHERE m.merged_id = l.account_id AND m.undone_at IS NULL)
ORDER BY l.id
"""
# Those that the undo archived; what a person archived before stays so.
BACK = """
UPDATE accounts_account a SET archived_at = NULL, team_id = NULL WHERE a.id = ANY(%s) AND EXISTS (
    SELECT FROM accounts_link l
    WHERE l.account_id = a.id AND l.revoked_at = a.archived_at AND l.revoked_why = 'import taken back')
RETURNING a.id
"""


def taken_back(external_ids: Collection[str], arrival: Arrival) -> dict[str, UUID]:
    """External id → the account that its record had made before its import was undone; an account once at most."""
    if not external_ids:
        return {}
    found = dict(fetch_all(TAKEN_BACK, [list(external_ids), arrival.namespace_id]))
    return {name: id for id, name in {id: name for name, id in found.items()}.items()}


def revive(accounts: Collection[UUID], arrival: Arrival) -> set[UUID]:
    """Bring back those of `accounts` that an undo archived, for their record to say anew what they show; which."""
    if not accounts:
        return set()
    back = {id for (id,) in fetch_all(BACK, [sorted(accounts)])}
    AccountPerson.objects.filter(account__in=back).delete()
    rows = ((id, AGAIN, {"import": str(arrival.import_id)} if arrival.import_id else {}) for id in sorted(back))
    record_acts("restored", "account", rows, actor=arrival.actor, now=arrival.now)
    return back
