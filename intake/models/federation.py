"""Look-ups: what another system says about an account just now, and what it said last."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models

from core.ids import uuid7
from core.models import User
from intake.models.arrivals import Source
from intake.models.outward import WatchedQuerySet


@pghistory.track(
    pghistory.UpdateEvent(), pghistory.DeleteEvent(), fields=["url", "fields", "is_on"], model_name="LookUpEvent"
)
class LookUp(models.Model):
    """Where a source answers about one account by its external id, and which values of the answer are shown."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.OneToOneField(Source, models.PROTECT, related_name="look_up")
    url = models.CharField(max_length=2000)
    fields = models.TextField(help_text="Lines: pointer, name, form.")
    header_name = models.CharField(max_length=100, blank=True)
    header_value = models.CharField(max_length=4000, blank=True)
    keep_minutes = models.PositiveSmallIntegerField(default=10)
    is_on = models.BooleanField(default=True)
    failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    paused_until = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    objects: ClassVar[WatchedQuerySet[LookUp]] = WatchedQuerySet.as_manager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.url


class LookedUp(models.Model):
    """What was said last about one account, by its external id; the last failure is kept beside it."""

    id = models.BigAutoField(primary_key=True)
    look_up = models.ForeignKey(LookUp, models.CASCADE, related_name="answers")
    external_id = models.TextField()
    values = models.JSONField(default=dict)
    fetched_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField()
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["look_up", "external_id"], name="one_answer_per_account")]

    def __str__(self) -> str:
        return self.external_id
