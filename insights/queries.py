"""What is believed: insights that somebody may see, and what a retraction touches."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Account
from core.models import User
from insights.models import Insight
from intake.models import Record


def visible_insights(user: User | None) -> QuerySet[Insight]:
    """Insights about accounts that `user` may see; all of them for None, a token that may read."""
    rows = Insight.objects.select_related("source", "retraction")
    if user is None:
        return rows
    return rows.filter(account__in=Account.objects.visible_to(user).values("id"))


def sent_by(source_id: UUID, insight_id: UUID) -> bool:
    """Whether that source sent that insight."""
    return Record.objects.filter(id=insight_id, source_id=source_id, kind="insights").exists()
