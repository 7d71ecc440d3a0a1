"""Insights on their way in: by API, by file, by a person; all through one door."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import msgspec
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Account
from accounts.queries import unknown_among
from accounts.rules.identity import Ref
from accounts.rules.records import account_ref
from accounts.services.stating import subjects_of
from core.ids import uuid7
from core.models import User
from core.services import record_act
from insights.enums import PERSON
from insights.models import Insight, InsightType
from insights.rules import (
    TYPE_WORDS,
    Claim,
    InsightItem,
    ScoreItem,
    check_claim,
    read_factors,
    read_points,
    score_id,
    settle_reason,
)
from insights.services.retraction import undo_scores
from intake.enums import Landing, Scope
from intake.models import Source
from intake.queries import find_namespaces
from intake.rules import BELIEVED, Arrival, Kind, Problem, Result, Stated
from intake.services import Row, land_records, take

RECORD_KIND = "insights"
_canonical = msgspec.json.Encoder(decimal_format="number")


def land_insights(items: Sequence[InsightItem | ScoreItem], raw: Sequence[bytes], arrival: Arrival) -> list[Result]:
    """Land each item; PARKED where nobody knows its account yet."""
    types = set(active_types())
    spaces = _spaces_of(items)
    results: list[Result | None] = [_refused(item, types, spaces) for item in items]
    own = str(arrival.namespace_id)
    rows = [_row(item, spaces, own) for item, result in zip(items, results, strict=True) if result is None]
    unknown = unknown_among([row.about for row in rows])
    landed = land_records(RECORD_KIND, rows, arrival)
    if unknown:
        landed = [_parked(row, result, unknown) for row, result in zip(rows, landed, strict=True)]
    answers = iter(landed)
    return [result or next(answers) for result in results]


def _spaces_of(items: Sequence[Claim]) -> dict[str, str]:
    """The sources whose ids items use beside their own, by slug; their ids as text, since each row has one."""
    found = find_namespaces({item.account.source for item in items if item.account.source})
    return {slug: str(id) for slug, id in found.items()}


def _refused(item: Claim, types: set[str], spaces: Mapping[str, str]) -> Result | None:
    if item.type not in types:
        text = _("There is no insight type “%(type)s”. There are: %(types)s.") % {
            "type": item.type,
            "types": ", ".join(sorted(types)),
        }
        return Result(Landing.REJECTED, errors=(Problem("type", "unknown_type", text),))
    if item.account.source and item.account.source not in spaces:
        text = _("There is no source “%s”. Leave it out to use your own ids.") % item.account.source
        return Result(Landing.REJECTED, errors=(Problem("account.source", "unknown_source", text),))
    return None


def _row(item: InsightItem | ScoreItem, spaces: Mapping[str, str], own: str) -> Row:
    if isinstance(item, ScoreItem):
        settle_reason(item)
    if not item.external_id:
        item.external_id = score_id(item)
    if item.scored_at.utcoffset():
        item.scored_at = item.scored_at.astimezone(UTC)
    source = item.account.source
    space = spaces[source] if source else own
    return Row(item.external_id, _canonical.encode(item), account_ref(item.account, space))


def _parked(row: Row, result: Result, unknown: Collection[Ref]) -> Result:
    if result.status is Landing.ACCEPTED and row.about in unknown:
        return Result(Landing.PARKED, result.id)
    return result


def _people(item: InsightItem | ScoreItem) -> tuple[str | None, ...]:
    return (item.contact.external_id,) if item.contact else ()


# What a source claims now: its newest insight about an account of each type; of what is held out nothing.
SAID = """
SELECT DISTINCT ON (i.account_id, i.type_id) i.account_id, i.type_id AS slot,
    jsonb_build_object(i.type_id, jsonb_build_array(i.confidence, i.scored_at)) AS values
FROM insights_insight i LEFT JOIN insights_retraction r ON r.insight_id = i.id
WHERE i.source_id = %(old)s AND r.insight_id IS NULL
    AND NOT EXISTS (SELECT FROM insights_held_out h WHERE h.insight_id = i.id)
