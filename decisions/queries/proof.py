"""What leaders see of hold-outs: each with its numbers, the register of who is held out, and what one would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db.models import CharField, Count, F, Func, Q, QuerySet, Value
from django.utils.translation import gettext as _

from accounts.enums import RedLine
from accounts.models import Account
from accounts.queries.escalations import open_escalations
from core.bulk import fetch_all, read_rows
from core.models import User
from core.templatetags.cx import percent, words_of
from decisions.enums import Exclusion, Response
from decisions.models import Allocation, HoldOut
from decisions.queries.claims import claim_of, said_by
from decisions.rules.allotting import STRATEGIC, Standing, Terms, why_excluded
from insights.models import InsightType

DAYS = 90


def types_to_hold_out() -> list[tuple[str, str]]:
    """Types in use of which no hold-out runs, with their names."""
    running = HoldOut.objects.filter(ended_at=None).values("type")
    return list(InsightType.objects.filter(is_active=True).exclude(pk__in=running).values_list("slug", "name"))


def tiers_to_spare() -> list[tuple[str, str]]:
    """Tiers of accounts beside those that are left out anyway, in words."""
    used = Account.objects.exclude(tier__in=("", STRATEGIC)).order_by("tier").values_list("tier", flat=True).distinct()
    return [(tier, words_of(tier)) for tier in used]


class ArmCount(NamedTuple):
    """Of one response: the share that was signed, and how many are in which arm."""

    response: Response
    share: Decimal
    held: int
    released: int
    acted_on: int

    @property
    def drawn(self) -> int:
        return self.held + self.released + self.acted_on


@dataclass(frozen=True)
class HoldOutView:
    """A hold-out with its numbers. `left_out`: accounts that something was begun for, and that were not drawn."""

    hold_out: HoldOut
    arms: list[ArmCount]
    left_out: int

    @property
    def held(self) -> int:
        return sum(arm.held for arm in self.arms)

    @property
    def released(self) -> int:
        return sum(arm.released for arm in self.arms)

    @property
    def acted_on(self) -> int:
        return sum(arm.acted_on for arm in self.arms)

    @property
    def ever_held(self) -> int:
        return self.held + self.released

    @property
    def drawn(self) -> int:
        return self.ever_held + self.acted_on

    @property
    def last_day(self) -> datetime:
        """A moment of its last day."""
        return self.hold_out.ends_at - timedelta(seconds=1)


# Accounts on which something was begun while it ran, though they were in no arm.
LEFT_OUT = """
SELECT h.id, count(DISTINCT d.account_id) FROM decisions_holdout AS h
JOIN decisions_decision AS d ON d.type_id = h.type_id AND d.suppressed_by = ''
    AND d.decided_at >= h.begins_at AND d.decided_at < coalesce(h.ended_at, h.ends_at)
    AND ((d.response = 'human' AND h.human_share > 0) OR (d.response = 'automated' AND h.automated_share > 0))
WHERE h.id = ANY(%s) AND NOT EXISTS (
    SELECT FROM decisions_allocation AS a WHERE a.hold_out_id = h.id AND a.account_id = d.account_id)
