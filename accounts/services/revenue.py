"""Medians of revenue per tier, for accounts whose own revenue is not known."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import TierRevenue
from core.bulk import execute

REFRESH_AFTER = timedelta(hours=1)

# An amount in a currency without a rate is unknown, and is left out of the median.
MEDIANS = """
WITH organisation AS (SELECT coalesce(max(reporting_currency), 'USD') AS currency FROM core_organisation),
known AS (
    SELECT a.tier, a.arr_amount * CASE WHEN a.arr_currency = o.currency THEN 1 ELSE fx.rate END AS revenue
    FROM accounts_account AS a CROSS JOIN organisation AS o
    LEFT JOIN LATERAL (SELECT rate FROM accounts_fxrate WHERE currency = a.arr_currency AND on_day <= %(now)s::date
                       ORDER BY on_day DESC LIMIT 1) AS fx ON a.arr_currency <> o.currency
    WHERE a.arr_amount IS NOT NULL AND a.archived_at IS NULL)
INSERT INTO accounts_tierrevenue (tier, median, accounts, as_of)
SELECT tier, percentile_disc(0.5) WITHIN GROUP (ORDER BY revenue), count(revenue), %(now)s
FROM known WHERE revenue IS NOT NULL GROUP BY tier
ON CONFLICT (tier) DO UPDATE SET median = excluded.median, accounts = excluded.accounts, as_of = excluded.as_of
"""


def refresh_tier_revenue(now: datetime) -> bool:
    """Compute the medians anew when they are older than an hour (or from a later day); whether it was done."""
    fresh = TierRevenue.objects.filter(as_of__gt=now - REFRESH_AFTER, as_of__lte=now).exists()
    if not fresh:
        execute(MEDIANS, {"now": now})
    return not fresh
