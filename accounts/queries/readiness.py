"""The facts that the readiness of the data is measured by: per source, of all together, and of each account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Account
from accounts.rules.readiness import WEEKS, Facts, Measure
from core.bulk import fetch_all, ids_of

# Behaviour of so long is looked at; money of so long is an outcome.
WINDOW, OUTCOMES, WEEK = timedelta(days=90), timedelta(days=365), timedelta(days=7)
EACH_WEEK = 2**WEEKS - 1  # a bit for each of the last weeks

# What happened, by whom if that is said; a reading of usage is a sum over people: it is heard of, and could name none.
RECORDS = """
SELECT source_id, account_id, happened_at AS at, contact_id IS NOT NULL AS is_named, kind = 'usage' AS is_sum
FROM accounts_activity WHERE happened_at > %(since)s AND happened_at <= %(now)s
UNION ALL
SELECT source_id, account_id, at, contact_id IS NOT NULL OR user_id <> '', false
FROM accounts_event WHERE at > %(since)s AND at <= %(now)s AND account_id IS NOT NULL
"""
# `among`: the accounts that are looked at. `line`: what one source tells of one of them; `of`: all sources together.
# Weeks are bits, the last one the lowest.
LINES = f"""
WITH among AS MATERIALIZED ({{among}}), told AS (
    SELECT source_id, account_id, count(*) FILTER (WHERE NOT is_sum) AS records,
        count(*) FILTER (WHERE is_named AND NOT is_sum) AS named, count(*) FILTER (WHERE is_sum) AS sums,
        bit_or(1 << floor(extract(epoch FROM %(now)s - at) / {WEEK.total_seconds():.0f})::int) & {EACH_WEEK} AS weeks
    FROM ({RECORDS}) AS r GROUP BY source_id, account_id
), known AS (
    SELECT source_id, account_id, records, named, sums, weeks, false AS is_paid FROM told
    UNION ALL SELECT namespace_id, account_id, 0, 0, 0, 0, false FROM accounts_accountkey WHERE kind = 'external_id'
    UNION ALL SELECT source_id, account_id, 0, 0, 0, 0, false FROM accounts_link WHERE revoked_at IS NULL
    UNION ALL SELECT source_id, account_id, 0, 0, 0, 0, false FROM accounts_contact
    UNION ALL SELECT source_id, account_id, 0, 0, 0, 0, true FROM accounts_ledgerentry WHERE happened_on > %(year)s
    UNION ALL SELECT source_id, account_id, 0, 0, 0, 0, true FROM accounts_contract
), line AS MATERIALIZED (
    SELECT k.source_id, k.account_id, sum(k.records) AS records, sum(k.named) AS named, sum(k.sums) AS sums,
        bit_or(k.weeks) AS weeks, bool_or(k.is_paid) AS is_paid
    FROM known AS k JOIN among AS a ON a.id = k.account_id
        JOIN intake_source AS s ON s.id = k.source_id AND s.person_id IS NULL
    GROUP BY k.source_id, k.account_id
), of AS MATERIALIZED (
    SELECT a.id AS account_id, count(l.source_id) AS sources, coalesce(sum(l.records), 0) AS records,
        coalesce(sum(l.named), 0) AS named, coalesce(bit_or(l.weeks), 0) AS weeks,
        coalesce(bool_or(l.is_paid), false) AS is_paid
    FROM among AS a LEFT JOIN line AS l ON l.account_id = a.id GROUP BY a.id
)
"""  # noqa: S608 - put together from what stands above  # nosec B608
FACTS = f"""{LINES}
SELECT l.source_id, count(*), count(*) FILTER (WHERE l.weeks = {EACH_WEEK}),
    count(*) FILTER (WHERE of.weeks <> {EACH_WEEK}), sum(l.records), sum(l.named), sum(l.sums),
    count(*) FILTER (WHERE of.sources > 1), count(*) FILTER (WHERE l.is_paid)
