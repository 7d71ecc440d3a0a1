"""The facts that the readiness of the data is measured by: per source, and of all sources together."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.rules.readiness import Facts
from core.bulk import fetch_all

# Behaviour of so long is looked at; money of so long is an outcome.
WINDOW, OUTCOMES = timedelta(days=90), timedelta(days=365)

# What happened and when, by whom if that is said; a reading of usage is a sum over people, and names none.
READINGS = """
SELECT source_id, account_id, happened_at AS at, 'activity ' || kind AS what, contact_id IS NOT NULL AS named
FROM accounts_activity WHERE happened_at > %(since)s AND happened_at <= %(now)s
UNION ALL
SELECT source_id, account_id, at, 'event ' || name, contact_id IS NOT NULL OR user_id <> ''
FROM accounts_event WHERE at > %(since)s AND at <= %(now)s AND account_id IS NOT NULL
"""
# Whom each source speaks about: by its ids or those of another that it uses, by what happened, by money.
KNOWN = """
SELECT DISTINCT said.source_id, said.account_id FROM (
    SELECT namespace_id AS source_id, account_id FROM accounts_accountkey WHERE kind = 'external_id'
    UNION ALL SELECT source_id, account_id FROM accounts_link WHERE revoked_at IS NULL
    UNION ALL SELECT source_id, account_id FROM readings
    UNION ALL SELECT source_id, account_id FROM accounts_ledgerentry WHERE happened_on > %(year)s
    UNION ALL SELECT source_id, account_id FROM accounts_contact
    UNION ALL SELECT source_id, account_id FROM accounts_contract
) AS said JOIN accounts_account AS a ON a.id = said.account_id AND a.archived_at IS NULL
JOIN intake_source AS s ON s.id = said.source_id AND s.person_id IS NULL
"""
MONEY = """
SELECT source_id, account_id FROM accounts_ledgerentry WHERE happened_on > %(year)s
UNION SELECT source_id, account_id FROM accounts_contract
"""
FACTS = f"""
WITH readings AS MATERIALIZED ({READINGS}), known AS MATERIALIZED ({KNOWN}), money AS MATERIALIZED ({MONEY}),
    sources_of AS (SELECT account_id, count(*) AS n FROM known GROUP BY account_id)
SELECT coalesce(g.source_id, a.source_id), g.readings, g.gap, g.kinds, g.named, g.measured,
    a.accounts, a.shared, a.with_outcome, a.brought
FROM (
    SELECT e.source_id, sum(e.n) AS readings, sum(e.named) AS named, sum(e.measured) AS measured,
        percentile_cont(0.5) WITHIN GROUP (
            ORDER BY extract(epoch FROM e.last - e.first)::float8 / 3600 / nullif(e.n - 1, 0)) AS gap,
        (SELECT count(DISTINCT r.what) FROM readings r WHERE r.source_id = e.source_id OR e.source_id IS NULL) AS kinds
    FROM (SELECT source_id, account_id, count(*) AS n, count(*) FILTER (WHERE named) AS named,
              count(*) FILTER (WHERE what = 'activity usage') AS measured, min(at) AS first,
              max(at) AS last FROM readings GROUP BY GROUPING SETS ((source_id, account_id), (account_id))) AS e
    GROUP BY e.source_id
) AS g FULL JOIN (
    SELECT k.source_id, count(DISTINCT k.account_id) AS accounts,
        count(DISTINCT k.account_id) FILTER (WHERE o.n > 1) AS shared,
        count(DISTINCT k.account_id) FILTER (WHERE m.account_id IS NOT NULL) AS with_outcome,
        count(DISTINCT k.account_id) FILTER (WHERE m.source_id = k.source_id) AS brought
    FROM known k JOIN sources_of o USING (account_id) LEFT JOIN money m ON m.account_id = k.account_id
    GROUP BY GROUPING SETS ((k.source_id), ())
) AS a ON coalesce(a.source_id, '00000000-0000-0000-0000-000000000000')
    = coalesce(g.source_id, '00000000-0000-0000-0000-000000000000')
"""  # noqa: S608 - put together from the queries above  # nosec B608
ROWS = """
SELECT source_id, sum(rows), sum(parked) FROM intake_shipment WHERE at > %(since)s AND at <= %(now)s GROUP BY source_id
"""


def readiness_facts(now: datetime) -> tuple[Facts, dict[UUID, Facts]]:
    """(of all together, of each source by its id), as of `now`. Two queries."""
    names = {"now": now, "since": now - WINDOW, "year": (now - OUTCOMES).date()}
    rows = {source_id: (sent, parked) for source_id, sent, parked in fetch_all(ROWS, names)}
    rows[None] = (sum(sent for sent, _parked in rows.values()), sum(parked for _sent, parked in rows.values()))
    found = {line[0]: _facts(line[1:], rows.get(line[0], (0, 0))) for line in fetch_all(FACTS, names)}
    whole = found.pop(None, Facts())
    return whole, found


def _facts(columns: Iterable[Any], sent: tuple[int, int]) -> Facts:
    readings, gap, kinds, named, measured, accounts, shared, with_outcome, brought = columns
    return Facts(
        readings=int(readings or 0), gap_hours=None if gap is None else float(gap), kinds=kinds or 0,
        named=int(named or 0), measured=int(measured or 0),
        accounts=accounts or 0, shared=shared or 0, with_outcome=with_outcome or 0, brought=brought or 0,
        rows=int(sent[0]), parked=int(sent[1]),
    )  # fmt: skip
