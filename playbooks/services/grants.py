"""Who may see an account because something on it is theirs."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from core.bulk import AnyId, execute

GRANT = """
INSERT INTO accounts_grant (account_id, user_id)
SELECT DISTINCT a.id, u.id
FROM unnest(%s::uuid[], %s::uuid[]) AS new (account_id, user_id)
JOIN accounts_account a ON a.id = new.account_id
JOIN core_user u ON u.id = new.user_id
WHERE u.role NOT IN ('leader', 'ops') AND u.team_id IS DISTINCT FROM a.team_id
  AND NOT EXISTS (SELECT 1 FROM accounts_accountperson p WHERE p.account_id = a.id AND p.user_id = u.id)
ON CONFLICT DO NOTHING
"""
REVOKE = """
DELETE FROM accounts_grant g WHERE g.account_id = ANY(%s) AND NOT EXISTS (
    SELECT 1 FROM playbooks_task t WHERE t.account_id = g.account_id AND t.assignee_id = g.user_id
        AND t.status IN ('open', 'claimed', 'snoozed', 'waiting'))
"""


def grant_sight(pairs: Iterable[tuple[AnyId | None, AnyId]]) -> None:
    """Let each (account, person) see the account, where neither team nor role does already; None: no account."""
    wanted = sorted({(str(account), str(user)) for account, user in pairs if account})
    if not wanted:
        return
    execute(GRANT, [[account for account, _ in wanted], [user for _, user in wanted]])


def revoke_idle(accounts: Collection[AnyId | None]) -> int:
    """Take back what was granted on these accounts to people who have nothing open on them; how many."""
    return execute(REVOKE, [sorted(str(account) for account in accounts if account)])
