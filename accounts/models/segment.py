"""Segments: filters with a name, whose members are kept up to date."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models
from django.db.models.functions import Lower

from accounts.models.account import Account, OfAccountQuerySet
from core.ids import uuid7
from core.models import User


class SegmentQuerySet(models.QuerySet["Segment"]):
    def visible_to(self, user: User) -> SegmentQuerySet:
        """Everyone may know which segments exist; their members are seen like any account."""
        return self if user.is_active else self.none()

    def active(self) -> SegmentQuerySet:
        return self.filter(is_active=True)


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent(), exclude=["refreshed_at"])
class Segment(models.Model):
    """A filter over accounts (`accounts.rules.segments.AccountFilter`) with a name. Deactivated, never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=40, unique=True, help_text="What the matrix calls it; it stays when renamed.")
    name = models.CharField(max_length=80)
    definition = models.JSONField()
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    is_active = models.BooleanField(default=True)
    refreshed_at = models.DateTimeField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[SegmentQuerySet] = SegmentQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"), condition=models.Q(is_active=True), name="one_active_segment_per_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


class SegmentMember(models.Model):
    """An account that is in a segment, as of the segment's `refreshed_at`."""

    id = models.BigAutoField(primary_key=True)
    segment = models.ForeignKey(Segment, models.CASCADE, related_name="members", db_index=False)
    account = models.ForeignKey(Account, models.CASCADE, related_name="memberships")
    since = models.DateTimeField()

    objects: ClassVar[OfAccountQuerySet[SegmentMember]] = OfAccountQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["segment", "account"], name="once_in_a_segment")]

    def __str__(self) -> str:
        return f"{self.segment_id} {self.account_id}"
