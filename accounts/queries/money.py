"""Sums in the reporting currency. What cannot be converted is unknown (None), never nought."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Case, DecimalField, F, Value, When

from core.bulk import fetch_all
from core.models import Organisation

TRAILING_DAYS = 365

# The reporting currency is the last line, so that it cannot be overruled by a rate.
RATES = """
(SELECT DISTINCT ON (currency) currency, rate FROM accounts_fxrate
 WHERE on_day <= %(day)s AND (%(only)s::text[] IS NULL OR currency = ANY(%(only)s)) ORDER BY currency, on_day DESC)
UNION ALL SELECT coalesce(max(reporting_currency), 'USD'), 1 FROM core_organisation
"""
TRAILING = """
SELECT l.account_id, CASE WHEN bool_and(l.currency = o.currency OR r.rate IS NOT NULL)
    THEN sum(l.amount * CASE WHEN l.currency = o.currency THEN 1 ELSE r.rate END) END
FROM accounts_ledgerentry l
CROSS JOIN (SELECT coalesce(max(reporting_currency), 'USD') AS currency FROM core_organisation) o
LEFT JOIN LATERAL (
    SELECT rate FROM accounts_fxrate WHERE currency = l.currency AND on_day <= l.happened_on
    ORDER BY on_day DESC LIMIT 1) r ON l.currency <> o.currency
WHERE l.account_id = ANY(%(ids)s) AND l.happened_on > %(day)s::date - %(days)s AND l.happened_on <= %(day)s
  AND l.kind <> ALL ('{new,expansion,contraction,churn,reactivation}')
GROUP BY l.account_id
"""


def reporting_currency() -> str:
    """The organisation's; US dollars until it is set up."""
    return Organisation.objects.values_list("reporting_currency", flat=True).first() or "USD"


def rates_on(day: date, *, only: Collection[str] | None = None) -> dict[str, Decimal]:
    """What one unit of each currency is worth in the reporting currency, at the newest rate not after `day`.

    The reporting currency itself is the last. `only`: these currencies and the reporting one.
    """
    rates: dict[str, Decimal] = {}
    for currency, rate in fetch_all(RATES, {"day": day, "only": None if only is None else list(only)}):
        rates.pop(currency, None)
        rates[currency] = rate
    return rates


def yearly_revenue(rates: Mapping[str, Decimal]) -> Case:
    """An account's recurring revenue in the reporting currency, as a database expression; no rate: null."""
    whens = [When(arr_currency=currency, then=F("arr_amount") * Value(rate)) for currency, rate in rates.items()]
    return Case(*whens, output_field=DecimalField(max_digits=20, decimal_places=2))


def in_reporting_currency(amount: Decimal, currency: str, on_day: date) -> tuple[Decimal | None, str]:
    """The amount at the newest rate not after `on_day` (None: there is no such rate), and the reporting currency."""
    rates = rates_on(on_day, only={currency})
    return amount * rates[currency] if currency in rates else None, [*rates][-1]


def trailing_revenue(account_ids: Collection[UUID], day: date) -> dict[UUID, Decimal | None]:
    """The ledger's sum of the 365 days up to and with `day`, in the reporting currency, each entry at its day's rate.

    Accounts without entries are left out; None: an entry has no rate.
    """
    return dict(fetch_all(TRAILING, {"ids": list(account_ids), "day": day, "days": TRAILING_DAYS}))
