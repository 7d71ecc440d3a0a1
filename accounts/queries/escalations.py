"""Which accounts have an escalation open: a customer who waits for help is not left alone on purpose."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from core.bulk import AnyId, Id, read_rows

OPEN_FOR_DAYS = 90
# A ticket that nobody has solved, and that is urgent by its priority or called an escalation. Help desks name these
# things each in their way; what is not known here counts as no escalation.
ESCALATIONS = """
SELECT DISTINCT account_id FROM accounts_activity
WHERE account_id = ANY(%(ids)s) AND kind = 'ticket'
  AND happened_at <= %(now)s AND happened_at > %(now)s - make_interval(days => %(days)s)
  AND coalesce(facts->>'solved_at', '') = ''
  AND lower(coalesce(facts->>'status', '')) <> ALL('{solved,closed,resolved,done,cancelled,canceled}')
  AND (lower(facts->>'priority') = ANY('{urgent,critical,highest,p1,blocker,escalated}')
       OR concat_ws(' ', summary, facts->>'tags') ~* 'escalat')
"""


def open_escalations(account_ids: Collection[AnyId], now: datetime) -> frozenset[Id]:
    """Those of these accounts whose ticket of the last 90 days is urgent, or called an escalation, and not solved."""
    found = read_rows(ESCALATIONS, {"ids": list(account_ids), "now": now, "days": OPEN_FOR_DAYS})
    return frozenset(account for (account,) in found)
