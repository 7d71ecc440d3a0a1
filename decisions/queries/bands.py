"""What the bands would take of the insights of the last 90 days, and how often each was right where that is known."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from operator import add
from typing import NamedTuple

from core.bulk import fetch_all
from decisions.enums import SAYS_RIGHT, OutcomeKind, Response
from decisions.rules.decide import Authority, Band, find_set, grants

WINDOW = timedelta(days=90)
WEEKS = Decimal(WINDOW.days) / 7
# Fewer closed items than this say nothing about how often a band is right.
ENOUGH = 20
STRIPES = 50

SetKey = tuple[str, str]

# One row per type, tier and band under each of two sets of bands (the same twice where there is no draft): the bands in
# force alone, the draft's alone, both together; and one per type, tier and stripe of the spread. `width_bucket` is
# half-open as the bands are: [lower, next). Alike ones are counted first, so that only items are sorted.
COUNTS = """
WITH sets AS (
    SELECT * FROM jsonb_to_recordset(%(sets)s::jsonb) AS s(type text, tier text, live numeric[], draft numeric[])),
decided AS (
    SELECT d.type_id AS type, a.tier, width_bucket(d.confidence, s.live) AS live,
           width_bucket(d.confidence, s.draft) AS draft,
           least(floor(d.confidence * %(stripes)s)::int, %(stripes)s - 1) AS stripe, d.item_id AS item, i.outcome,
           count(*) AS n
    FROM decisions_decision AS d
    JOIN accounts_account AS a ON a.id = d.account_id
    JOIN sets AS s ON s.type = d.type_id AND s.tier = a.tier
    LEFT JOIN decisions_item AS i ON i.id = d.item_id AND i.closed_at IS NOT NULL
    WHERE d.decided_at > %(since)s AND d.decided_at <= %(now)s
      AND NOT EXISTS (SELECT 1 FROM insights_retraction AS r WHERE r.insight_id = d.insight_id)
    GROUP BY 1, 2, 3, 4, 5, 6, 7)
SELECT grouping(live, draft), type, tier, live, draft, stripe, sum(n)::bigint,
       count(DISTINCT item) FILTER (WHERE outcome = ANY(%(right)s)),
       count(DISTINCT item) FILTER (WHERE outcome = %(wrong)s)
FROM decided
GROUP BY GROUPING SETS ((type, tier, live), (type, tier, draft), (type, tier, live, draft), (type, tier, stripe))
"""
# What `grouping` says of each of the four.
BY_LIVE, BY_DRAFT, BY_BOTH, BY_STRIPE = 1, 2, 0, 3
KINDS = """
SELECT slug, tier FROM insights_insighttype CROSS JOIN (SELECT DISTINCT tier FROM accounts_account) AS tiers
"""


class Taken(NamedTuple):
    """Insights that a band takes, and how many of the items they led to were closed as right and as wrong."""

    insights: int = 0
    right: int = 0
    wrong: int = 0

    def plus(self, other: Taken) -> Taken:
        return Taken(*map(add, self, other))

    @property
    def checked(self) -> int:
        return self.right + self.wrong

    @property
    def share_right(self) -> Decimal | None:
        """How often it was right; None where too few say."""
        return Decimal(self.right) / self.checked if self.checked >= ENOUGH else None


class Shift(NamedTuple):
    """Insights that would get another response: of which type, from which to which."""

    type: str
    was: Response
    now: Response


@dataclass(frozen=True)
class Counts:
    """By set of bands and lower bound; `spread` by set: how many insights lie in each fiftieth from 0 to 1."""

    live: Mapping[SetKey, Mapping[Decimal, Taken]]
    draft: Mapping[SetKey, Mapping[Decimal, Taken]]
    shifts: Mapping[Shift, int]
    spread: Mapping[SetKey, Sequence[int]]


def count_bands(live: Authority, draft: Authority | None, shown: Authority, now: datetime) -> Counts:
    """Two queries, whatever the number of insights. `shown` is the one of both whose spread is wanted."""
    other = draft or live
    kinds: list[SetKey] = [(slug, tier) for slug, tier in fetch_all(KINDS)]
    terms = {
        "sets": json.dumps([_bounds(kind, live, other) for kind in kinds]),
        "since": now - WINDOW,
        "now": now,
        "right": [kind.value for kind in SAYS_RIGHT],
        "wrong": OutcomeKind.INSIGHT_WRONG.value,
        "stripes": STRIPES,
    }
    totals: dict[int, dict[SetKey, dict[Decimal, Taken]]] = {
        BY_LIVE: defaultdict(lambda: defaultdict(Taken)),
        BY_DRAFT: defaultdict(lambda: defaultdict(Taken)),
    }
    shifts: dict[Shift, int] = defaultdict(int)
    spread: dict[SetKey, list[int]] = defaultdict(lambda: [0] * STRIPES)
    for level, type, tier, was, will, stripe, *counted in fetch_all(COUNTS, terms):
        if level == BY_STRIPE:
            spread[find_set(type, tier, shown)][stripe] += counted[0]
            continue
        if level == BY_BOTH:
            before, after = _band(type, tier, was, live), _band(type, tier, will, other)
            if grants(before) is not grants(after):
                shifts[Shift(type, grants(before), grants(after))] += counted[0]
            continue
        authority, bucket = (live, was) if level == BY_LIVE else (other, will)
        sums = totals[level][find_set(type, tier, authority)]
        lower = _band(type, tier, bucket, authority).lower
        sums[lower] = sums[lower].plus(Taken(*counted))
    return Counts(totals[BY_LIVE], totals[BY_DRAFT], shifts, spread)


def _bounds(kind: SetKey, *authorities: Authority) -> Mapping[str, object]:
    live, draft = ([str(band.lower) for band in _ascending(*kind, one)] for one in authorities)
    return {"type": kind[0], "tier": kind[1], "live": live, "draft": draft}


def _ascending(type: str, tier: str, authority: Authority) -> Sequence[Band]:
    return authority.bands[find_set(type, tier, authority)][::-1]


def _band(type: str, tier: str, bucket: int, authority: Authority) -> Band:
    return _ascending(type, tier, authority)[bucket - 1]
