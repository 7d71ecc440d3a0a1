"""What accounts are worth where nobody said so: the median of their tier."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import TierRevenue
from core.bulk import execute

FRESH_FOR = timedelta(hours=6)

# Own revenue as the decide stage reads it: recurring revenue, else the orders of the last 365 days. What cannot be
# put into the reporting currency is unknown, and left out.
REFRESH = """
WITH organisation AS (SELECT coalesce(max(reporting_currency), 'USD') AS currency FROM core_organisation),
worth AS (
    SELECT a.tier, CASE
        WHEN a.arr_amount IS NULL THEN ordered.total
        WHEN a.arr_currency = o.currency THEN a.arr_amount
        ELSE a.arr_amount * (
            SELECT rate FROM accounts_fxrate WHERE currency = a.arr_currency AND on_day <= %(today)s
            ORDER BY on_day DESC LIMIT 1) END AS amount
    FROM accounts_account a CROSS JOIN organisation o
    LEFT JOIN (
        SELECT l.account_id, CASE WHEN bool_and(l.currency = o.currency OR r.rate IS NOT NULL)
            THEN sum(l.amount * CASE WHEN l.currency = o.currency THEN 1 ELSE r.rate END) END AS total
        FROM accounts_ledgerentry l CROSS JOIN organisation o
        LEFT JOIN LATERAL (
            SELECT rate FROM accounts_fxrate WHERE currency = l.currency AND on_day <= l.happened_on
            ORDER BY on_day DESC LIMIT 1) r ON l.currency <> o.currency
        WHERE l.happened_on > %(today)s::date - 365 AND l.happened_on <= %(today)s
          AND l.kind <> ALL ('{new,expansion,contraction,churn,reactivation}')
        GROUP BY l.account_id
    ) AS ordered ON ordered.account_id = a.id
    WHERE a.archived_at IS NULL
)
INSERT INTO accounts_tierrevenue (tier, median, accounts, as_of)
SELECT tier, percentile_cont(0.5) WITHIN GROUP (ORDER BY amount), count(amount), %(now)s
FROM worth WHERE amount IS NOT NULL GROUP BY tier
ON CONFLICT (tier) DO UPDATE SET median = excluded.median, accounts = excluded.accounts, as_of = excluded.as_of
"""


def refresh_tier_revenue(now: datetime) -> None:
    """Take each tier's median yearly revenue anew, unless that was done in the last six hours of domain time."""
    if not TierRevenue.objects.filter(as_of__gt=now - FRESH_FOR, as_of__lte=now).exists():
        execute(REFRESH, {"today": now.date(), "now": now})