GROUP BY h.id
"""


def hold_outs_of(user: User) -> list[HoldOutView]:
    """All that `user` may know of, those that run first, then the newest; three queries."""
    found = list(
        HoldOut.objects.visible_to(user)
        .select_related("type", "signed_by", "stopped_by")
        .order_by(F("ended_at").desc(nulls_first=True), "-begins_at")
    )
    ids = [hold_out.pk for hold_out in found]
    counts = _counts(user, ids)
    left_out = dict(fetch_all(LEFT_OUT, [ids])) if ids else {}
    return [
        HoldOutView(
            hold_out,
            [
                ArmCount(response, share, *counts.get((hold_out.pk, response.value), (0, 0, 0)))
                for response, share in (
                    (Response.HUMAN, hold_out.human_share),
                    (Response.AUTOMATED, hold_out.automated_share),
                )
            ],
            left_out.get(hold_out.pk, 0),
        )
        for hold_out in found
    ]


def _counts(user: User, ids: Collection[UUID]) -> dict[tuple[UUID, str], tuple[int, int, int]]:
    of_response = Func(F("stratum"), Value("/"), Value(1), function="split_part", output_field=CharField())
    rows = (
        Allocation.objects.visible_to(user)
        .filter(hold_out__in=ids)
        .order_by()
        .values("hold_out_id", response=of_response)
        .annotate(
            now=Count("id", filter=Q(held=True, released_at=None)),
            released=Count("id", filter=~Q(released_at=None)),
            acted_on=Count("id", filter=Q(held=False)),
        )
    )
    return {(row["hold_out_id"], row["response"]): (row["now"], row["released"], row["acted_on"]) for row in rows}


def register(user: User, *, hold_out: UUID | None = None) -> QuerySet[Allocation]:
    """Whom `user` may know to be or have been held out, those who are now first."""
    rows = Allocation.objects.visible_to(user).filter(held=True)
    rows = rows.filter(hold_out=hold_out) if hold_out else rows
    return rows.select_related(
        "account", "insight__type", "insight__source", "hold_out__type", "hold_out", "released_by"
    ).order_by(F("released_at").desc(nulls_first=True), "-allotted_at", "-id")


class RegisterLine(NamedTuple):
    """An account that is or was held out: of what, in one sentence, until when, and why it is no longer."""

    row: Allocation
    claim: str
    would_act: str
    until: datetime
    because: str


def line_of(row: Allocation) -> RegisterLine:
    """For an allocation of `register`."""
    until = row.released_at or row.hold_out.ends_at - timedelta(seconds=1)
    return RegisterLine(row, claim_of(row.insight), _who_would_act(row), until, _because(row))


def _who_would_act(row: Allocation) -> str:
    """What the confidence asks for, which is not the chance that the claim names."""
    words = {"who": said_by(row.insight), "sure": percent(row.insight.confidence)}
    if row.stratum.startswith(Response.HUMAN):
        return _("%(who)s is %(sure)s sure of it: a person would act") % words
    return _("%(who)s is %(sure)s sure of it: a playbook would run") % words


def _because(row: Allocation) -> str:
    if not row.released_why:
        return ""
    kinds = dict(RedLine.choices) | dict(Exclusion.choices)
    words = [str(row.get_released_why_display()), str(kinds.get(row.released_for, "")).lower()]
    return ": ".join(word for word in words if word)


class Part(NamedTuple):
    """Of one response: how many accounts could have been drawn, how many of them would about have been held out."""

    response: Response
    share: Decimal
    accounts: int
    held: int
    revenue: Decimal


@dataclass(frozen=True)
class Preview:
    """What terms would have done in the last 90 days, by what was decided then."""

    parts: list[Part]
    left_out: list[tuple[Exclusion, int]]

    @property
    def accounts(self) -> int:
        return self.eligible + self.excluded

    @property
    def eligible(self) -> int:
        return sum(part.accounts for part in self.parts)

    @property
    def excluded(self) -> int:
        return sum(count for _reason, count in self.left_out)

    @property
    def held(self) -> int:
        return sum(part.held for part in self.parts)

    @property
    def revenue(self) -> Decimal:
        return sum((part.revenue for part in self.parts), Decimal(0))


# Of each account the first claim of the type that something was begun for, with what was known of the account then.
FIRST = """
SELECT account_id, response, coalesce(inputs->'place'->>'tier', ''), coalesce(inputs->'place'->>'stage', ''),
       CASE WHEN inputs->'stake'->>'days_left_to' = 'notice date' THEN (inputs->'stake'->>'days_left')::int END,
       ARRAY(SELECT json_array_elements_text(coalesce(inputs->'red_lines', '[]'))),
       coalesce((inputs->'stake'->>'revenue')::numeric, 0)
FROM (SELECT DISTINCT ON (account_id) account_id, response, inputs FROM decisions_decision
      WHERE type_id = %(type)s AND decided_at > %(now)s - make_interval(days => %(days)s) AND decided_at <= %(now)s
        AND suppressed_by = '' AND response IN ('human', 'automated')
        AND NOT EXISTS (SELECT FROM insights_insight AS i JOIN intake_source AS s ON s.id = i.source_id
                        WHERE i.id = insight_id AND s.person_id IS NOT NULL)
      ORDER BY account_id, decided_at, insight_id) AS first
"""


def preview(terms: Terms, now: datetime) -> Preview:
    """What these terms would have done; escalations are those that are open now."""
    rows = read_rows(FIRST, {"type": terms.type, "days": DAYS, "now": now})
    escalated = open_escalations([row[0] for row in rows], now) if rows else frozenset()
    left_out: Counter[Exclusion] = Counter()
    free: dict[str, list[Decimal]] = {response.value: [] for response in terms.shares}
    for account, response, tier, stage, notice, lines, revenue in rows:
        standing = Standing(tier, stage, notice, tuple(lines), account in escalated, has_open_item=False)
        if reason := why_excluded(standing, terms):
            left_out[reason] += 1
        else:
            free[response].append(revenue)
    parts = [_part(response, share, free[response.value]) for response, share in terms.shares.items()]
    return Preview(parts, left_out.most_common())


def _part(response: Response, share: Decimal, revenues: list[Decimal]) -> Part:
    expected = round(len(revenues) * share)
    return Part(response, share, len(revenues), expected, sum(revenues, Decimal(0)) * share)