ORDER BY i.account_id, i.type_id, i.scored_at DESC
"""
# Two models seldom agree to the last digit.
NEAR = 0.05


def state_insights(items: Sequence[InsightItem | ScoreItem], arrival: Arrival, run_id: UUID) -> list[Stated]:
    """What each claims, and of which account; one that nobody knows may still become known."""
    types = set(active_types())
    spaces = _spaces_of(items)
    found, _refused_rows = subjects_of(items, arrival, run_id)
    stated = []
    for row, item in enumerate(items):
        refused = _refused(item, types, spaces)
        at = item.scored_at.astimezone(UTC)
        said = {item.type: [float(item.confidence), at.isoformat()]}
        name = item.external_id or score_id(item)
        problems = refused.errors if refused else ()
        stated.append(Stated(name, found.get(row), said, slot=item.type, at=at, problems=problems))
    return stated


INSIGHTS = Kind(
    "insights",
    struct=InsightItem,
    apply=land_insights,
    check=check_claim,
    statuses=BELIEVED,
    scope=Scope.INSIGHTS_WRITE,
    people=_people,
    undo=undo_scores,
    state=state_insights,
    said=SAID,
    near=NEAR,
)


def active_types() -> dict[str, str]:
    """The insight types that are taken, with their names."""
    return dict(InsightType.objects.filter(is_active=True).values_list("slug", "name"))


SCORES = Kind(
    "scores",
    called=gettext_lazy("insights (scores)"),
    struct=ScoreItem,
    apply=land_insights,
    check=check_claim,
    statuses=BELIEVED,
    scope=Scope.INSIGHTS_WRITE,
    people=_people,
    columns={
        "external_id": "external_id",
        "insight_type": "type",
        "account_id": "account.external_id",
        "account_source": "account.source",
        "account_domain": "account.domain",
        "confidence": "confidence",
        "probability": "probability",
        "horizon_days": "horizon_days",
        "scored_at": "scored_at",
        "model": "model",
        "model_version": "model_version",
        "reason": "reason",
        "contact_email": "contact.email",
        "factors": "factors",
        "talking_points": "talking_points",
    },
    required=("insight_type", "confidence", "scored_at", "model", "model_version"),
    choices={"type": active_types},
    meanings={"type": TYPE_WORDS},
    readers={"factors": read_factors, "talking_points": read_points},
    names={
        "account_id": ("customer id", "company id", "account external id", "customer number", "account number"),
        "account_domain": ("company domain", "company domain name"),
        "insight_type": ("type", "signal", "insight", "prediction", "prediction type", "score type"),
        "confidence": ("score", "confidence score"),
        "probability": ("likelihood", "propensity"),
        "horizon_days": ("horizon",),
        "scored_at": ("score date", "scored on", "timestamp", "prediction date", "predicted at"),
        "model": ("model name",),
        "model_version": ("version",),
        "reason": ("top reason", "main reason", "reason code"),
        "factors": ("drivers", "top drivers", "top factors", "contributing factors"),
        "talking_points": ("points", "recommendations", "recommended actions"),
    },
    stand_ins={"confidence": "probability"},
    one_of={"account": ("id", "external_id", "domain")},
    undo=undo_scores,
    state=state_insights,
    said=SAID,
    near=NEAR,
)
KINDS = (INSIGHTS, SCORES)


class InsightRefused(Exception):
    """A person's insight was not taken; `.problem` says which field, and what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def raise_insight(
    *,
    by: User,
    account: Account,
    type: str,
    confidence: Decimal,
    now: datetime,
    reason: str = "",
    probability: Decimal | None = None,
    horizon_days: int | None = None,
    talking_points: Sequence[str] = (),
) -> UUID:
    """A person's own insight, through the same door as any other; its id. Raises `InsightRefused`."""
    fields = {
        "external_id": str(uuid7()),
        "type": type,
        "account": {"id": str(account.id)},
        "confidence": confidence,
        "scored_at": now,
        "model": PERSON,
        "model_version": "1",
        "reason": reason,
        "probability": probability,
        "horizon_days": horizon_days,
        "talking_points": list(talking_points),
    }
    with transaction.atomic():
        source = person_source(by=by, now=now)
        arrival = Arrival(source.id, source.slug, source.id, now, actor=by.username)
        [result] = take(INSIGHTS, [_canonical.encode(fields)], arrival)
        if result.id is None:
            raise InsightRefused(result.errors[0])
        insight = Insight(id=UUID(str(result.id)))
        record_act("raised", insight, by=by, now=now, why=reason)
    return insight.id


def person_source(*, by: User, now: datetime) -> Source:
    """The source that a person is, made on first use."""
    source, made = Source.objects.get_or_create(
        person=by,
        defaults={"slug": f"person-{slugify(by.username)}"[:60], "name": str(by)[:120], "owner": by},
    )
    if made:
        record_act("created", source, by=by, now=now)
    return source
