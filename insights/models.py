"""What we believe: insight types, the models that speak, and their insights."""

from __future__ import annotations

from typing import ClassVar, Self, TypeVar
from uuid import UUID

import pghistory
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import Account, OfAccountQuerySet
from core.bulk import BULK
from core.enums import Role
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


class HeldOut(models.Func):
    """Whether the insight with this id is held out just now: one that nobody is to act on, so nobody who could sees it.

    The one place where that is said is the view `insights_held_out`. The room that decides makes it (migration
    0015 of `decisions`), since only it knows hold-outs; every other room asks by it, in query sets and in SQL.
    """

    output_field = models.BooleanField()
    # `OFFSET 0`: looked up row by row; joined instead, a page of a list would read every insight there is.
    template = "EXISTS (SELECT FROM insights_held_out AS kept WHERE kept.insight_id = %(expressions)s OFFSET 0)"

    def __init__(self, insight: str) -> None:
        super().__init__(F(insight))


def reads_held_out(user: User | None) -> bool:
    """Whether somebody sees what is held out: leaders and superusers alone. None: nobody in particular."""
    return user is not None and user.is_active and (user.is_superuser or user.role == Role.LEADER)


Claim = TypeVar("Claim", bound=models.Model)


class ClaimQuerySet(OfAccountQuerySet[Claim]):
    """Rows that are insights, or whose key is an insight's: `sent_by` leads from one to the source of the insight.

    Whoever shows such rows to somebody begins with one of these (`tests/architecture/test_held_out.py`).
    """

    sent_by = "source"
    held_out = Q(HeldOut("pk"))

    def visible_to(self, user: User) -> Self:
        """Those about accounts that `user` may see, without what is held out."""
        return super().visible_to(user).shown_to(user)

    def told_to(self, person: User | None, source: UUID | None) -> Self:
        """What a caller of the API may read: a person as on the screens, a token all but others' that is held out."""
        return self.visible_to(person) if person else self.shown_to(None, source=source)

    def shown_to(self, user: User | None, *, source: UUID | None = None) -> Self:
        """Without what is held out, unless `user` is a leader. None: whoever it may be; a source sees its own."""
        if reads_held_out(user):
            return self
        shown = ~self.held_out
        return self.filter(shown if source is None else shown | Q(**{self.sent_by: source}))


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

    objects: ClassVar[ClaimQuerySet[Insight]] = ClaimQuerySet.as_manager()  # type: ignore[assignment]

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
