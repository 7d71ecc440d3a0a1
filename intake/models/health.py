"""How feeds are: what each shipment brought, and what is wrong with a source."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from core.ids import uuid7
from core.models import User
from intake.enums import Problem
from intake.models.arrivals import WATCH_THE_DATA, Import, Source


class Shipment(models.Model):
    """What arrived of one kind from one source: a file, or the calls of one hour. Counts of rows.

    Calls leave a row each, which the tick adds up by the hour: two calls at once never wait for each other.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, models.PROTECT, related_name="shipments", db_index=False)
    kind = models.CharField(max_length=20)
    of = models.OneToOneField(Import, models.CASCADE, null=True, related_name="shipment")
    at = models.DateTimeField(help_text="Domain time; of calls: the hour's beginning, once added up.")
    rows = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    parked = models.PositiveIntegerField(default=0)
    columns = ArrayField(
        models.TextField(),
        default=list,
        help_text="The header of a file; of the calls of a day, in its last hour, fields.",
    )
    is_summed = models.BooleanField(default=True, help_text="False: one call, not added up yet.")
    first_id = models.UUIDField(null=True, help_text="Of calls that were added up: between these were their records")
    last_id = models.UUIDField(null=True, help_text="made; ids are ordered by time.")

    class Meta:
        indexes = [
            models.Index(fields=["source", "kind", "-at"], name="shipment_by_source"),
            models.Index(fields=["at"], condition=Q(is_summed=False), name="shipment_to_sum"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "kind", "at"], condition=Q(of=None, is_summed=True), name="one_shipment_an_hour"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"


class FieldProfile(models.Model):
    """What one column of a delivered file, or one field of a day's calls, held: cells, blanks, and how values spread.

    `spread`: value or bin → count; empty where there are too many values to compare, such as names.
    """

    id = models.BigAutoField(primary_key=True)
    shipment = models.ForeignKey(Shipment, models.CASCADE, related_name="fields")
    field = models.CharField(max_length=120)
    rows = models.PositiveIntegerField()
    blanks = models.PositiveIntegerField()
    spread = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shipment", "field"], name="one_profile_per_field")]

    def __str__(self) -> str:
        return self.field


class TroubleQuerySet(models.QuerySet["Trouble"]):
    def visible_to(self, user: User) -> TroubleQuerySet:
        """All for those who watch the data, else those of one's own sources."""
        if not user.is_active:
            return self.none()
        if user.is_superuser or user.role in WATCH_THE_DATA:
            return self
        return self.filter(Q(source__owner=user) | Q(source__backup=user))


class Trouble(models.Model):
    """Something wrong with a source, from when it was found until the feed is well again. One is open per problem.

    `facts`: what was seen, as pairs of a label and a value. `accepted_at`: somebody said that it is no fault.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, models.PROTECT, related_name="troubles", db_index=False)
    problem = models.CharField(max_length=10, choices=Problem)
    title = models.CharField(max_length=200)
    facts = models.JSONField(default=list)
    is_severe = models.BooleanField(default=False)
    since = models.DateTimeField(help_text="Since when it is so, as far as can be told.")
    found_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)

    objects: ClassVar[TroubleQuerySet] = TroubleQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-found_at"]
        indexes = [models.Index(fields=["source", "-found_at"], name="trouble_by_source")]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "problem"], condition=Q(cleared_at=None), name="one_open_trouble_per_problem"
            ),
            models.CheckConstraint(condition=Q(problem__in=Problem.values), name="problem_known"),
        ]

    def __str__(self) -> str:
        return self.title
