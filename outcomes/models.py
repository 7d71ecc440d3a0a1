"""What then happened."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import Account
from core.ids import uuid7
from core.models import User
from decisions.enums import OutcomeKind
from insights.models import InsightType
from outcomes.enums import Certainty
from playbooks.models import Task


class OutcomeQuerySet(models.QuerySet["Outcome"]):
    def visible_to(self, user: User) -> OutcomeQuerySet:
        """Outcomes on accounts that `user` may see, and those they reported."""
        if not user.is_active:
            return self.none()
        return self.filter(Q(account__in=Account.objects.visible_to(user)) | Q(by=user))

    def standing(self) -> OutcomeQuerySet:
        """Outcomes of closes that were not taken back: those of a task that was reopened are history."""
        return self.filter(task__closed_at=F("happened_at"))


class Outcome(models.Model):
    """How a task ended, as somebody reported it. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    task = models.ForeignKey(Task, models.PROTECT, related_name="outcomes")
    account = models.ForeignKey(Account, models.PROTECT, related_name="outcomes")
    type = models.ForeignKey(InsightType, models.PROTECT, null=True, related_name="+")
    decision_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=20, choices=OutcomeKind)
    reason = models.CharField(max_length=60, blank=True)
    certainty = models.CharField(max_length=12, choices=Certainty, default=Certainty.PROVISIONAL)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[OutcomeQuerySet] = OutcomeQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["task", "happened_at"], name="one_outcome_per_close")]

    def __str__(self) -> str:
        return self.kind
