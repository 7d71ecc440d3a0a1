"""Pulls: files that are fetched by themselves, and what became of each time."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models
from django.db.models import Q

from core.ids import uuid7
from core.models import User
from intake.enums import PullFormat, PullOutcome
from intake.models.arrivals import Source
from intake.models.outward import WatchedQuerySet


@pghistory.track(
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    fields=["url", "format", "list_at", "every_hours", "at_time", "is_on"],
    model_name="PullEvent",
)
class Pull(models.Model):
    """One address of a source that is read on a schedule, for one kind of record."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, models.PROTECT, related_name="pulls")
    kind = models.CharField(max_length=20)
    url = models.CharField(max_length=2000)
    format = models.CharField(max_length=4, choices=PullFormat, default=PullFormat.CSV)
    list_at = models.CharField(max_length=200, blank=True, help_text="JSON pointer to the list.")
    every_hours = models.PositiveSmallIntegerField(null=True)
    at_time = models.TimeField(null=True)
    timezone = models.CharField(max_length=64, default="UTC")
    header_name = models.CharField(max_length=100, blank=True)
    header_value = models.CharField(max_length=4000, blank=True)
    is_on = models.BooleanField(default=True)
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, help_text="By the database's clock.")
    failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    etag = models.CharField(max_length=500, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of what was taken last.")
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    objects: ClassVar[WatchedQuerySet[Pull]] = WatchedQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["due_at"], condition=Q(is_on=True), name="pull_due")]
        constraints = [
            models.CheckConstraint(condition=Q(format__in=PullFormat.values), name="pull_format_known"),
            models.CheckConstraint(
                condition=Q(every_hours=None, at_time__isnull=False) | Q(every_hours__gte=1, at_time=None),
                name="pull_has_one_schedule",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.url}"


class PullRun(models.Model):
    """One time that a pull was tried."""

    id = models.BigAutoField(primary_key=True)
    pull = models.ForeignKey(Pull, models.CASCADE, related_name="runs")
    at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=PullOutcome)
    message = models.TextField(blank=True)
    size = models.PositiveBigIntegerField(null=True)
    import_id = models.UUIDField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.outcome
