"""What is believed: insights that somebody may see, and what a retraction touches."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from core.models import User
from insights.models import Insight
from intake.models import Record


def insights_told_to(person: User | None, source_id: UUID | None) -> QuerySet[Insight]:
    """Insights that somebody who is signed in may read, or a token of a source."""
    return Insight.objects.told_to(person, source_id).select_related("source", "retraction")


def sent_by(source_id: UUID, insight_id: UUID) -> bool:
    """Whether that source sent that insight."""
    return Record.objects.filter(id=insight_id, source_id=source_id, kind="insights").exists()
