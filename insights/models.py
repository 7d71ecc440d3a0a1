"""What we believe: insight types, the models that speak, and their insights."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Account, OfAccountQuerySet
from core.bulk import BULK
from core.ids import uuid7
from core.models import Pending, User
from insights.enums import Direction, ModelState
from intake.models import Source


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class InsightType(models.Model):
    """A kind of claim about an account. Four are built in; a manager adds more."""

    slug = models.SlugField(primary_key=True, max_length=40)
    name = models.CharField(max_length=80)
    direction = models.CharField(max_length=12, choices=Direction)
    event = models.CharField(max_length=120, help_text="What happens if the claim is true, in plain words.")
    base_rate = models.DecimalField(
        max_digits=4, decimal_places=3, help_text="Share of accounts to which it happens within the horizon."
    )
    acting_share = models.DecimalField(
        max_digits=4,
        decimal_places=3,
        help_text="Share of outcomes that acting changes: a prior until measured.",
    )
    horizon_days = models.PositiveSmallIntegerField(default=90)
    max_age_days = models.PositiveSmallIntegerField(
        default=30, help_text="An older score is never acted on without a person."
    )
    split_by_reason = models.BooleanField(default=False, help_text="Keep one open item per reason, not one per type.")
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(condition=Q(base_rate__range=(0, 1)), name="type_base_rate_range"),
            models.CheckConstraint(condition=Q(acting_share__range=(0, 1)), name="type_acting_share_range"),
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class ModelVersion(models.Model):
    """One version of one model of one source. The first version of a model is trusted; later ones are announced."""

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(Source, models.PROTECT, related_name="model_versions")
    model = models.CharField(max_length=80)
    version = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=ModelState)
    first_seen_at = models.DateTimeField()
    checked_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    checked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "model", "version"], name="one_model_version")]

    def __str__(self) -> str:
        return f"{self.model} {self.version}"


class Insight(models.Model):
    """A belief about an account with a confidence. Append-only; its id is the id of the record it came as."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="insights", **BULK)
    type = models.ForeignKey(InsightType, models.PROTECT, related_name="+", **BULK)
    source = models.ForeignKey(Source, models.PROTECT, related_name="+", **BULK)
    model = models.CharField(max_length=80)
    model_version = models.CharField(max_length=40)
    external_id = models.TextField()
    confidence = models.DecimalField(max_digits=20, decimal_places=19, help_text="How sure the source is, unrounded.")
    probability = models.DecimalField(max_digits=20, decimal_places=19, null=True)
    horizon_days = models.PositiveSmallIntegerField()
    scored_at = models.DateTimeField()
    reason = models.CharField(max_length=60, blank=True)
    factors = models.JSONField(default=list)
    talking_points = models.JSONField(default=list)
    contact_ref = models.JSONField(null=True)
    import_id = models.UUIDField(null=True)
    accepted_at = models.DateTimeField(help_text="Domain time of landing.")
    recorded_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[OfAccountQuerySet[Insight]] = OfAccountQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["account", "type", "-scored_at"], name="insight_stream")]
        constraints = [
            models.CheckConstraint(condition=Q(confidence__range=(0, 1)), name="insight_confidence_range"),
            models.CheckConstraint(
                condition=Q(probability=None) | Q(probability__range=(0, 1)), name="insight_probability_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type_id} {self.confidence}"


class Believed(Pending):
    """believed → decided: an insight that waits for its decision."""

    account_id = models.UUIDField(db_index=True)


class Retraction(models.Model):
    """An insight taken back by its source or a person: left out of calibration, its item voided or flagged."""

    insight = models.OneToOneField(Insight, models.PROTECT, primary_key=True, related_name="retraction")
    why = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    actor = models.CharField(max_length=120)
    retracted_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.why


class Withdrawn(Pending):
    """retracted → withdrawn: an insight taken back, whose item is still to be looked at."""