FROM line AS l JOIN of USING (account_id) GROUP BY l.source_id
UNION ALL
SELECT NULL, count(*), count(*) FILTER (WHERE weeks = {EACH_WEEK}), count(*) FILTER (WHERE weeks <> {EACH_WEEK}),
    coalesce(sum(records), 0), coalesce(sum(named), 0), 0, count(*) FILTER (WHERE sources > 1),
    count(*) FILTER (WHERE is_paid) FROM of
"""  # noqa: S608 - put together from what stands above  # nosec B608
LACKS = {
    Measure.TEMPORAL: f"of.weeks <> {EACH_WEEK}",
    Measure.BEHAVIOURAL: "of.records > of.named",
    Measure.UNIFICATION: "of.sources < 2",
    Measure.OUTCOME: "NOT of.is_paid",
}
# The sources that know the account, by name.
SOURCES = """FROM line JOIN intake_source AS s ON s.id = line.source_id
WHERE line.account_id = of.account_id ORDER BY s.name, s.id"""
# Of one source: what it knows of the account.
OF_SOURCE = "JOIN line AS l ON l.account_id = of.account_id AND l.source_id = %(source)s"
UNNAMED = {True: "l.records - l.named", False: "of.records - of.named"}
LACKING = f"""{LINES}
SELECT of.account_id, a.name, bit_count(of.weeks::bit({{weeks}}))::int, ({{unnamed}})::int,
    ARRAY(SELECT s.name {SOURCES}), ARRAY(SELECT line.weeks {SOURCES}),
    ARRAY(SELECT (line.records - line.named)::int {SOURCES}), count(*) OVER ()
FROM of JOIN accounts_account AS a ON a.id = of.account_id {{of_source}}
WHERE {{lacks}} ORDER BY {{order}} a.name, a.id LIMIT %(most)s
"""  # noqa: S608 - put together from what stands above  # nosec B608


class Lacking(NamedTuple):
    """An account that a measure counts as missing; `weeks`: of the last ones those in which it was heard of.

    unnamed: records that name nobody. sources: names of those that know it. Of each of them: told, the weeks in which
    it told of it, as bits, the last week the lowest; nameless, its records that name nobody. total: how many such
    accounts there are.
    """

    account_id: UUID
    name: str
    weeks: int
    unnamed: int
    sources: list[str]
    told: list[int]
    nameless: list[int]
    total: int


def readiness_facts(accounts: QuerySet[Account], now: datetime) -> tuple[Facts, dict[UUID, Facts]]:
    """(of all together, of each source by its id), of these accounts, as of `now`. One query."""
    found = {source_id: Facts(*map(int, counts)) for source_id, *counts in _asked(FACTS, accounts, now)}
    return found.pop(None), found


def lacking(
    accounts: QuerySet[Account], measure: Measure, now: datetime, *, source: UUID | None = None, most: int | None = None
) -> Iterator[Lacking]:
    """Those of these accounts that lack what is measured; with `source`, of those that it knows."""
    lacks, is_named = LACKS[measure], measure == Measure.BEHAVIOURAL
    if source and is_named:
        lacks = f"{UNNAMED[True]} > 0"
    words = {
        "weeks": WEEKS, "lacks": lacks, "unnamed": UNNAMED[source is not None],
        "of_source": OF_SOURCE if source else "",
        "order": "4 DESC," if is_named else "3," if measure == Measure.TEMPORAL else "",
    }  # fmt: skip
    return (Lacking(*row) for row in _asked(LACKING, accounts, now, words, source=source, most=most))


def _asked(
    sql: str, accounts: QuerySet[Account], now: datetime, words: Mapping[str, object] = MappingProxyType({}),
    **more: object,
) -> list[tuple[Any, ...]]:  # fmt: skip
    """The rows of a query about `accounts`, whose own query stands in it; `words` are put in, `more` is given along."""
    ids, given = ids_of(accounts)
    params = {f"among_{number}": value for number, value in enumerate(given)}
    among = ids % tuple(f"%({name})s" for name in params)
    times = {"now": now, "since": now - WINDOW, "year": (now - OUTCOMES).date()}
    return fetch_all(sql.format(among=among, **words), params | times | more)
