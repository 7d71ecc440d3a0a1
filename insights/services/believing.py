"""The believe stage: landed records about known accounts become insights."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from core.bulk import Id, fetch_all, read_rows
from core.services import raise_alert
from core.stages import Taken, leave
from insights.enums import ModelState
from insights.models import Believed, ModelVersion
from intake.enums import ScoreMeaning

STAGE = "decide"

# A source of probabilities says in `confidence` how likely the event is, unless it says so in `probability`.
# `OFFSET 0` has the records looked up one by one, however old the statistics of their table.
BELIEVE = """
WITH believed AS (
    INSERT INTO insights_insight (id, account_id, type_id, source_id, model, model_version, external_id, confidence,
        probability, horizon_days, scored_at, reason, factors, talking_points, contact_ref, import_id, accepted_at)
    SELECT r.id, w.account_id, r.payload->>'type', r.source_id, r.payload->>'model', r.payload->>'model_version',
        r.external_id, (r.payload->>'confidence')::numeric,
        COALESCE((r.payload->>'probability')::numeric,
            CASE WHEN s.score_meaning = %(probability)s THEN (r.payload->>'confidence')::numeric END),
        COALESCE((r.payload->>'horizon_days')::int, t.horizon_days), (r.payload->>'scored_at')::timestamptz,
        COALESCE(r.payload->>'reason', ''), COALESCE(r.payload->'factors', '[]'),
        COALESCE(r.payload->'talking_points', '[]'), r.payload->'contact', r.import_id, r.landed_at
    FROM accounts_resolved w
    CROSS JOIN LATERAL (SELECT * FROM intake_record WHERE id = w.id OFFSET 0) r
    JOIN intake_source s ON s.id = r.source_id
    JOIN insights_insighttype t ON t.slug = r.payload->>'type'
    WHERE w.batch_id = ANY(%(batches)s)
    RETURNING id, account_id, source_id, model, model_version
)
SELECT b.id, b.account_id, v.version IS NULL FROM believed AS b LEFT JOIN insights_modelversion AS v
    ON v.source_id = b.source_id AND v.model = b.model AND v.version = b.model_version
ORDER BY b.id
"""
# The first version ever seen of a model is trusted; where several come at once, the one scored first.
NEW_VERSIONS = """
SELECT i.source_id, s.slug, i.model, i.model_version, EXISTS (
    SELECT FROM insights_modelversion e WHERE e.source_id = i.source_id AND e.model = i.model) AS known
FROM insights_insight i JOIN intake_source s ON s.id = i.source_id
WHERE i.id = ANY(%s)
GROUP BY i.source_id, s.slug, i.model, i.model_version ORDER BY min(i.scored_at), i.model_version
"""


class NotAllBelieved(Exception):
    """Some records are gone, or their type is: the batch is halved until the bad one is alone."""


def believe_records(rows: Taken, now: datetime) -> None:
    """Write an insight for each record and leave it for the decide stage; in the caller's transaction."""
    believed = read_rows(BELIEVE, {"batches": rows.batches, "probability": ScoreMeaning.PROBABILITY})
    if len(believed) != len(rows):
        raise NotAllBelieved(f"{len(rows) - len(believed)} of {len(rows)} records are not insights of a known type")
    if unknown := [id for id, _account, is_new in believed if is_new]:
        _announce_versions(unknown, now)
    leave(Believed, ["account_id"], [row[:2] for row in believed], stage=STAGE)


def _announce_versions(insights: list[Id], now: datetime) -> None:
    """Note the versions of these insights' models, never seen so far; all but a model's first must be checked."""
    trusted: set[tuple[UUID, str]] = set()
    for source_id, slug, model, version, known in fetch_all(NEW_VERSIONS, [insights]):
        first = not known and (source_id, model) not in trusted
        trusted.add((source_id, model))
        state = ModelState.CHECKED if first else ModelState.ANNOUNCED
        _row, made = ModelVersion.objects.get_or_create(
            source_id=source_id, model=model, version=version, defaults={"state": state, "first_seen_at": now}
        )
        if made and not first:
            text = _("%(source)s sends a new version of %(model)s: %(version)s. Check it before it acts alone.")
            words = {"source": slug, "model": model, "version": version}
            raise_alert("new-model-version", text % words, on_day=now.date(), now=now, team_id=None, data=words)
